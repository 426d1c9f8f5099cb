"""What can be done with articles: written by many, published by some."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.actors import Permission
from services.errors import Conflict
from services.knowledge.model import (
    ARTICLE,
    ARTICLE_STATUSES,
    DEFAULT_LANGUAGE,
    Article,
    ArticleStatus,
    Visibility,
)
from services.knowledge.rules import check_may_change, check_published_text
from services.knowledge.versions import keep_version
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import VERSION, create_schema, key_argument, update_schema
from services.unit_of_work import UnitOfWork

_EVENTS = {
    ArticleStatus.PUBLISHED: "published",
    ArticleStatus.DRAFT: "withdrawn",
    ArticleStatus.ARCHIVED: "archived",
}
_DEFAULTS = {"language": DEFAULT_LANGUAGE, "visibility": Visibility.INTERNAL.value}


class ArticleArguments(Arguments):
    """Which article."""

    article_id = key_argument(ARTICLE)
    version = VERSION


@operation("article.create", Permission.RECORD_WRITE, create_schema(ARTICLE), in_diagrams=True)
def create_article(uow: UnitOfWork, **values: Any) -> Article:
    """Draft an article."""
    given = {name: value for name, value in values.items() if value is not None}
    article = Article(**{**_DEFAULTS, "status": ArticleStatus.DRAFT.value, **given})
    check_links(uow, article)
    add_record(uow, article, title=f"Drafted the article “{article.title}”")
    keep_version(uow, article)
    uow.emit("article.created", "article", article.id)
    return article


@operation("article.update", Permission.RECORD_WRITE, update_schema(ARTICLE), in_diagrams=True)
def update_article(
    uow: UnitOfWork, *, article_id: UUID, version: int | None = None, **values: Any
) -> Article:
    """Change an article; what it said before is kept as a version."""
    article = uow.get(Article, article_id, lock=True)
    check_may_change(uow, article)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    check_published_text(article, values)
    if change_record(uow, article, values, version=version):
        keep_version(uow, article)
    return article


@operation("article.publish", Permission.KNOWLEDGE_WRITE, ArticleArguments, in_diagrams=True)
def publish_article(uow: UnitOfWork, *, article_id: UUID, version: int | None = None) -> Article:
    """Publish an article: it is found, suggested, and shown to whom it is visible."""
    article = uow.get(Article, article_id, lock=True)
    if not article.body:
        raise Conflict("Write a text before you publish the article.")
    published_at = uow.now
    if article.status == ArticleStatus.PUBLISHED:
        published_at = article.published_at or uow.now
    times = {"published_at": published_at, "archived_at": None}
    return _enter(uow, article, ArticleStatus.PUBLISHED, times, version)


@operation("article.withdraw", Permission.KNOWLEDGE_WRITE, ArticleArguments, in_diagrams=True)
def withdraw_article(uow: UnitOfWork, *, article_id: UUID, version: int | None = None) -> Article:
    """Make an article a draft again, to be worked on before it is published anew."""
    article = uow.get(Article, article_id, lock=True)
    return _enter(uow, article, ArticleStatus.DRAFT, {"archived_at": None}, version)


@operation("article.archive", Permission.KNOWLEDGE_WRITE, ArticleArguments, in_diagrams=True)
def archive_article(uow: UnitOfWork, *, article_id: UUID, version: int | None = None) -> Article:
    """Archive an article: it is no longer suggested, but stays to be read where it is linked."""
    article = uow.get(Article, article_id, lock=True)
    return _enter(uow, article, ArticleStatus.ARCHIVED, {"archived_at": uow.now}, version)


def _enter(
    uow: UnitOfWork,
    article: Article,
    status: ArticleStatus,
    times: dict[str, Any],
    version: int | None,
) -> Article:
    check_version(uow, article, version)
    if article.status == status:
        return article
    title = f"Status: {ARTICLE_STATUSES[status]}"
    change_record(uow, article, {"status": status.value, **times}, kind="status", title=title)
    uow.emit(f"article.{_EVENTS[status]}", "article", article.id, visibility=article.visibility)
    return article
