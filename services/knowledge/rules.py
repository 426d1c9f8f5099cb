"""Who may change which article."""

from __future__ import annotations

from services.actors import Permission
from services.errors import NotAllowed
from services.knowledge.model import Article, ArticleStatus
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
        raise NotAllowed("A published article is changed only by those who may publish articles.")
