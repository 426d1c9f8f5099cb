"""Starting a process by hand: which ones, and the form that its start event shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from forms import Form, check_form, form_initial_data
from processes.deploying.definition_tables import ProcessStart, ProcessVersion, VersionState
from processes.deploying.definitions import Definition, get_definition
from processes.deploying.stock import latest_active
from services.actors import Permission
from services.calendars.book import CalendarBook
from services.errors import Invalid, NotFound
from services.records.types import LiveRecord, get_record
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class StartableProcess:
    """A process that a person can start.

    Attributes:
        record_type: What it is about; None if about no record.
    """

    key: str
    name: str
    version: int
    record_type: str | None


@dataclass(frozen=True)
class StartForm:
    """The form of a start event; ``schema`` is None where it has none."""

    process: StartableProcess
    schema: Mapping[str, Any] | None
    data: Mapping[str, Any]


def list_startable(uow: UnitOfWork) -> list[StartableProcess]:
    """Return the processes that begin without an event, by name, to those who may start them.

    Raises:
        NotFound: The actor may not start processes.
    """
    _check_sight(uow)
    by_hand = select(ProcessStart.version_id).where(ProcessStart.kind == "none")
    newest = (
        select(ProcessVersion)
        .ext(distinct_on(ProcessVersion.key))
        .where(ProcessVersion.state == VersionState.ACTIVE, ProcessVersion.id.in_(by_hand))
        .order_by(ProcessVersion.key, ProcessVersion.version.desc())
    )
    found = [_shown(version) for version in uow.session.scalars(newest)]
    return sorted(found, key=lambda one: one.name.lower())


def start_form(uow: UnitOfWork, process_key: str, record_id: UUID | None = None) -> StartForm:
    """Return the form that starts a process, with the record's present values.

    Raises:
        NotFound: There is no such process or record that the actor could start it for.
    """
    _check_sight(uow)
    version, definition, form = _find(uow, process_key)
    if form is None:
        return StartForm(_shown(version), None, {})
    records = _records(uow, definition, record_id)
    return StartForm(_shown(version), form.schema, form_initial_data(form.schema, records, {}))


def entered_variables(
    uow: UnitOfWork, process_key: str, record_id: UUID | None, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Check what was entered into a start form and return it as variables.

    Fields of the record are shown only; a start writes none of them.

    Raises:
        NotFound: There is no such process or record.
        Invalid: With messages by the form's keys.
    """
    _, definition, form = _find(uow, process_key)
    if form is None:
        return {}
    records = _records(uow, definition, record_id)
    calendars = CalendarBook(uow)
    checked = check_form(form.schema, data, dict(records), now=uow.now, calendars=calendars)
    if checked.errors:
        raise Invalid("Please check the marked fields.", checked.errors)
    return {name: value for name, value in checked.values.items() if name not in records}


def _check_sight(uow: UnitOfWork) -> None:
    if not uow.actor.may(Permission.PROCESS_START):
        raise NotFound("There is no such process.")


def _find(uow: UnitOfWork, process_key: str) -> tuple[ProcessVersion, Definition, Form | None]:
    version = latest_active(uow, process_key)
    definition = None if version is None else get_definition(uow, version.id)
    starts = [] if definition is None else definition.process.start_events
    found = next((one for one in starts if one.kind == "none"), None)
    if version is None or definition is None or found is None:
        raise NotFound("There is no process of this name that could be started.")
    node = definition.process.nodes[found.id]
    return version, definition, definition.forms.get(node.form_id)


def _records(
    uow: UnitOfWork, definition: Definition, record_id: UUID | None
) -> dict[str, LiveRecord]:
    if definition.record_type is None or record_id is None:
        return {}
    return {
        definition.record_type: LiveRecord(
            uow, get_record(uow, definition.record_type, record_id), as_seen=True
        )
    }


def _shown(version: ProcessVersion) -> StartableProcess:
    return StartableProcess(version.key, version.name, version.version, version.record_type)
