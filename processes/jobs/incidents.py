"""What failed and waits for an administrator: looking at it, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import Row, select

from processes.deploying.definition_tables import ProcessVersion
from processes.jobs.job_list import find_given_up, put_back
from processes.paging import Statement
from processes.running.instance_tables import Incident, ProcessInstance
from processes.running.record_cards import Card, load_cards
from processes.running.runtime import do_step
from services.actors import SYSTEM, Permission
from services.errors import Conflict, Invalid, NotAllowed
from services.operations import Arguments, operation
from services.platform import Platform
from services.unit_of_work import Cause, Job, UnitOfWork

STATES = ("open", "resolved", "all")


@dataclass(frozen=True)
class IncidentItem:
    """One incident.

    Attributes:
        instance_id: None for a job that belongs to no instance; so are the process's name and
            version, the element and the record.
        message: The cause, for administrators.
        detail: More of it; empty where the message says all.
        code: Of the business error that nothing caught; None otherwise.
        data: The process variables at that moment.
        job: The failed job's ``id``, ``task`` and ``args``; None for a step.
        attempts: How often it was tried.
    """

    id: UUID
    instance_id: UUID | None
    process_key: str | None
    process_name: str | None
    process_version: int | None
    element_id: str | None
    element_name: str | None
    record_type: str | None
    record_id: UUID | None
    record_title: str | None
    message: str
    detail: str
    code: str | None
    data: Mapping[str, Any]
    job: Mapping[str, Any] | None
    attempts: int
    occurred_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


class RetryIncident(Arguments):
    """Arguments of ``incident.retry``."""

    incident_id = fields.UUID(required=True, metadata={"title": "Incident"})


@operation("incident.retry", Permission.INSTANCE_OPERATE, RetryIncident)
def retry_incident(uow: UnitOfWork, *, incident_id: UUID) -> dict[str, Any]:
    """Try a failed step or job again.

    Returns:
        ``{"incident_id", "resolved"}``: a step that fails again keeps its incident, a job is
        tried by the worker and makes a new one if it fails.

    Raises:
        Conflict: It is resolved already.
    """
    incident = uow.get(Incident, incident_id)
    if incident.job is not None:
        # Held, so that two who retry at once queue the job once. A step's instance is locked.
        incident = uow.get(Incident, incident_id, lock=True)
    if incident.resolved_at is not None:
        raise Conflict("This incident is resolved already.")
    if incident.instance_id is not None and incident.token_id is not None:
        token = incident.token_id
        uow.cause = Cause(incident.occurred_at)
        do_step(uow, incident.instance_id, lambda step: step.retry(token))
    elif incident.instance_id is not None:
        do_step(uow, incident.instance_id, lambda step: step.advance())
    elif incident.job is not None:
        _run_again(uow, incident.job)
        incident.resolved_at, incident.resolved_by = uow.now, uow.actor.name
    uow.session.flush()
    uow.session.refresh(incident)
    return {"incident_id": incident.id, "resolved": incident.resolved_at is not None}


def _run_again(uow: UnitOfWork, job: Mapping[str, Any]) -> None:
    """Put a job that was given up back, or leave another like it if it is gone."""
    job_id = job.get("id")
    if job_id is not None and find_given_up(uow, job_id):
        put_back(uow, job_id)
    else:
        uow.defer(Job(**{name: value for name, value in job.items() if name != "id"}))


def record_failed_job(
    platform: Platform, job: Job, error: BaseException, attempts: int, job_id: int | None = None
) -> None:
    """Make an incident of a job that the worker has given up, in a transaction of its own."""

    def work(uow: UnitOfWork) -> None:
        uow.add(
            Incident(
                message=f"The job {job.task} could not be carried out.",
                detail=f"{type(error).__name__}: {error}"[:2000],
                job={
                    "task": job.task,
                    "args": dict(job.args),
                    "queue": job.queue,
                    "lock": job.lock,
                    "priority": job.priority,
                    "id": job_id,
                },
                data={},
                attempts=attempts,
                occurred_at=uow.now,
            )
        )

    platform.transact(SYSTEM, work, source="job")


def list_incidents(
    uow: UnitOfWork, state: str = "open", *, instance_id: UUID | None = None, limit: int = 200
) -> list[IncidentItem]:
    """Return incidents, newest first, to those who operate processes.

    Args:
        uow: Of whoever looks.
        state: ``open``, ``resolved`` or ``all``.
        instance_id: Only of this instance.
        limit: At most so many.

    Raises:
        NotAllowed: The actor may not operate processes.
        Invalid: There is no such state.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotAllowed("Incidents are for administrators.")
    if state not in STATES:
        raise Invalid("There is no such state.", {"state": [f"Use one of {', '.join(STATES)}."]})
    statement = _statement().order_by(Incident.id.desc()).limit(limit)
    if instance_id is not None:
        statement = statement.where(Incident.instance_id == instance_id)
    if state != "all":
        is_open = Incident.resolved_at.is_(None)
        statement = statement.where(is_open if state == "open" else ~is_open)
    rows = uow.session.execute(statement).all()
    cards = load_cards(
        uow, ((row.record_type, row.record_id) for row in rows if row.record_id is not None)
    )
    return [_item(row, cards.get((row.record_type, row.record_id))) for row in rows]


def _statement() -> Statement:
    return (
        select(
            Incident,
            ProcessInstance.record_type,
            ProcessInstance.record_id,
            ProcessVersion.key,
            ProcessVersion.name,
            ProcessVersion.version,
        )
        .outerjoin(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .outerjoin(ProcessVersion, ProcessVersion.id == Incident.version_id)
    )


def _item(row: Row[Any], card: Card | None) -> IncidentItem:
    incident: Incident = row.Incident
    return IncidentItem(
        id=incident.id,
        instance_id=incident.instance_id,
        process_key=row.key,
        process_name=row.name,
        process_version=row.version,
        element_id=incident.element_id,
        element_name=incident.element_name,
        record_type=row.record_type,
        record_id=row.record_id,
        record_title=card.title if card else None,
        message=incident.message,
        detail=incident.detail,
        code=incident.code,
        data=incident.data,
        job=incident.job,
        attempts=incident.attempts,
        occurred_at=incident.occurred_at,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
    )
