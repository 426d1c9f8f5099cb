"""Writing incidents: what failed, why, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select

from processes.definitions import Definition
from processes.engine.changes import Change, IncidentResolved, StepFailedAt
from processes.instance_tables import Incident, ProcessInstance, table_of
from services.database import new_id
from services.unit_of_work import UnitOfWork

MAX_TEXT = 10_000


def write_incidents(
    uow: UnitOfWork,
    instance: ProcessInstance,
    definition: Definition,
    changes: Iterable[Change],
    variables: Mapping[str, Any],
) -> None:
    """Record the steps that failed and close the incidents of those that are over.

    A step that was retried and failed again keeps its incident, with one more attempt.
    """
    failed: dict[str, StepFailedAt] = {}
    over: set[str] = set()
    for change in changes:
        if isinstance(change, StepFailedAt):
            failed[change.token_id] = change
        elif isinstance(change, IncidentResolved):
            failed.pop(change.token_id, None)
            over.add(change.token_id)
    known = _open_incidents(uow, instance, {*failed, *over})
    _resolve(uow, [incident for token, incident in known.items() if token not in failed])
    for token, incident in known.items():
        if token in failed:
            _tried_again(uow, incident, failed.pop(token), variables)
    if failed:
        rows = [_row(uow, instance, definition, change, variables) for change in failed.values()]
        uow.session.execute(insert(table_of(Incident)), rows)


def _open_incidents(
    uow: UnitOfWork, instance: ProcessInstance, tokens: set[str]
) -> dict[str, Incident]:
    statement = select(Incident).where(
        Incident.instance_id == instance.id,
        Incident.token_id.in_(tokens),
        Incident.resolved_at.is_(None),
    )
    return {incident.token_id or "": incident for incident in uow.session.scalars(statement)}


def _resolve(uow: UnitOfWork, incidents: list[Incident]) -> None:
    for incident in incidents:
        incident.resolved_at = uow.now
        incident.resolved_by = uow.actor.name


def _tried_again(
    uow: UnitOfWork, incident: Incident, change: StepFailedAt, variables: Mapping[str, Any]
) -> None:
    incident.attempts += 1
    incident.message = change.message[:MAX_TEXT]
    incident.detail = change.detail[:MAX_TEXT]
    incident.code = change.code
    incident.data = dict(variables)
    incident.occurred_at = uow.now


def _row(
    uow: UnitOfWork,
    instance: ProcessInstance,
    definition: Definition,
    change: StepFailedAt,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    process = definition.model.processes.get(change.process_id)
    node = process.nodes.get(change.element_id) if process else None
    return {
        "id": new_id(),
        "instance_id": instance.id,
        "version_id": instance.version_id,
        "token_id": change.token_id,
        "element_id": change.element_id,
        "element_name": node.name if node else None,
        "message": change.message[:MAX_TEXT],
        "detail": change.detail[:MAX_TEXT],
        "code": change.code,
        "job": None,
        "data": dict(variables),
        "attempts": 1,
        "occurred_at": uow.now,
        "resolved_at": None,
        "resolved_by": None,
    }
