"""What an instance did, in the words of its diagram, for administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from processes.deploying.definitions import Definition, get_definition
from processes.running.element_names import called_process, name_of
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, ProcessInstance
from services.actors import Permission
from services.errors import Invalid, NotFound
from services.unit_of_work import UnitOfWork

TOLD = tuple(kind.value for kind in Kind if kind not in {Kind.ENTERED, Kind.FLOW, Kind.VARIABLES})
VIEWS: Mapping[str, Sequence[str]] = {
    "told": TOLD,
    "commands": (Kind.COMMAND.value,),
    "failures": (Kind.FAILED.value, Kind.RESOLVED.value, Kind.WARNED.value),
    "variables": (Kind.VARIABLES.value,),
    "all": tuple(kind.value for kind in Kind if kind is not Kind.FLOW),
}
"""Which kinds of entries a choice shows; ``told`` leaves out each step's details."""

_TITLES = {
    Kind.STARTED: "Started",
    Kind.ENTERED: "Begun",
    Kind.COMPLETED: "Completed",
    Kind.CANCELLED: "Interrupted",
    Kind.FAILED: "Failed",
    Kind.RESOLVED: "Incident resolved",
    Kind.WARNED: "Answered with nothing",
}
_COMMANDS = {
    "instance.suspend": "Suspended",
    "instance.resume": "Resumed",
    "instance.cancel": "Cancelled",
    "instance.cancel_token": "Token cancelled",
    "instance.add_token": "Token added",
    "instance.restart": "Begun again here",
}


@dataclass(frozen=True)
class HistoryItem:
    """One entry.

    Attributes:
        title: What happened, in few words.
        text: More of it: a failure's message, a command's reason.
        element_id: Where; None if at no place in particular.
        element_name: What people call it.
        is_drawn: It stands on the instance's own diagram.
        values: Variables that were written, as JSON values.
    """

    id: int
    at: datetime
    kind: str
    title: str
    text: str
    element_id: str | None
    element_name: str | None
    is_drawn: bool
    actor: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class HistoryPage:
    """Entries, newest first; ``older`` is what the next page begins before, None at the end."""

    items: list[HistoryItem]
    older: int | None


def list_history(
    uow: UnitOfWork,
    instance_id: UUID,
    view: str = "told",
    *,
    element_id: str | None = None,
    actor: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> HistoryPage:
    """Return what an instance did, to those who operate processes.

    Args:
        uow: Of whoever looks.
        instance_id: Whose history it is.
        view: One of ``VIEWS``.
        element_id: Only what happened at this element.
        actor: Only what was done by this name.
        before: From the page before.
        limit: At most so many.

    Raises:
        NotFound: There is no such instance, or the actor does not operate processes.
        Invalid: There is no such view.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such process.")
    if view not in VIEWS:
        raise Invalid("There is no such view.", {"view": [f"Use one of {', '.join(VIEWS)}."]})
    instance = uow.get(ProcessInstance, instance_id)
    statement = select(HistoryEntry).where(
        HistoryEntry.instance_id == instance_id, HistoryEntry.kind.in_(VIEWS[view])
    )
    if element_id:
        statement = statement.where(HistoryEntry.element_id == element_id)
    if actor:
        statement = statement.where(HistoryEntry.actor == actor)
    if before is not None:
        statement = statement.where(HistoryEntry.id < before)
    ordered = statement.order_by(HistoryEntry.id.desc()).limit(limit + 1)
    rows = uow.session.scalars(ordered).all()
    definition = get_definition(uow, instance.version_id)
    items = [_item(uow, instance, definition, row) for row in rows[:limit]]
    return HistoryPage(items, rows[limit - 1].id if len(rows) > limit else None)


def actors_of(uow: UnitOfWork, instance_id: UUID) -> list[str]:
    """Return the names that an instance's history holds."""
    statement = select(HistoryEntry.actor).where(HistoryEntry.instance_id == instance_id)
    return sorted(uow.session.scalars(statement.distinct().limit(100)))


def _item(
    uow: UnitOfWork, instance: ProcessInstance, definition: Definition, row: HistoryEntry
) -> HistoryItem:
    process_id = row.process_id or instance.process_key
    process = called_process(uow, definition, process_id)
    details = row.details
    return HistoryItem(
        id=row.id,
        at=row.at,
        kind=row.kind,
        title=_title(definition, row),
        text=str(details.get("message") or details.get("reason") or ""),
        element_id=row.element_id,
        element_name=name_of(process, row.element_id) if row.element_id else None,
        is_drawn=process_id == instance.process_key and row.element_id in definition.process.nodes,
        actor=row.actor,
        values=details.get("values", {}) if row.kind == Kind.VARIABLES else {},
    )


def _title(definition: Definition, row: HistoryEntry) -> str:
    details = row.details
    if row.kind == Kind.COMMAND:
        return _command_title(definition, details)
    if row.kind == Kind.VARIABLES:
        return f"Variables written: {', '.join(sorted(details['values']))}"
    if row.kind == Kind.ENDED:
        return f"Ended: {details['state']}"
    if row.kind == Kind.STARTED:
        return f"Started in version {details['version']}"
    return _TITLES.get(Kind(row.kind), row.kind.capitalize())


def _command_title(definition: Definition, details: Mapping[str, Any]) -> str:
    match details["command"]:
        case "instance.move_token":
            return f"Moved to {name_of(definition.process, details['target'])}"
        case "instance.set_variables":
            return f"Variables set by hand: {', '.join(details['names'])}"
        case "instance.migrate":
            return f"Taken from version {details['from_version']} to {details['to_version']}"
        case command:
            return _COMMANDS.get(command, str(command))
