"""Who may change which article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.actors import Permission
from services.errors import Conflict, NotAllowed
from services.knowledge.model import ARTICLE, Article, ArticleStatus
from services.unit_of_work import UnitOfWork


def may_change(uow: UnitOfWork, article: Article) -> bool:
    """Tell whether the actor may change what an article says, as far as it is published."""
    is_out = article.status == ArticleStatus.PUBLISHED
    return not is_out or uow.actor.may(Permission.KNOWLEDGE_WRITE)


def check_may_change(uow: UnitOfWork, article: Article) -> None:
    """Refuse to change a published article to those who may not publish one.

    Raises:
        NotAllowed: It is published, and the actor may not publish.
    """
    if not may_change(uow, article):
        raise NotAllowed(
            "A published article is changed and deleted only by those who may publish articles."
        )


def check_open(uow: UnitOfWork, names: Iterable[str]) -> None:
    """Refuse to write fields of articles that the actor's roles keep closed.

    Raises:
        NotAllowed: One of them is.
    """
    closed = uow.actor.locked_fields(ARTICLE.name) & set(names)
    labels = [field.label for field in ARTICLE.fields if field.name in closed]
    if labels:
        raise NotAllowed(f"Your roles don't let you change: {', '.join(labels)}.")


def check_published_text(article: Article, values: Mapping[str, Any]) -> None:
    """Refuse to take its text from an article that is published.

    Raises:
        Conflict: It is, and ``values`` have an empty one.
    """
    if article.status == ArticleStatus.PUBLISHED and "body" in values and not values["body"]:
        raise Conflict("A published article needs a text.")
