"""What instances did: one row for each thing, written once, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import text

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
)
from services.unit_of_work import UnitOfWork


class Kind(StrEnum):
    """What a row of history tells.

    ``details`` holds: for ``flow`` nothing but the flow in ``element_id``; for ``variables``
    ``{"values", "scope"}`` (scope None for the process); for ``failed`` ``{"message"}``; for
    ``ended`` ``{"state", "reason"}``.
    """

    STARTED = "started"
    ENTERED = "entered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FLOW = "flow"
    VARIABLES = "variables"
    FAILED = "failed"
    RESOLVED = "resolved"
    ENDED = "ended"


Row: TypeAlias = dict[str, Any]

_ELEMENTS: dict[type[Any], Kind] = {
    ElementEntered: Kind.ENTERED,
    ElementCompleted: Kind.COMPLETED,
    ElementCancelled: Kind.CANCELLED,
}

# One statement with the same text for any number of rows, so that its plan is kept.
_INSERT = text(
    """
    INSERT INTO history
      (instance_id, at, actor, kind, process_id, element_id, element_type, token_id, details)
    SELECT :instance, :at, :actor, r.kind, r.process, r.element, r.type, r.token,
           coalesce(r.details, '{}'::jsonb)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
      AS r(kind text, process text, element text, type text, token text, details jsonb)
    """
)


def rows_of(changes: Iterable[Change]) -> list[Row]:
    """Return the history rows of what a step did, in its order."""
    return [row for change in changes if (row := _row_of(change)) is not None]


def write_history(uow: UnitOfWork, instance_id: UUID, rows: list[Row], actor: str) -> None:
    """Add ``rows`` in one statement; none if there are none."""
    if rows:
        uow.session.execute(
            _INSERT,
            {
                "instance": instance_id,
                "at": uow.now,
                "actor": actor,
                "rows": orjson.dumps(rows).decode(),
            },
        )


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
        case IncidentResolved():
            return {"kind": Kind.RESOLVED, "token": change.token_id}
        case InstanceEnded():
            return {"kind": Kind.ENDED, "details": {"state": change.state}}
        case _:
            return None
