"""Where the instances of a request stand in the end, as its answer tells it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from processes.engine import Execution, TokenView
from processes.events.delivery_tables import StepJob, StepKind
from processes.jobs.incident_log import STALLED
from processes.laboratory.playing import Play
from processes.laboratory.values import simple_all
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, Incident, ProcessInstance
from processes.running.runtime import look_at
from services.actors import SYSTEM
from services.platform import Platform
from services.unit_of_work import UnitOfWork

_TYPES = {"task": "userTask"}


def outcome_of(platform: Platform, play: Play) -> dict[str, Any]:
    """Return ``{"status", "trace", "variables", "waiting", "incidents"}``.

    The variables are those of the first instance.
    """
    return platform.transact(SYSTEM, lambda uow: _outcome(uow, play))


def _outcome(uow: UnitOfWork, play: Play) -> dict[str, Any]:
    instances = list(uow.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id)))
    executions = {one.id: look_at(uow, one) for one in instances}
    incidents = list(
        uow.session.scalars(
            select(Incident)
            .where(Incident.resolved_at.is_(None))
            .order_by(Incident.instance_id, Incident.id)
        )
    )
    shown = [{"element": one.element_id, "error": one.message} for one in incidents]
    shown += [{"element": element, "error": why} for element, why in play.failures]
    first = executions[instances[0].id] if instances else None
    broken = {one.instance_id for one in incidents if one.code not in {None, STALLED}}
    return {
        "status": _status(executions, broken, has_failed=bool(play.failures) or play.is_endless),
        "trace": list(uow.session.scalars(_TRACE)),
        "variables": {} if first is None else simple_all(first.variables),
        "waiting": [
            *(
                _waiting(token)
                for execution in executions.values()
                for token in execution.tokens()
                if token.waits_for is not None
            ),
            *(
                {"element": one.element_id, "type": "retry", "due": one.due_at.isoformat()}
                for one in uow.session.scalars(_RETRIES)
            ),
        ],
        "incidents": shown,
    }


_RETRIES = (
    select(StepJob).where(StepJob.kind == StepKind.RETRY).order_by(StepJob.instance_id, StepJob.id)
)

_TRACE = (
    select(HistoryEntry.element_id)
    .where(HistoryEntry.kind == Kind.COMPLETED)
    .order_by(HistoryEntry.id)
)


def _status(
    executions: dict[UUID, Execution], broken: set[UUID | None], *, has_failed: bool
) -> str:
    """Return how they are; a business error that nothing caught makes an instance a failed one."""
    states = ["failed" if key in broken else one.state for key, one in executions.items()]
    if "failed" in states or has_failed:
        return "failed"
    if "running" in states or not states:
        return "running"
    return "terminated" if states[0] == "terminated" else "completed"


def _waiting(token: TokenView) -> dict[str, Any]:
    return {
        "element": token.element_id,
        "type": _TYPES.get(str(token.waits_for), token.waits_for),
        "due": None if token.due_at is None else token.due_at.isoformat(),
    }
