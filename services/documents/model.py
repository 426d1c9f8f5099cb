"""Documents: files that belong to a record, kept in the database with their content."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed
from services.records.types import Relation, register_relation


class Document(Keyed, Base):
    """A file; its content is only loaded where it is asked for.

    Attributes:
        sha256: Of the content, in hex.
        template: The template it was made from; None for what came in by mail.
        template_version: Which version of that template it was made from.
        language: In which it was made; two letters.
        number: Which one it is of those made of this record from this template, from 1.
        source_id: The Word file that it was made from, of a PDF.
        deleted_at: It was taken off its record, and can be brought back.
    """

    __tablename__ = "documents"
    __table_args__ = (Index(None, "record_id", "created_at"),)
    __audited__ = True

    name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, info={"secret": True})
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    template: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    template_version: Mapped[int | None]
    language: Mapped[str | None]
    number: Mapped[int] = mapped_column(default=1, server_default="1")
    source_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    deleted_at: Mapped[datetime | None]


class MakingStage(StrEnum):
    """Where a document stands that is made in the background."""

    FILLING = "filling"
    CONVERTING = "converting"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_underway(self) -> bool:
        """Whether the worker has something to do still."""
        return self in {MakingStage.FILLING, MakingStage.CONVERTING}


class DocumentMaking(Keyed, Base):
    """A document that is made in the background, or was.

    Attributes:
        template: None where a document that is there becomes a PDF.
        as_pdf: Whether the Word file becomes a PDF in the end.
        document_id: What was made so far: the file that becomes a PDF, or the result.
        call_key: The process step that waits for it; None for people.
        problem: Why it failed, for whoever asked for it.
    """

    __tablename__ = "document_makings"
    __table_args__ = (Index(None, "record_id", "created_at"),)
    __audited__ = True

    record_type: Mapped[str]
    record_id: Mapped[UUID]
    template: Mapped[str | None]
    language: Mapped[str | None]
    as_pdf: Mapped[bool]
    stage: Mapped[str]
    problem: Mapped[str | None]
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    call_key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]


register_relation(Relation("document", Document, ("name",)))
