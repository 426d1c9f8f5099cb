"""The rows of steps that jobs are to do, and their jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert

from processes.engine.changes import (
    Change,
    IncidentResolved,
    JobCancelled,
    JobWanted,
    StepFailedAt,
)
from processes.events.delivery_tables import StepJob, StepKind
from processes.running.instance_tables import ProcessInstance, table_of
from services.database import new_id
from services.unit_of_work import Job, UnitOfWork

STEP_CHANGES = (JobWanted, JobCancelled, StepFailedAt, IncidentResolved)
"""The kinds of changes that `write_steps` looks at."""

_STEPS = table_of(StepJob)


def step_job(step_id: UUID, instance_id: UUID) -> Job:
    """Return the job that does a step."""
    return Job("steps.run", {"step_id": str(step_id)}, lock=f"instance:{instance_id}")


def write_steps(uow: UnitOfWork, instance: ProcessInstance, changes: Iterable[Change]) -> None:
    """Note which steps jobs are to do after this one, and which no longer.

    What is drawn as asynchronous is deferred at once; what failed is left to the sweep.
    """
    wanted, gone = _net(changes)
    if gone:
        where = _STEPS.c.instance_id == instance.id, _STEPS.c.token_id.in_(gone)
        uow.session.execute(delete(_STEPS).where(*where))
    rows = [_row(uow, instance, change) for change in wanted.values()]
    if rows:
        uow.session.execute(insert(_STEPS), rows)
    for row in rows:
        if row["taken"]:
            uow.defer(step_job(row["id"], instance.id))


def _net(changes: Iterable[Change]) -> tuple[dict[str, JobWanted | StepFailedAt], set[str]]:
    """Return what is to be done, by token, and the tokens for which nothing is any more."""
    wanted: dict[str, JobWanted | StepFailedAt] = {}
    gone: set[str] = set()
    for change in changes:
        match change:
            case JobCancelled() | IncidentResolved():
                if wanted.pop(change.token_id, None) is None:
                    gone.add(change.token_id)
            case JobWanted():
                wanted[change.token_id] = change
            case StepFailedAt() if change.retry_in is not None:
                wanted[change.token_id] = change
            case _:
                pass
    return wanted, gone


def _row(
    uow: UnitOfWork, instance: ProcessInstance, change: JobWanted | StepFailedAt
) -> dict[str, Any]:
    is_retry = isinstance(change, StepFailedAt)
    return {
        "id": new_id(),
        "instance_id": instance.id,
        "token_id": change.token_id,
        "element_id": change.element_id,
        "kind": (StepKind.RETRY if is_retry else StepKind.ASYNC).value,
        "due_at": _due_at(uow, change),
        "taken": not is_retry,
        "caused_at": uow.cause.at if uow.cause else uow.now,
    }


def _due_at(uow: UnitOfWork, change: JobWanted | StepFailedAt) -> datetime:
    if isinstance(change, StepFailedAt) and change.retry_in is not None:
        return uow.now + change.retry_in
    return uow.now
