"""Articles of the knowledge base, and what is kept of each besides."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed
from services.knowledge.tree import ARTICLE_CATEGORY
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class ArticleStatus(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Visibility(StrEnum):
    """Who may read an article once it is published."""

    INTERNAL = "internal"
    PORTAL = "portal"


ARTICLE_STATUSES: dict[str, str] = {
    ArticleStatus.DRAFT.value: "Draft",
    ArticleStatus.PUBLISHED.value: "Published",
    ArticleStatus.ARCHIVED.value: "Archived",
}
VISIBILITIES: dict[str, str] = {
    Visibility.INTERNAL.value: "Colleagues only",
    Visibility.PORTAL.value: "Clients too",
}
LANGUAGES: dict[str, str] = {
    "en": "English",
    "ru": "Russian",
    "tr": "Turkish",
    "nb": "Norwegian",
    "fil": "Filipino",
    "mn": "Mongolian",
    "uk": "Ukrainian",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "other": "Another language",
}
DEFAULT_LANGUAGE = "en"


class Article(Record, Base):
    """What one knows about a question, written down; everybody who may read records sees it.

    Attributes:
        body: Markdown (CommonMark with tables).
        keywords: Words by which it is found besides those that it uses.
        published_at: When it was last published; None until then.
    """

    __tablename__ = "articles"
    __table_args__ = (
        *sort_indexes("articles", "created_at", "updated_at", text_columns=("title",)),
        Index(None, "status", "category_id"),
    )
    __scoped__ = False
    __search__ = ("keywords", "body")
    __most_words__ = 3_000

    title: Mapped[str]
    body: Mapped[str | None]
    category_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("article_categories.id"), index=True
    )
    language: Mapped[str] = mapped_column(default=DEFAULT_LANGUAGE)
    status: Mapped[str] = mapped_column(default=ArticleStatus.DRAFT.value)
    visibility: Mapped[str] = mapped_column(default=Visibility.INTERNAL.value)
    keywords: Mapped[str | None]
    published_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]


class ArticleVersion(Keyed, Base):
    """What an article said from one change to the next; the newest is what it says now.

    Attributes:
        number: 1 for the first.
        restored_number: The version whose text it took over, where it was made by restoring.
    """

    __tablename__ = "article_versions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("articles.id"))
    number: Mapped[int]
    title: Mapped[str]
    body: Mapped[str | None]
    keywords: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    restored_number: Mapped[int | None]


class ArticleVote(Keyed, Base):
    """Whether an article has helped somebody; one a person."""

    __tablename__ = "article_votes"
    __table_args__ = (UniqueConstraint("article_id", "user_id"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("articles.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    is_helpful: Mapped[bool]
    voted_at: Mapped[datetime]


class ArticleLink(Keyed, Base):
    """An article that has to do with a service request.

    Attributes:
        inserted_at: When its text was put into the request's answer; None if it is only linked.
    """

    __tablename__ = "article_links"
    __table_args__ = (UniqueConstraint("article_id", "request_id"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("articles.id"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), index=True)
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]
    inserted_at: Mapped[datetime | None]


_MARKDOWN = "Markdown: # heading, **bold**, - list, [link](https://…)"
ARTICLE = register_record_type(
    RecordType(
        name="article",
        label="Article",
        plural="Articles",
        model=Article,
        fields=(
            Field("title", "Title"),
            Field("body", "Text", "long_text", hint=_MARKDOWN),
            Field("category_id", "Category", "relation", relation=ARTICLE_CATEGORY.name),
            Field("keywords", "Keywords", hint="What people also call it, parted by commas"),
            Field("language", "Language", "choice", choices=LANGUAGES),
            Field("visibility", "Visible to", "choice", choices=VISIBILITIES),
            Field("status", "Status", "choice", choices=ARTICLE_STATUSES, writable=False),
            Field("published_at", "Published", "datetime", writable=False, is_told=False),
            Field("archived_at", "Archived", "datetime", writable=False),
            *COMMON_FIELDS,
        ),
        title_field="title",
        required=("title",),
        sorts=("title", "created_at", "updated_at"),
    )
)
