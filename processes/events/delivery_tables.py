"""What is on its way to instances: buffered messages, and steps that jobs do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class BufferedMessage(Keyed, Base):
    """A message that nobody waited for, or a fact that an instance may come to wait for.

    Attributes:
        kind: ``message``, which has one receiver; or ``event``, a fact about a record, which
            each instance about that record receives once at most.
        keys: What it was sent with, for whoever looks at it.
        key_hashes: What waiting instances find it by; empty for a message without a key.
        record_id: The fact's record.
        created_at: When it was sent.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "name", "id"),
        Index(None, "expires_at"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    keys: Mapped[dict[str, Any]]
    key_hashes: Mapped[list[str]] = mapped_column(ARRAY(String))
    payload: Mapped[dict[str, Any]]
    record_type: Mapped[str | None]
    record_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class MessageReceipt(Base):
    """An instance has received a buffered fact, or was started by it, and gets it no more."""

    __tablename__ = "message_receipts"

    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    instance_id: Mapped[UUID] = mapped_column(primary_key=True)


class StepKind(StrEnum):
    """Why a step is done by a job."""

    ASYNC = "async"
    RETRY = "retry"


class StepJob(Keyed, Base):
    """A step of an instance that a job does: one drawn as asynchronous, or one tried again.

    Attributes:
        due_at: Not before this.
        taken: A job to do it has been deferred.
        caused_at: When it came to this; see ``services.unit_of_work.Cause``.
    """

    __tablename__ = "step_jobs"
    __table_args__ = (
        UniqueConstraint("instance_id", "token_id"),
        Index("ix_step_jobs_due", "due_at", postgresql_where="NOT taken"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    token_id: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    due_at: Mapped[datetime]
    taken: Mapped[bool] = mapped_column(default=False)
    caused_at: Mapped[datetime | None]


class JobFailure(Base):
    """Why a job failed when it was tried last; the row goes with the job.

    Attributes:
        job_id: The job engine's key.
    """

    __tablename__ = "job_failures"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    error: Mapped[str]
    failed_at: Mapped[datetime]
