"""Articles and the service requests that they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from services.actors import Permission
from services.arguments import TEXT_LENGTH
from services.crm.request_model import REQUEST, ServiceRequest
from services.database import new_id
from services.errors import Conflict, NotAllowed
from services.knowledge.markdown import to_text
from services.knowledge.model import ARTICLE, Article, ArticleLink, ArticleStatus, Visibility
from services.operations import Arguments, operation, run
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

_SHOWN = 50


class LinkArticle(Arguments):
    """Which article has to do with which request."""

    article_id = key_argument(ARTICLE)
    request_id = key_argument(REQUEST)


@operation("article.link", Permission.RECORD_WRITE, LinkArticle, in_diagrams=True)
def link_article(uow: UnitOfWork, *, article_id: UUID, request_id: UUID) -> dict[str, Any]:
    """Link an article to a service request; a second time changes nothing."""
    request = uow.get(ServiceRequest, request_id, lock=True)
    article = uow.get(Article, article_id)
    _link(uow, article, request)
    return _keys(article, request)


@operation("article.unlink", Permission.RECORD_WRITE, LinkArticle)
def unlink_article(uow: UnitOfWork, *, article_id: UUID, request_id: UUID) -> dict[str, Any]:
    """Take the link between an article and a service request away."""
    request = uow.get(ServiceRequest, request_id, lock=True)
    article = uow.get(Article, article_id)
    gone = uow.session.scalar(
        delete(ArticleLink)
        .where(ArticleLink.article_id == article.id, ArticleLink.request_id == request.id)
        .returning(ArticleLink.id)
    )
    if gone is not None:
        _tell(uow, request, article, f"Took off the article “{article.title}”")
    return _keys(article, request)


@operation("article.insert", Permission.RECORD_WRITE, LinkArticle, in_diagrams=True)
def insert_article(uow: UnitOfWork, *, article_id: UUID, request_id: UUID) -> dict[str, Any]:
    """Put an article's text at the end of a request's answer, and link the two.

    Raises:
        Conflict: Clients may not read the article, or the answer has its text already.
        NotAllowed: The actor may not read the article's text itself.
    """
    request = uow.get(ServiceRequest, request_id, lock=True)
    article = uow.get(Article, article_id)
    if uow.readable_field(ARTICLE, "body") is None:
        raise NotAllowed("Your roles don't let you read the text of articles.")
    if article.status != ArticleStatus.PUBLISHED:
        raise Conflict("Only published articles are put into answers.")
    if article.visibility != Visibility.PORTAL:
        raise Conflict("This article is for colleagues only; clients must not read it.")
    text, answer = to_text(article.body or ""), request.answer or ""
    if text in answer:
        raise Conflict("The answer has the text of this article already.")
    answer = f"{answer}\n\n{text}".strip()
    if len(answer) > TEXT_LENGTH:
        raise Conflict("The answer would become too long.")
    run(uow, "request.update", {"request_id": str(request.id), "answer": answer})
    _link(uow, article, request)
    uow.session.execute(
        update(ArticleLink)
        .where(ArticleLink.article_id == article.id, ArticleLink.request_id == request.id)
        .values(inserted_at=uow.now)
    )
    return _keys(article, request)


def articles_of_request(
    uow: UnitOfWork, request: ServiceRequest
) -> list[tuple[ArticleLink, Article]]:
    """Return the articles that are linked to a request which the actor may see, oldest first."""
    statement = (
        uow.select(Article)
        .join(ArticleLink, ArticleLink.article_id == Article.id)
        .where(ArticleLink.request_id == request.id)
        .with_only_columns(ArticleLink, Article)
        .order_by(ArticleLink.id)
    )
    return [(link, article) for link, article in uow.session.execute(statement)]


def requests_of_article(uow: UnitOfWork, article: Article) -> Sequence[ServiceRequest]:
    """Return the newest requests that an article is linked to, as far as the actor may see them."""
    statement = (
        uow.select(ServiceRequest)
        .join(ArticleLink, ArticleLink.request_id == ServiceRequest.id)
        .where(ArticleLink.article_id == article.id)
        .order_by(ArticleLink.id.desc())
        .limit(_SHOWN)
    )
    return uow.session.scalars(statement).all()


def _link(uow: UnitOfWork, article: Article, request: ServiceRequest) -> None:
    statement = insert(ArticleLink).values(
        id=new_id(),
        article_id=article.id,
        request_id=request.id,
        linked_at=uow.now,
        linked_by=uow.actor.name,
    )
    made = uow.session.scalar(statement.on_conflict_do_nothing().returning(ArticleLink.id))
    if made is not None:
        _tell(uow, request, article, f"Linked the article “{article.title}”")


def _tell(uow: UnitOfWork, request: ServiceRequest, article: Article, title: str) -> None:
    add_entry(uow, request, "changed", title, None, {"article_id": str(article.id)})


def _keys(article: Article, request: ServiceRequest) -> dict[str, Any]:
    return {"article_id": article.id, "request_id": request.id}
