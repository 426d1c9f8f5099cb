"""What is kept of a change of many records: what is done, to which, how far it is, who refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class BulkStage(StrEnum):
    """Where a change of many records stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BulkChange(Keyed, Base):
    """One change that is, or was, made to all records that matched when it began.

    Attributes:
        operation: What is done to each, such as ``deal.update``.
        values: Its arguments, besides the record.
        asked: Which records: ``where``, ``filters`` and ``search`` as the operation got them.
        position: The slice that comes next.
        done: Records looked at, of ``total``; ``changed`` and ``refused`` are those by outcome.
        problem: Why it ended early; None if it did not.
        expires_at: When nobody needs its report any more.
    """

    __tablename__ = "bulk_changes"
    __table_args__ = (Index(None, "created_by", "created_at"), Index(None, "expires_at"))
    __audited__ = True

    record_type: Mapped[str]
    operation: Mapped[str]
    values: Mapped[dict[str, Any]]
    asked: Mapped[dict[str, Any]]
    stage: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class BulkSlice(Base):
    """Some of the records of a change that are still to be changed, in the order of their keys."""

    __tablename__ = "bulk_slices"

    change_id: Mapped[UUID] = mapped_column(
        ForeignKey("bulk_changes.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    keys: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class BulkRefusal(Base):
    """A record that stayed as it is, and why."""

    __tablename__ = "bulk_refusals"
    __table_args__ = (Index(None, "record_id"),)

    change_id: Mapped[UUID] = mapped_column(
        ForeignKey("bulk_changes.id", ondelete="CASCADE"), primary_key=True
    )
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
