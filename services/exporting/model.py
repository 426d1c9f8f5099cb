"""What is kept of an export: what was asked for, how far it is, and the file, for a week."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class ExportStage(StrEnum):
    """Where an export stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Export(Keyed, Base):
    """One list that was, or is being, written to a file.

    Attributes:
        request: What was asked for; see ``rows.ListRequest``.
        done: Rows written so far, of ``total``.
        expires_at: When the file is deleted.
    """

    __tablename__ = "exports"
    __table_args__ = (Index(None, "created_by", "created_at"), Index(None, "expires_at"))
    __audited__ = True

    record_type: Mapped[str]
    file_name: Mapped[str]
    file_kind: Mapped[str]
    stage: Mapped[str]
    request: Mapped[dict[str, Any]]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    size_bytes: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class ExportPiece(Base):
    """A part of the file's bytes, in order."""

    __tablename__ = "export_pieces"

    export_id: Mapped[UUID] = mapped_column(
        ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
