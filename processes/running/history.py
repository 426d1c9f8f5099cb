"""What instances did: one row for each thing, written by ``step_rows``, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias

from processes.engine.changes import (
    Change,
    ElementCancelled,
    ElementCompleted,
    ElementEntered,
    FlowTaken,
    IncidentResolved,
    InstanceEnded,
    StepFailedAt,
    VariablesChanged,
    Warned,
)


class Kind(StrEnum):
    """What a row of history tells.

    ``details`` holds: for ``flow`` nothing but the flow in ``element_id``; for ``variables``
    ``{"values", "scope"}`` (scope None for the process); for ``failed`` and ``warned``
    ``{"message"}``; for ``ended`` ``{"state"}``; for ``command``, which an administrator gave,
    ``{"command", "reason"}`` and what the command is about.
    """

    STARTED = "started"
    ENTERED = "entered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FLOW = "flow"
    VARIABLES = "variables"
    FAILED = "failed"
    RESOLVED = "resolved"
    WARNED = "warned"
    ENDED = "ended"
    COMMAND = "command"


Row: TypeAlias = dict[str, Any]

_ELEMENTS: dict[type[Any], Kind] = {
    ElementEntered: Kind.ENTERED,
    ElementCompleted: Kind.COMPLETED,
    ElementCancelled: Kind.CANCELLED,
}


def rows_of(changes: Iterable[Change]) -> list[Row]:
    """Return the history rows of what a step did, in its order."""
    return [row for change in changes if (row := _row_of(change)) is not None]


def _row_of(change: Change) -> Row | None:
    kind = _ELEMENTS.get(type(change))
    match change:
        case ElementEntered() | ElementCompleted() | ElementCancelled():
            return {
                "kind": kind,
                "process": change.process_id,
                "element": change.element_id,
                "type": change.type,
                "token": change.token_id,
            }
        case FlowTaken():
            return {"kind": Kind.FLOW, "process": change.process_id, "element": change.flow_id}
        case VariablesChanged():
            scope = None if change.is_process else change.scope_id
            return {
                "kind": Kind.VARIABLES,
                "details": {"values": dict(change.values), "scope": scope},
            }
        case StepFailedAt():
            return {
                "kind": Kind.FAILED,
                "process": change.process_id,
                "element": change.element_id,
                "token": change.token_id,
                "details": {"message": change.message},
            }
        case Warned():
            return {
                "kind": Kind.WARNED,
                "process": change.process_id,
                "element": change.element_id,
                "token": change.token_id,
                "details": {"message": " ".join(change.messages)},
            }
        case IncidentResolved():
            return {"kind": Kind.RESOLVED, "token": change.token_id}
        case InstanceEnded():
            return {"kind": Kind.ENDED, "details": {"state": change.state}}
        case _:
            return None
