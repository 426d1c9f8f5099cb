"""An instance drawn on its diagram: where its tokens stand, what is done, which way it went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from processes.deploying.deployments import read_xml
from processes.engine import Execution, TokenView
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, Incident, ProcessInstance
from services.unit_of_work import UnitOfWork

_PAST = (Kind.COMPLETED.value, Kind.FLOW.value)
OPAQUE = "This step could not be carried out. An administrator has been told."


def draw(
    uow: UnitOfWork,
    instance: ProcessInstance,
    execution: Execution | None,
    *,
    shows_causes: bool,
) -> dict[str, Any]:
    """Return what the viewer draws.

    Args:
        uow: Of whoever looks; rights are the caller's to check.
        instance: The instance.
        execution: None for an instance that has ended.
        shows_causes: Whether failed steps tell why, or only that they failed.

    Returns:
        ``{"xml", "process_id", "tokens": [{"element_id", "count", "state"}], "completed": [element
        ids], "taken": [flow ids], "failed": [{"element_id", "message"}]}``; a token's state is
        ``active``, ``waiting`` or ``failed``.
    """
    completed, taken = _past(uow, instance)
    own = [] if execution is None else _own_tokens(execution.tokens(), instance.process_key)
    return {
        "xml": read_xml(uow, instance.version_id),
        "process_id": instance.process_key,
        "tokens": _counted(own),
        "completed": completed,
        "taken": taken,
        "failed": _failed(uow, instance, shows_causes=shows_causes),
    }


def without_place(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the diagram alone, with nothing of where the instance stands and has been."""
    nothing: dict[str, list[Any]] = {"tokens": [], "completed": [], "taken": [], "failed": []}
    return {**picture, **nothing}


def _past(uow: UnitOfWork, instance: ProcessInstance) -> tuple[list[str], list[str]]:
    statement = (
        select(HistoryEntry.kind, HistoryEntry.element_id)
        .where(
            HistoryEntry.instance_id == instance.id,
            HistoryEntry.kind.in_(_PAST),
            HistoryEntry.process_id == instance.process_key,
        )
        .distinct()
        .order_by(HistoryEntry.element_id)
    )
    found: dict[str, list[str]] = {kind: [] for kind in _PAST}
    for kind, element in uow.session.execute(statement):
        found[kind].append(element or "")
    return found[Kind.COMPLETED], found[Kind.FLOW]


def _own_tokens(tokens: Iterable[TokenView], process_key: str) -> list[TokenView]:
    """Leave out tokens inside called processes, whose elements are not on this diagram.

    Events that only stand ready at the border of an activity, a gateway or the process are left
    out as well: they are not where the case is.
    """
    return [token for token in tokens if token.process_id == process_key and token.role == "token"]


def _counted(tokens: Iterable[TokenView]) -> list[dict[str, Any]]:
    counts = Counter((token.element_id, _state(token)) for token in tokens)
    return [
        {"element_id": element, "count": count, "state": state}
        for (element, state), count in counts.items()
    ]


def _state(token: TokenView) -> str:
    if token.state == "failed":
        return "failed"
    return (
        "waiting"
        if token.waits_for in {"timer", "message", "signal", "call", "condition", "job"}
        else "active"
    )


def _failed(
    uow: UnitOfWork, instance: ProcessInstance, *, shows_causes: bool
) -> list[dict[str, str | None]]:
    statement = (
        select(Incident.element_id, Incident.message)
        .where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
        .order_by(Incident.id)
    )
    return [
        {"element_id": element, "message": message if shows_causes else OPAQUE}
        for element, message in uow.session.execute(statement)
    ]
