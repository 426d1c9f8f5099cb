"""The tables of saved views, and of which one a person's list opens with."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Timestamped, Versioned


class Audience(StrEnum):
    """Who has a view."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


class SavedView(Versioned, Timestamped, Base):
    """What a list shows, under a name.

    Attributes:
        owner_id: Whose it is; it alone changes it, besides those who manage layouts.
        audience: See ``Audience``.
        group_id: The team that it is shared with; None unless ``audience`` is ``team``.
        filter: As it was written; see ``services.filtering``.
        columns: Names of fields, after the title; empty for the type's usual ones.
        sort: As lists take it; empty for the usual one.
        group_by: A field whose values the records are counted by; empty for none.
    """

    __tablename__ = "saved_views"
    __audited__ = True
    __table_args__ = (Index(None, "record_type", "owner_id"), Index(None, "group_id"))

    record_type: Mapped[str]
    name: Mapped[str]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    audience: Mapped[str] = mapped_column(default=Audience.OWN.value)
    group_id: Mapped[UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    filter: Mapped[dict[str, Any]]
    columns: Mapped[list[Any]]
    sort: Mapped[str] = mapped_column(default="")
    group_by: Mapped[str] = mapped_column(default="")
    page_size: Mapped[int] = mapped_column(default=50)


class DefaultView(Base):
    """The view that a person's list of a record type opens with."""

    __tablename__ = "default_views"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    record_type: Mapped[str] = mapped_column(primary_key=True)
    view_id: Mapped[UUID] = mapped_column(ForeignKey("saved_views.id", ondelete="CASCADE"))
