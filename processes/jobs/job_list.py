"""The jobs that wait, run or were given up: looking at them, trying again, dropping them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from processes.events.delivery_tables import JobFailure
from processes.running.instance_tables import Incident
from services.actors import SYSTEM, Permission
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.operations import Arguments, operation
from services.platform import Platform
from services.unit_of_work import UnitOfWork

STATES = ("waiting", "running", "failed")
MAX_ERROR = 2000
LISTED_AT_MOST = 500

# The job engine's own words on the left, ours on the right.
_ENGINE_STATES = {"todo": "waiting", "doing": "running", "failed": "failed", "aborted": "failed"}

_LIST = """
    SELECT j.id, j.task_name, j.lock, j.status::text, j.attempts, j.args, j.scheduled_at,
           f.error, f.failed_at, e.at AS changed_at
    FROM procrastinate_jobs AS j
    LEFT JOIN job_failures AS f ON f.job_id = j.id
    LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events
                       WHERE job_id = j.id AND type <> 'scheduled') AS e ON true
    WHERE j.status::text = ANY (:states)
"""
_PAGE = text(_LIST + " ORDER BY j.id DESC LIMIT :limit")
_ONE = text(_LIST + " AND j.id = :id FOR UPDATE OF j")
_AGAIN = text(
    "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL, "
    "abort_requested = false, worker_id = NULL WHERE id = :id"
)
_DELETE = text("DELETE FROM procrastinate_jobs WHERE id = :id")
_COUNT = text("SELECT status::text, count(*) AS number FROM procrastinate_jobs GROUP BY status")


@dataclass(frozen=True)
class JobItem:
    """One job.

    Attributes:
        state: ``waiting``, ``running`` or ``failed``: given up after its last attempt.
        lock: Jobs with the same are done one after another, in this order.
        attempts: How often it was tried before.
        error: Why it failed last; None if it has not.
        due_at: When a waiting job is tried next; None for now.
        since: When it came to its state; None if nobody knows.
    """

    id: int
    task: str
    state: str
    lock: str | None
    attempts: int
    args: Mapping[str, Any]
    error: str | None
    failed_at: datetime | None
    due_at: datetime | None
    since: datetime | None


class OfJob(Arguments):
    """Arguments of operations on a job."""

    job_id = fields.Integer(required=True, strict=True, metadata={"title": "Job"})


class DeleteJob(OfJob):
    """Arguments of ``job.delete``."""

    reason = fields.String(
        required=True, validate=validate.Length(min=1, max=MAX_ERROR), metadata={"title": "Reason"}
    )


@operation("job.retry", Permission.INSTANCE_OPERATE, OfJob)
def retry_job(uow: UnitOfWork, *, job_id: int) -> dict[str, Any]:
    """Try a job that was given up again, or one that waits for its next attempt at once.

    Returns:
        ``{"job_id", "task"}``.

    Raises:
        NotFound: There is no such job any more.
        Conflict: It is being run.
    """
    found = _get_at_rest(uow, job_id)
    uow.session.execute(_AGAIN, {"id": job_id})
    _resolve(uow, found)
    return {"job_id": job_id, "task": found.task}


@operation("job.delete", Permission.INSTANCE_OPERATE, DeleteJob)
def delete_job(uow: UnitOfWork, *, job_id: int, reason: str) -> dict[str, Any]:
    """Drop a job for good: what it was to do is not done.

    What it was stays among the resolved incidents.

    Returns:
        ``{"job_id", "task"}``.

    Raises:
        NotFound: There is no such job any more.
        Conflict: It is being run.
    """
    found = _get_at_rest(uow, job_id)
    uow.session.execute(_DELETE, {"id": job_id})
    if not _resolve(uow, found):
        uow.add(
            Incident(
                message=f"The job {found.task} was deleted.",
                detail=reason,
                job={"id": job_id, "task": found.task, "args": dict(found.args)},
                data={},
                attempts=found.attempts,
                occurred_at=uow.now,
                resolved_at=uow.now,
                resolved_by=uow.actor.name,
            )
        )
    return {"job_id": job_id, "task": found.task}


def list_jobs(uow: UnitOfWork, state: str = "all", limit: int = 200) -> list[JobItem]:
    """Return jobs, newest first, to those who operate processes.

    Args:
        uow: Of whoever looks.
        state: ``waiting``, ``running``, ``failed`` or ``all``.
        limit: At most so many.

    Raises:
        NotAllowed: The actor may not operate processes.
        Invalid: There is no such state.
    """
    _check_sight(uow)
    if state not in {*STATES, "all"}:
        message = f"Use one of {', '.join(STATES)}, all."
        raise Invalid("There is no such state.", {"state": [message]})
    states = [name for name, ours in _ENGINE_STATES.items() if state in {ours, "all"}]
    found = {"states": states, "limit": min(limit, LISTED_AT_MOST)}
    return [_item(row) for row in uow.session.execute(_PAGE, found)]


def count_jobs(uow: UnitOfWork) -> dict[str, int]:
    """Return how many jobs are in each state.

    Raises:
        NotAllowed: The actor may not operate processes.
    """
    _check_sight(uow)
    counts = dict.fromkeys(STATES, 0)
    for row in uow.session.execute(_COUNT):
        if row.status in _ENGINE_STATES:
            counts[_ENGINE_STATES[row.status]] += row.number
    return counts


def note_failure(platform: Platform, job_id: int, error: BaseException) -> None:
    """Keep why a job failed, in a transaction of its own."""

    def work(uow: UnitOfWork) -> None:
        row = {"error": f"{type(error).__name__}: {error}"[:MAX_ERROR], "failed_at": uow.now}
        statement = insert(JobFailure).values(job_id=job_id, **row)
        uow.session.execute(statement.on_conflict_do_update(index_elements=["job_id"], set_=row))

    platform.transact(SYSTEM, work, source="job")


def find_given_up(uow: UnitOfWork, job_id: int) -> bool:
    """Tell whether a job that was given up is still there; it is held to the commit."""
    row = uow.session.execute(_ONE, {"id": job_id, "states": ["failed", "aborted"]}).one_or_none()
    return row is not None


def put_back(uow: UnitOfWork, job_id: int) -> None:
    """Let a held job that was given up be run again."""
    uow.session.execute(_AGAIN, {"id": job_id})


def _check_sight(uow: UnitOfWork) -> None:
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotAllowed("Jobs are for administrators.")


def _get_at_rest(uow: UnitOfWork, job_id: int) -> JobItem:
    states = list(_ENGINE_STATES)
    row = uow.session.execute(_ONE, {"id": job_id, "states": states}).one_or_none()
    if row is None:
        raise NotFound("There is no such job any more.")
    found = _item(row)
    if found.state == "running":
        raise Conflict("This job is being run.")
    return found


def _resolve(uow: UnitOfWork, job: JobItem) -> bool:
    """Close the incident of a job that was given up; False if it has none."""
    statement = select(Incident).where(
        Incident.resolved_at.is_(None), Incident.job["id"].as_integer() == job.id
    )
    found = uow.session.scalars(statement.with_for_update()).all()
    for incident in found:
        incident.resolved_at, incident.resolved_by = uow.now, uow.actor.name
    return bool(found)


def _item(row: Any) -> JobItem:
    return JobItem(
        id=row.id,
        task=row.task_name,
        state=_ENGINE_STATES[row.status],
        lock=row.lock,
        attempts=row.attempts,
        args=row.args,
        error=row.error,
        failed_at=row.failed_at,
        due_at=row.scheduled_at,
        since=row.changed_at,
    )
