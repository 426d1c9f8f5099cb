"""What administrators' commands leave beside the instances: held jobs, migration runs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class HeldJob(Base):
    """A job for a suspended instance; it is deferred anew, in this order, when that resumes."""

    __tablename__ = "held_jobs"
    __table_args__ = (Index(None, "instance_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    task: Mapped[str]
    args: Mapped[dict[str, Any]]
    held_at: Mapped[datetime]


class RunState(StrEnum):
    """How a migration run stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class ItemState(StrEnum):
    """What became of one instance of a migration run.

    ``skipped``: it had ended, or was on another version, when its turn came.
    """

    WAITING = "waiting"
    MIGRATED = "migrated"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    FAILED = "failed"


class MigrationRun(Keyed, Base):
    """Instances on their way from one version of a process to another.

    Attributes:
        mapping: What was mapped by hand: old to new element ids.
        undo_of: The run whose instances it brings back.
    """

    __tablename__ = "migration_runs"
    __table_args__ = (Index(None, "process_key", "id"),)

    process_key: Mapped[str]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("process_versions.id"))
    target_id: Mapped[UUID] = mapped_column(ForeignKey("process_versions.id"))
    mapping: Mapped[dict[str, Any]]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default=RunState.RUNNING.value)
    undo_of: Mapped[UUID | None] = mapped_column(ForeignKey("migration_runs.id"), index=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str]
    ended_at: Mapped[datetime | None]


class MigrationItem(Base):
    """One instance of a migration run.

    Attributes:
        places: The elements of the old version at which it stood; by them it is brought back.
        blockers: ``{"element_id", "message"}`` of each; ``element_id`` None for the whole.
    """

    __tablename__ = "migration_items"
    __table_args__ = (Index(None, "run_id", "state", "instance_id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("migration_runs.id"), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("process_instances.id"), primary_key=True, index=True
    )
    state: Mapped[str] = mapped_column(default=ItemState.WAITING.value)
    places: Mapped[list[Any]] = mapped_column(default=list)
    blockers: Mapped[list[Any]] = mapped_column(default=list)
    at: Mapped[datetime | None]
