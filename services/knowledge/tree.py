"""The tree of categories, read as a whole: it is small, and mostly needed with all its names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.knowledge.category_model import ArticleCategory
from services.records.types import Relation, register_relation
from services.unit_of_work import UnitOfWork

_INDENT = "\u2003"
"""An em space, which browsers don't collapse in a choice."""


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A category in its tree.

    Attributes:
        depth: 0 for one on top.
        path: The names from the top down to it.
        below: The keys of the category itself and of all below it.
    """

    category: ArticleCategory
    depth: int
    path: tuple[str, ...]
    below: frozenset[UUID]

    @property
    def id(self) -> UUID:
        """The key of the category."""
        return self.category.id


def category_tree(uow: UnitOfWork) -> list[CategoryNode]:
    """Return all categories, each before those below it, in their order."""
    statement = select(ArticleCategory).order_by(
        ArticleCategory.position, ArticleCategory.name, ArticleCategory.id
    )
    parts: dict[UUID | None, list[ArticleCategory]] = defaultdict(list)
    for category in uow.session.scalars(statement):
        parts[category.parent_id].append(category)
    return list(_walk(parts, None, 0, ()))


def category_options(uow: UnitOfWork) -> Sequence[tuple[UUID, str]]:
    """Return key and name of all categories as a choice shows them, indented by their depth."""
    return [(node.id, _INDENT * node.depth + node.category.name) for node in category_tree(uow)]


def _walk(
    parts: dict[UUID | None, list[ArticleCategory]],
    parent_id: UUID | None,
    depth: int,
    path: tuple[str, ...],
) -> Iterator[CategoryNode]:
    for category in parts[parent_id]:
        here = (*path, category.name)
        inner = list(_walk(parts, category.id, depth + 1, here))
        below = frozenset({category.id, *(node.id for node in inner)})
        yield CategoryNode(category, depth, here, below)
        yield from inner


ARTICLE_CATEGORY = register_relation(
    Relation("article_category", ArticleCategory, ("name",), category_options)
)
