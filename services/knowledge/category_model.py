"""The tree that articles are arranged in."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Versioned


class ArticleCategory(Versioned, Base):
    """A place for articles.

    Attributes:
        parent_id: The category that it is a part of; None for one on top.
        position: Its place among those with the same parent, 0 for the first.
    """

    __tablename__ = "article_categories"
    __table_args__ = (
        Index(
            "uq_article_categories_place",
            text("coalesce(parent_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            text("lower(name)"),
            unique=True,
        ),
    )
    __audited__ = True

    name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("article_categories.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
