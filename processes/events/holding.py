"""Keeping what comes for a suspended instance until that resumes: nothing of it is lost.

Whoever brings something to an instance locks it first, so nothing can be held back for an
instance that another transaction is just resuming.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, insert

from processes.migration.tables import HeldJob
from processes.running.instance_tables import ProcessInstance, table_of
from services.errors import Conflict
from services.unit_of_work import Job, UnitOfWork

_HELD = table_of(HeldJob)


class Suspended(Conflict):
    """The instance stands still until an administrator resumes it."""

    code = "suspended"

    def __init__(self) -> None:
        super().__init__(
            "This process is suspended: it stands still until an administrator resumes it."
        )


def holds_back(uow: UnitOfWork, instance: ProcessInstance, job: Job) -> bool:
    """Keep ``job`` for later if its instance is suspended, and tell whether it is.

    Args:
        uow: Of whoever delivers.
        instance: Locked by the caller.
        job: Brings the same thing again; run once, after the instance has resumed.
    """
    if instance.suspended_at is None:
        return False
    uow.session.execute(
        insert(_HELD).values(
            instance_id=instance.id, task=job.task, args=dict(job.args), held_at=uow.now
        )
    )
    return True


def let_go(uow: UnitOfWork, instance_ids: Collection[UUID]) -> int:
    """Defer what was held back for these instances, in the order in which it came.

    Args:
        uow: Of whoever resumes them.
        instance_ids: Locked by the caller.

    Returns:
        How many jobs those are.
    """
    held = delete(_HELD).where(_HELD.c.instance_id.in_(instance_ids))
    rows = uow.session.execute(held.returning(*_HELD.c)).all()
    for row in sorted(rows, key=lambda row: row.id):
        # One lock for all of an instance: they run one after another.
        uow.defer(Job(row.task, row.args, lock=f"instance:{row.instance_id}"))
    return len(rows)


def forget_held(uow: UnitOfWork, instance_id: UUID) -> None:
    """Drop what was held back for an instance that is over."""
    uow.session.execute(delete(_HELD).where(_HELD.c.instance_id == instance_id))
