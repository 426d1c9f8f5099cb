"""What runs: instances, and what they wait for as small indexed rows beside the snapshot.

Nobody loads a snapshot to find out what an instance waits for: work items, timers,
subscriptions, pending calls and incidents are written in the transaction of the step.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from services.database import Base, Keyed, Versioned

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""What a task without a due date is sorted by: after all others."""

DEFAULT_PRIORITY = 50


def table_of(model: type[Base]) -> Table:
    """Return the table of ``model``, for statements on rows that nobody has loaded."""
    return cast("Table", model.__table__)


class InstanceState(StrEnum):
    """How an instance stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """How a user task stands."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


IS_OPEN = text("work_items.state = 'open'")
"""Written out, not as a parameter: only then does a kept plan use the indexes of open tasks."""


class ProcessInstance(Keyed, Base):
    """One run of a process version.

    Attributes:
        exclusive: It is the only live one that events may start for its record.
        suspended_at: Since when it stands still; None while it may go on.
        suspended_by: Who suspended it.
        snapshot: The engine's state, empty until the first step is through.
        start_depth: How many processes in a row began by what the one before did to a record,
            with no person in between; 0 for one that did not begin like that.
    """

    __tablename__ = "process_instances"
    __table_args__ = (
        Index(
            "uq_process_instances_live_record",
            "process_key",
            "record_id",
            unique=True,
            postgresql_where=text("state = 'running' AND exclusive"),
        ),
        Index(None, "record_id"),
        Index("ix_process_instances_running", "version_id", postgresql_where="state = 'running'"),
        Index(None, "process_key", "id"),
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("process_versions.id"))
    process_key: Mapped[str]
    record_type: Mapped[str | None]
    record_id: Mapped[UUID | None]
    exclusive: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default=InstanceState.RUNNING.value)
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspended_by: Mapped[str | None]
    snapshot: Mapped[bytes] = mapped_column(default=b"")
    start_depth: Mapped[int] = mapped_column(default=0, server_default="0")


