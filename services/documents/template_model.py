"""Templates as they are kept: the text in force, and every text that was in force before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned


class TemplateKind(StrEnum):
    """What a template makes."""

    DOCUMENT = "document"
    MAIL = "mail"


class TemplateFormat(StrEnum):
    """What a template is written in."""

    HTML = "html"
    WORD = "docx"


class Template(Versioned, Timestamped, Base):
    """A text with places for values, in one language.

    Templates of the same name are the same in other languages. They share their label, the record
    types that they are offered for, and ``record_field``.

    Attributes:
        name: By which diagrams name it.
        label: What people choose it by; empty: made of the name.
        title: The subject of a mail, or a document's title and file name.
        body: The HTML; of a Word file the text that is in it, to be read and compared.
        record_types: The types that it is offered for; none: all.
        record_field: The field of the record that keeps the key of the newest document made
            from it, such as ``offer_document_id``; None for most.
        number: Which of its versions is in force, from 1.
        is_changed: It is no longer as it was shipped, so that releases leave it alone.
        is_retired: It is not used any more.
    """

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("name", "language"),)
    __audited__ = True

    name: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    record_field: Mapped[str | None]
    format: Mapped[str] = mapped_column(default="html", server_default="html")
    label: Mapped[str] = mapped_column(default="", server_default="")
    record_types: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    number: Mapped[int] = mapped_column(default=1, server_default="1")
    is_changed: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_retired: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def shown_name(self) -> str:
        """What people call it."""
        return self.label or self.name.replace("_", " ").capitalize()


class TemplateVersion(Keyed, Base):
    """A text that is, or was, in force.

    Attributes:
        content: The file of a Word template; None for HTML.
        comment: Why it was made, or where it came from.
    """

    __tablename__ = "template_versions"
    __table_args__ = (Index(None, "template_id", "number", unique=True),)

    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id", ondelete="CASCADE"))
    number: Mapped[int]
    format: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    comment: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    made_by_name: Mapped[str]
