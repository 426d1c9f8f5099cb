"""What can be done with the categories of articles.

Whoever changes the tree holds one lock to the commit, so that two who move categories at once
can't close a circle that neither of them sees.
"""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID

from marshmallow import validate
from sqlalchemy import func, select, update

from services.actors import Permission
from services.arguments import Key, Line, WholeNumber
from services.errors import Conflict, Invalid
from services.knowledge.category_model import ArticleCategory
from services.knowledge.model import Article
from services.knowledge.tree import CategoryNode, category_tree
from services.operations import Arguments, operation
from services.records.folding import fold
from services.unit_of_work import UnitOfWork

MAX_DEPTH = 5
MAX_CATEGORIES = 500
_LOCK = 7_241_017


class CategoryName(Line):
    """The name of a category."""

    max_length = 100


class CreateArticleCategory(Arguments):
    """A new category."""

    name = CategoryName(required=True, metadata={"title": "Name"})
    parent_id = Key(load_default=None, allow_none=True, metadata={"title": "Part of"})
    position = WholeNumber(
        load_default=0, validate=validate.Range(0, 10_000), metadata={"title": "Place"}
    )


class ChangeArticleCategory(Arguments):
    """What becomes of a category."""

    category_id = Key(required=True, metadata={"title": "Category"})
    name = CategoryName(metadata={"title": "Name"})
    parent_id = Key(allow_none=True, metadata={"title": "Part of"})
    position = WholeNumber(validate=validate.Range(0, 10_000), metadata={"title": "Place"})


class NameArticleCategory(Arguments):
    """Which category."""

    category_id = Key(required=True, metadata={"title": "Category"})


@operation("article_category.create", Permission.KNOWLEDGE_WRITE, CreateArticleCategory)
def create_category(
    uow: UnitOfWork, *, name: str, parent_id: UUID | None = None, position: int = 0
) -> ArticleCategory:
    """Make a category for articles."""
    tree = _hold_tree(uow)
    if len(tree) >= MAX_CATEGORIES:
        raise Conflict(f"There are {MAX_CATEGORIES} categories already.")
    _check_place(tree, None, parent_id)
    _check_name(tree, None, parent_id, name)
    return uow.add(ArticleCategory(name=name, parent_id=parent_id, position=position))


@operation("article_category.update", Permission.KNOWLEDGE_WRITE, ChangeArticleCategory)
def update_category(uow: UnitOfWork, *, category_id: UUID, **values: Any) -> ArticleCategory:
    """Rename a category, or move it with all that is below it."""
    tree = _hold_tree(uow)
    category = uow.get(ArticleCategory, category_id, lock=True)
    parent_id = values.get("parent_id", category.parent_id)
    _check_place(tree, category.id, parent_id)
    _check_name(tree, category.id, parent_id, values.get("name", category.name))
    for name, value in values.items():
        setattr(category, name, value)
    uow.session.flush()
    return category


@operation("article_category.delete", Permission.KNOWLEDGE_WRITE, NameArticleCategory)
def delete_category(uow: UnitOfWork, *, category_id: UUID) -> dict[str, Any]:
    """Delete a category; what it holds moves up into the category that it was a part of."""
    tree = _hold_tree(uow)
    category = uow.get(ArticleCategory, category_id, lock=True)
    for node in tree:
        if node.category.parent_id == category.id:
            _check_name(tree, node.id, category.parent_id, node.category.name, gone=category.id)
            node.category.parent_id = category.parent_id
    uow.session.flush()
    uow.session.execute(
        update(Article)
        .where(Article.category_id == category.id)
        .values(category_id=category.parent_id, version=Article.version + 1)
    )
    uow.session.delete(category)
    uow.session.flush()
    return {"category_id": category_id}


def _hold_tree(uow: UnitOfWork) -> list[CategoryNode]:
    """Wait for whoever changes the tree now, hold it to the commit, and return it."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    return category_tree(uow)


def _check_place(tree: list[CategoryNode], moved: UUID | None, parent_id: UUID | None) -> None:
    nodes = {node.id: node for node in tree}
    if parent_id is not None and parent_id not in nodes:
        _refuse("parent_id", "There is no such category.")
    below = nodes[moved].below if moved is not None else frozenset()
    if parent_id in below:
        _refuse("parent_id", "A category can't be a part of itself.")
    depth = 0 if parent_id is None else nodes[parent_id].depth + 1
    own = nodes[moved].depth if moved is not None else 0
    height = max((nodes[key].depth - own for key in below), default=0)
    if depth + height >= MAX_DEPTH:
        _refuse("parent_id", f"Categories are at most {MAX_DEPTH} deep.")


def _check_name(
    tree: list[CategoryNode],
    moved: UUID | None,
    parent_id: UUID | None,
    name: str,
    *,
    gone: UUID | None = None,
) -> None:
    """Refuse a name that another category has in the same place."""
    for node in tree:
        other = node.category
        if node.id in {moved, gone} or other.parent_id != parent_id:
            continue
        if fold(other.name) == fold(name) or other.name.lower() == name.lower():
            _refuse("name", f"There is a category “{other.name}” in this place already.")


def _refuse(field: str, message: str) -> NoReturn:
    raise Invalid(message, {field: [message]})
