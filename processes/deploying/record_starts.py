"""Start events that wait for a record: which change begins a process, as the diagram says it.

A message start event with the property ``record_event`` begins a process when a record of the
process's type was created, changed, deleted or restored. ``record_fields`` names the fields that
count, ``record_filter`` what the record must be like then, in the language of filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from processes.deploying.findings import Finding
from processes.engine.model import Node
from processes.engine.process_model import Process
from services.errors import Invalid
from services.filtering import Filter, parse_filter_text, reads_whoever_asks
from services.records.types import RecordType, find_record_type

EVENTS: Final = ("created", "changed", "deleted", "restored")
EVENT: Final = "record_event"
FIELDS: Final = "record_fields"
FILTER: Final = "record_filter"
_PROPERTIES: Final = (EVENT, FIELDS, FILTER)


@dataclass(frozen=True, slots=True)
class RecordStart:
    """What begins a process.

    Attributes:
        events: Some of ``EVENTS``.
        fields: With ``changed``, those that count; none: every one.
    """

    events: frozenset[str]
    fields: frozenset[str]
    where: Filter


def begins_by_record(properties: Mapping[str, str]) -> bool:
    """Tell whether a start event with these properties waits for a record."""
    return EVENT in properties


def read_record_start(properties: Mapping[str, str], record_type: RecordType) -> RecordStart:
    """Return what the properties of a start event say.

    Raises:
        Invalid: They name what is not there; ``fields`` says which property it is.
    """
    return RecordStart(
        frozenset(_events(properties.get(EVENT, ""))),
        frozenset(_fields(properties.get(FIELDS, ""), record_type)),
        _filter(properties.get(FILTER, ""), record_type),
    )


def check_record_starts(
    process: Process, record_type: str | None, file: str | None
) -> Iterator[Finding]:
    """Yield what keeps the start events of ``process`` from waiting for records."""
    starts = {event.id: event for event in process.start_events}
    for node in process.nodes.values():
        if not any(name in node.properties for name in _PROPERTIES):
            continue
        start = starts.get(node.id)
        if start is None or start.kind != "message":
            message = "Only a message start event of the process itself can wait for a record."
            yield _found(node, file, message, "Use the template “When a record changes”.")
        elif record_type is None:
            message = "The process begins by a record, but is about none."
            yield _found(node, file, message, "Give the process the property record.")
        else:
            yield from _check(node, find_record_type(record_type), file)


def _check(node: Node, record_type: RecordType | None, file: str | None) -> Iterator[Finding]:
    if record_type is None:  # told of the process itself
        return
    try:
        read_record_start(node.properties, record_type)
    except Invalid as error:
        name = next(iter(error.fields), EVENT)
        yield _found(node, file, str(error), _ADVICE[name])


_ADVICE: Final = {
    EVENT: f"Set the property {EVENT} to some of {', '.join(EVENTS)}, with commas between.",
    FIELDS: f"Set the property {FIELDS} to names of fields with commas between, or leave it away.",
    FILTER: 'Write a filter such as {"field": "amount", "op": "gte", "value": 5000}.',
}


def _found(node: Node, file: str | None, message: str, advice: str) -> Finding:
    return Finding(message, file, node.id, node.line, advice)


def _events(text: str) -> list[str]:
    events = _names(text)
    unknown = [name for name in events if name not in EVENTS]
    if unknown or not events:
        message = f"A record is created, changed, deleted or restored, not {text or 'nothing'}."
        raise Invalid(message, {EVENT: [message]})
    return events


def _fields(text: str, record_type: RecordType) -> list[str]:
    names = _names(text)
    for name in names:
        field = record_type.field(name)
        if field is None or field.is_computed:
            message = f"{record_type.label} has no field {name} that could be changed."
            raise Invalid(message, {FIELDS: [message]})
    return names


def _filter(text: str, record_type: RecordType) -> Filter:
    try:
        where = parse_filter_text(record_type, text)
    except Invalid as error:
        raise Invalid(str(error), {FILTER: [str(error)]}) from error
    if reads_whoever_asks(where):
        message = "Nobody asks when a record changes, so there is no “me” and no “my team”."
        raise Invalid(message, {FILTER: [message]})
    return where


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