class WorkItem(Versioned, Base):
    """A user task that waits, or waited, for somebody.

    Attributes:
        form_id: None for a task that is only confirmed.
        variables: The task's input mappings as JSON values.
        sort_due_at: ``due_at``, or ``NEVER``.
        priority: 0 to 100, 100 is the most urgent.
        rank: The priority's negative, so that the most urgent and then the oldest come first.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        Index(None, "instance_id", "token_id"),
        Index("ix_work_items_record", "record_id", "id"),
        Index("ix_work_items_open_due", "sort_due_at", "id", postgresql_where="state = 'open'"),
        # For those who see few tasks of many: without it, a list would read all open ones.
        Index(
            "ix_work_items_open_candidates",
            "candidate_groups",
            "candidate_users",
            postgresql_using="gin",
            postgresql_where="state = 'open'",
        ),
        Index("ix_work_items_open_age", "id", postgresql_where="state = 'open'"),
        Index("ix_work_items_open_rank", "rank", "id", postgresql_where="state = 'open'"),
        Index(
            "ix_work_items_mine_due",
            "assignee_id",
            "sort_due_at",
            "id",
            postgresql_where="state = 'open'",
        ),
        Index("ix_work_items_mine_age", "assignee_id", "id", postgresql_where="state = 'open'"),
        Index(
            "ix_work_items_mine_rank",
            "assignee_id",
            "rank",
            "id",
            postgresql_where="state = 'open'",
        ),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("process_versions.id"))
    token_id: Mapped[str]
    process_key: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str]
    form_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=TaskState.OPEN.value)
    assignee_id: Mapped[UUID | None]
    candidate_groups: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    candidate_users: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    due_at: Mapped[datetime | None]
    sort_due_at: Mapped[datetime]
    follow_up_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=DEFAULT_PRIORITY)
    rank: Mapped[int] = mapped_column(default=-DEFAULT_PRIORITY)
    record_type: Mapped[str | None]
    record_id: Mapped[UUID | None]
    variables: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None]
    ended_by: Mapped[str | None]


class QueueEntry(Base):
    """An open task that nobody has taken, in the queue of a group or of a candidate user.

    It repeats what queues are sorted by, so that a page of a queue is one index scan.
    """

    __tablename__ = "queue_entries"
    __table_args__ = (
        Index(None, "queue_id", "sort_due_at", "work_item_id"),
        Index(None, "queue_id", "rank", "work_item_id"),
        Index(None, "work_item_id"),
    )

    queue_id: Mapped[UUID] = mapped_column(primary_key=True)
    work_item_id: Mapped[UUID] = mapped_column(
        ForeignKey("work_items.id", ondelete="CASCADE"), primary_key=True
    )
    sort_due_at: Mapped[datetime]
    rank: Mapped[int]


class Timer(Keyed, Base):
    """A moment at which an instance goes on, or a process starts.

    Attributes:
        start_id: For a timer start event; then there is no instance yet.
        taken: A job to fire it has been deferred; cleared when it is set anew.
        repeat: What is left of a cycle.
    """

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("instance_id", "token_id"),
        Index("ix_timers_due", "due_at", postgresql_where="NOT taken"),
    )

    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_instances.id"))
    start_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("process_starts.id", ondelete="CASCADE"), index=True
    )
    token_id: Mapped[str]
    element_id: Mapped[str]
    due_at: Mapped[datetime]
    repeat: Mapped[str | None]
    taken: Mapped[bool] = mapped_column(default=False)


class Subscription(Keyed, Base):
    """A message or signal that an instance waits for, found by name and key, never by a scan.

    A ``condition`` has neither; it is found by the record of its instance.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("instance_id", "token_id"),
        Index(None, "name", "key_hash"),
        Index("ix_subscriptions_conditions", "instance_id", postgresql_where="kind = 'condition'"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    token_id: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    key_hash: Mapped[str]


class PendingCall(Base):
    """A call with an outside effect whose answer is awaited.

    Attributes:
        key: What services know it by.
        failed: It has become an incident; it is kept, since it may be settled after all.
    """

    __tablename__ = "pending_calls"
    __table_args__ = (UniqueConstraint("instance_id", "token_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    token_id: Mapped[str]
    element_id: Mapped[str]
    operation: Mapped[str]
    called_at: Mapped[datetime]
    failed: Mapped[bool] = mapped_column(default=False)


class Incident(Keyed, Base):
    """A step or a job that failed and waits for an administrator.

    Attributes:
        token_id: The step's token; None for a job.
        message: The cause in one sentence, for administrators.
        detail: More for whoever looks into it.
        code: Of the business error that nothing caught; None otherwise.
        job: For a failed job: ``{"id", "task", "args", "queue", "lock", "priority"}``.
        attempts: How often it was tried, from 1.
        data: The process variables at that moment.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index(None, "instance_id", "token_id"),
        Index("ix_incidents_open", "id", postgresql_where="resolved_at IS NULL"),
    )

    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_instances.id"))
    version_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_versions.id"))
    token_id: Mapped[str | None]
    element_id: Mapped[str | None]
    element_name: Mapped[str | None]
    message: Mapped[str]
    detail: Mapped[str]
    code: Mapped[str | None]
    job: Mapped[dict[str, Any] | None]
    data: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=1)
    occurred_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]


class HistoryEntry(Base):
    """One thing that an instance did; rows are only ever added.

    Attributes:
        kind: See ``processes.running.history.Kind``.
        details: By kind: written variables, taken flows, the incident's message.
    """

    __tablename__ = "history"
    __table_args__ = (Index(None, "instance_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    process_id: Mapped[str | None]
    element_id: Mapped[str | None]
    element_type: Mapped[str | None]
    token_id: Mapped[str | None]
    actor: Mapped[str]
    details: Mapped[dict[str, Any]]
