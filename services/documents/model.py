"""Documents: files that belong to a record, kept in the database with their content."""

from __future__ import annotations

from datetime import datetime
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


register_relation(Relation("document", Document, ("name",)))
