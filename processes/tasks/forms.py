"""A task's form: what it is opened with, and what becomes of what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson

from feel import from_json, to_plain
from forms import check_form, form_initial_data
from processes.deploying.definitions import Definition, get_definition
from processes.engine import Execution
from processes.running.instance_tables import ProcessInstance, WorkItem
from processes.running.runtime import open_execution
from processes.running.story import find_subject
from services.calendars.book import CalendarBook
from services.errors import Invalid, NotFound
from services.operations import run
from services.records.types import LiveRecord, all_record_types, get_record, get_record_type
from services.unit_of_work import UnitOfWork

MAX_DATA_BYTES = 1024 * 1024


@dataclass(frozen=True)
class TaskForm:
    """A form ready to be rendered.

    Attributes:
        schema: The form-js schema; None for a task that is only confirmed.
        data: Initial values, nested by key.
        version: Of the record as shown, to be sent back at completion; None without a record.
    """

    schema: Mapping[str, Any] | None
    data: Mapping[str, Any]
    version: int | None


@dataclass(frozen=True)
class Entered:
    """What was entered and accepted.

    Attributes:
        record: Record fields that differ from what the record holds.
        variables: For the process.
    """

    record: Mapping[str, Any]
    variables: Mapping[str, Any]


def open_form(uow: UnitOfWork, task: WorkItem, execution: Execution | None = None) -> TaskForm:
    """Return the form of an open task with the record's and the process's present values."""
    definition = get_definition(uow, task.version_id)
    record = find_subject(uow, task.record_type, task.record_id)
    version = None if record is None else record.version
    if task.form_id is None:
        return TaskForm(None, {}, version)
    context = form_context(uow, task, execution or _read(uow, task))
    records = {task.record_type: context[task.record_type]} if task.record_type else {}
    variables = {name: value for name, value in context.items() if name not in records}
    schema = definition.forms[task.form_id].schema
    return TaskForm(schema, form_initial_data(schema, records, variables), version)


def form_context(uow: UnitOfWork, task: WorkItem, execution: Execution) -> dict[str, Any]:
    """Return what a form's expressions see: the variables, the task's inputs and the record."""
    context = {**execution.variables, **task.variables}
    plain = {name: to_plain(from_json(value)) for name, value in context.items()}
    record = find_subject(uow, task.record_type, task.record_id)
    if record is not None and task.record_type is not None:
        plain[task.record_type] = LiveRecord(uow, record, as_seen=True)
    return plain


def check_entered(
    uow: UnitOfWork, task: WorkItem, execution: Execution, data: Mapping[str, Any]
) -> Entered:
    """Check ``data`` against the task's form, on the server as in the browser.

    Raises:
        Invalid: With messages by the form's keys.
    """
    if len(orjson.dumps(data)) > MAX_DATA_BYTES:
        raise Invalid("What was entered is too much for a form.")
    definition = get_definition(uow, task.version_id)
    if task.form_id is None:
        if data:
            fields = {name: ["This task has no form."] for name in data}
            raise Invalid("This task has no form.", fields)
        return Entered({}, {})
    context = form_context(uow, task, execution)
    checked = check_form(
        _schema(definition, task.form_id),
        data,
        context,
        now=uow.now,
        calendars=CalendarBook(uow),
    )
    if checked.errors:
        raise Invalid("Please check the marked fields.", checked.errors)
    values = dict(checked.values)
    record = values.pop(task.record_type, {}) if task.record_type else {}
    live = context.get(task.record_type) if task.record_type else None
    changed = {} if live is None else {k: v for k, v in record.items() if _differs(live, k, v)}
    return Entered(changed, values)


def write_record(
    uow: UnitOfWork, task: WorkItem, values: Mapping[str, Any], version: int | None
) -> None:
    """Write record fields by the record type's own operation, as the person who completes.

    Whoever may complete the task may change its record by its form, also where the record is
    outside the person's scope: an approver of another team, for example.

    Args:
        uow: Of whoever completes the task.
        task: Whose record it is.
        values: By field name; nothing happens if there are none.
        version: Of the record when the form was opened; a newer one is a conflict.

    Raises:
        Invalid: With messages by the form's keys.
    """
    if not values or task.record_type is None or task.record_id is None:
        return
    kind = task.record_type
    _check_links_seen(uow, kind, values)
    entitled = uow.acting_as(uow.actor.entitled())
    arguments = {f"{kind}_id": task.record_id, "version": version, **values}
    try:
        run(entitled, f"{kind}.update", arguments)
    except Invalid as error:
        fields = {f"{kind}.{name}": texts for name, texts in error.fields.items()}
        raise Invalid(error.message, fields, code=error.code) from error


def _check_links_seen(uow: UnitOfWork, kind: str, values: Mapping[str, Any]) -> None:
    """Refuse a link to a record that the person may not see; the task gives no right to it."""
    known = {one.name for one in all_record_types()}
    for name, value in values.items():
        field = get_record_type(kind).field(name)
        if field is None or field.relation not in known or value is None:
            continue
        try:
            get_record(uow, field.relation, UUID(str(value)))
        except (NotFound, ValueError) as error:
            message = f"There is no such {field.label.lower()}."
            raise Invalid(message, {f"{kind}.{name}": [message]}) from error


def _schema(definition: Definition, form_id: str) -> Mapping[str, Any]:
    return definition.forms[form_id].schema


def _read(uow: UnitOfWork, task: WorkItem) -> Execution:
    instance = uow.get(ProcessInstance, task.instance_id)
    return open_execution(uow, instance, even_suspended=True)


def _differs(live: Mapping[str, Any], name: str, value: Any) -> bool:
    """Tell whether ``value``, as JSON, is another than the record's, as Python."""
    present = live.get(name)
    if isinstance(present, Decimal | int) and not isinstance(present, bool):
        try:
            return value is None or Decimal(str(value)) != present
        except InvalidOperation:
            return True
    if present is None or value is None:
        return (present or None) != (value or None)
    shown = present.isoformat() if hasattr(present, "isoformat") else present
    return bool(shown != value)
