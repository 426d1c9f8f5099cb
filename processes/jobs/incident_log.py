"""Writing incidents: what failed, why, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select

from processes.deploying.definitions import Definition
from processes.engine import Execution
from processes.engine.changes import Change, IncidentResolved, StepFailedAt
from processes.running.instance_tables import Incident, ProcessInstance, table_of
from services.database import new_id
from services.unit_of_work import UnitOfWork

MAX_TEXT = 10_000

STALLED = "stalled"
"""The code of the incident of an instance that stands still."""


def write_incidents(
    uow: UnitOfWork,
    instance: ProcessInstance,
    definition: Definition,
    changes: Iterable[Change],
    variables: Mapping[str, Any],
) -> None:
    """Record the steps that failed and close the incidents of those that are over.

    A step that was retried and failed again keeps its incident, with one more attempt. One that
    is tried again by itself is none yet.
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
    rows = [
        _row(uow, instance, definition, change, variables)
        for change in failed.values()
        if change.retry_in is None
    ]
    if rows:
        uow.session.execute(insert(table_of(Incident)), rows)


def write_stall(
    uow: UnitOfWork, instance: ProcessInstance, definition: Definition, execution: Execution
) -> None:
    """Record that an instance waits for nothing that could come, or that it does no longer.

    Such an instance is running for ever, and nobody would hear of it.
    """
    statement = select(Incident).where(
        Incident.instance_id == instance.id,
        Incident.code == STALLED,
        Incident.resolved_at.is_(None),
    )
    known = uow.session.scalars(statement).first()
    if not execution.is_stalled:
        _resolve(uow, [known] if known else [])
        return
    places = [view for view in execution.tokens() if view.state != "active"]
    if known is not None or not places:
        return
    named = ", ".join(dict.fromkeys(view.element_id for view in places))
    change = StepFailedAt(
        token_id="",
        process_id=places[0].process_id,
        element_id=places[0].element_id,
        message=f"The process stands still: nothing leads on from {named}.",
        detail="It waits for no person, timer, message or answer. Move a token, or cancel it.",
        code=STALLED,
    )
    row = _row(uow, instance, definition, change, execution.variables)
    uow.session.execute(insert(table_of(Incident)), [{**row, "token_id": None}])


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
        "attempts": change.attempts,
        "occurred_at": uow.now,
        "resolved_at": None,
        "resolved_by": None,
    }
