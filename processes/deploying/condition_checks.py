"""Conditions that a diagram asks of its record: fields and choices there are not, and empty ones.

Comparing with what is empty gives null, and a condition that is neither true nor false becomes an
incident, here as in the Zeebe engine (decision 27). Forms may see to it that a field is filled in,
so that it is only doubtful.
"""

from __future__ import annotations

from collections.abc import Iterator

from feel import FeelError, comparisons, entries_used, null_without
from processes.deploying.findings import Finding
from processes.engine.model import Node
from processes.engine.process_model import Process
from services.records.types import Field, RecordType


def warn_of_conditions(
    process: Process, record_type: RecordType | None, file: str | None = None
) -> Iterator[Finding]:
    """Yield what is doubtful about the conditions of a process over its record.

    Args:
        process: The process.
        record_type: What it is about; None if about no record.
        file: Its file, for the findings.
    """
    if record_type is None:
        return
    for element, line, text in _conditions(process):
        for message, advice in _doubts(text, record_type):
            yield Finding(message, file, element, line, advice)


def _conditions(process: Process) -> Iterator[tuple[str, int | None, str]]:
    """Yield the conditions in FEEL, each with the element that it belongs to."""
    found = [(flow.id, flow.line, flow.condition) for flow in process.flows.values()]
    for node in process.nodes.values():
        found += [(node.id, node.line, text) for text in _conditions_of(node)]
    for element, line, text in found:
        if text.startswith("="):
            yield element, line, text.removeprefix("=")


def _conditions_of(node: Node) -> Iterator[str]:
    for event in node.events or (node.event,):
        if event.kind == "conditional":
            yield event.expression
    if node.loop is not None:
        yield node.loop.completion_condition
    for part in (node.standard_loop, node.ad_hoc):
        if part is not None:
            yield part.condition


def _doubts(text: str, record_type: RecordType) -> Iterator[tuple[str, str]]:
    """Yield what is doubtful about a condition, with what to do."""
    root = record_type.name
    try:
        read, missed = entries_used(text, root), null_without(text, root)
        compared = comparisons(text, root)
    except FeelError:  # told by the engine
        return
    for name in read:
        if name != "id" and _field(record_type, name) is None:
            yield f"A {root} has no field {name}.", "Use one of its fields."
    for name, value in compared:
        field = _field(record_type, name)
        if field is not None and field.choices is not None and value not in field.choices:
            known = ", ".join(field.choices)
            yield f"{field.label} of a {root} is never {value!r}.", f"Use one of {known}."
    for name in missed:
        if _may_be_empty(record_type, _field(record_type, name)):
            path = f"{root}.{name}"
            message = f"{path} may be empty; then this is neither true nor false, and fails."
            yield message, f"Write {path} != null and …, or see that it is filled in before."


def _field(record_type: RecordType, name: str) -> Field | None:
    """Return the field that a name in an expression reads: itself, or a relation's."""
    field = record_type.field(name)
    if field is not None:
        return field
    related = record_type.field(f"{name}_id")
    return related if related is not None and related.relation else None


def _may_be_empty(record_type: RecordType, field: Field | None) -> bool:
    if field is None or field.name in record_type.required:
        return False
    column = record_type.model.__table__.columns.get(field.name)
    return field.is_added if column is None else bool(column.nullable)
