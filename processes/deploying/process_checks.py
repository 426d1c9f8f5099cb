"""What a diagram asks of the platform: operations, rights, forms, decisions, called processes.

The engine has checked the diagram by itself; here it is held against what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError
from marshmallow.fields import Field as SchemaField

from forms import Form, form_keys
from processes.deploying.choice_checks import warn_of_choices
from processes.deploying.condition_checks import warn_of_conditions
from processes.deploying.findings import Finding
from processes.deploying.record_starts import check_record_starts
from processes.engine.model import Node
from processes.engine.process_model import Process
from processes.engine.waits import MAX_NAME
from services.actors import Permission
from services.errors import NotFound
from services.operations import Operation, all_operations, get_operation
from services.records.types import RecordType, all_record_types, get_record_type

WORKING_TASKS = frozenset({"serviceTask", "sendTask"})


@dataclass(frozen=True)
class Surroundings:
    """What a process may refer to.

    Attributes:
        forms: By id.
        decisions: Ids.
        processes: Ids.
        rights: What the deployer may grant to the process.
    """

    rights: frozenset[Permission]
    forms: Mapping[str, Form] = field(default_factory=dict)
    decisions: Set[str] = frozenset()
    processes: Set[str] = frozenset()


class Requirements:
    """What a diagram must find on the platform to be deployed.

    A part of the platform, so that diagrams can be played without what they name.
    """

    def check(
        self, process: Process, there: Surroundings, file: str | None = None
    ) -> Iterator[Finding]:
        """Yield everything that keeps ``process`` from being deployed in these surroundings."""
        return check_process(process, there, file)


def check_process(
    process: Process, there: Surroundings, file: str | None = None
) -> Iterator[Finding]:
    """Yield everything that keeps ``process`` from being deployed in these surroundings."""
    yield from _check_properties(process, file)
    yield from check_record_starts(process, record_type_of(process), file)
    for node in process.nodes.values():
        yield from _check_names(node, process, file)
        yield from _check_form(node, process, there, file)
        yield from _check_named(node, there, file)
        if node.type in WORKING_TASKS or node.work.type:
            yield from _check_work(node, there, file)


def warn_about(process: Process, file: str | None = None) -> Iterator[Finding]:
    """Yield what does not keep ``process`` from running, but is hardly meant."""
    for node in process.nodes.values():
        who = node.assignment
        named = who.assignee or who.candidate_groups or who.candidate_users or node.lane
        if node.type == "userTask" and not named:
            yield _found(
                node,
                file,
                "Nobody is named for this task; only administrators will see it.",
                "Give it an assignee or a candidate group.",
            )
    yield from warn_of_choices(process, file)
    yield from warn_of_conditions(process, _find_record_type(record_type_of(process)), file)
    if record_type_of(process) is None:
        for start in process.start_events:
            if start.kind == "conditional":
                yield Finding(
                    "Nothing begins this process: it is about no record that could change.",
                    file,
                    start.id,
                    process.line,
                    "Give the process the property record.",
                )


def rights_needed(process: Process) -> frozenset[Permission]:
    """Return the permissions of all operations that the process calls and that there are."""
    names = process.service_types
    return frozenset(found.permission for found in all_operations() if found.name in names)


def record_type_of(process: Process) -> str | None:
    """Return the kind of record that its instances are linked to; None if to none."""
    return process.properties.get("record") or None


def many_per_record(process: Process) -> bool:
    """Tell whether events may start several live instances for one record."""
    return process.properties.get("many_per_record", "false") == "true"


def _check_properties(process: Process, file: str | None) -> Iterator[Finding]:
    record = record_type_of(process)
    known = [record_type.name for record_type in all_record_types()]
    if record is not None and record not in known:
        yield Finding(
            f"There is no record type called {record}.",
            file,
            process.id,
            process.line,
            f"Set the property record to one of {', '.join(known)}.",
        )
    many = process.properties.get("many_per_record", "false")
    if many not in {"true", "false"}:
        message = f"The property many_per_record is {many!r}."
        yield Finding(message, file, process.id, process.line, "Set it to true or false.")


def _check_names(node: Node, process: Process, file: str | None) -> Iterator[Finding]:
    """Check names that a node writes or waits for, as far as they are written out.

    A variable called like the record would be read in its place ever after: conditions would see
    what a task answered instead of the deal.
    """
    taken = {"instance", record_type_of(process) or "instance"}
    loop = node.loop
    written = [
        node.work.result_variable,
        *(line.target.partition(".")[0] for line in (*node.inputs, *node.outputs)),
        *((loop.item_name, loop.output_collection) if loop else ()),
    ]
    for name in sorted(taken.intersection(written)):
        message = f"The variable {name} would hide what the process is about."
        yield _found(node, file, message, "Choose another name.")
    for event in node.events or (node.event,):
        if event.kind in {"message", "signal"} and len(event.name) > MAX_NAME:
            message = f"The name of the {event.kind} is longer than {MAX_NAME} characters."
            yield _found(node, file, message, "Choose a shorter name.")


def _check_form(
    node: Node, process: Process, there: Surroundings, file: str | None
) -> Iterator[Finding]:
    if not node.form_id:
        return
    if node.form_id.startswith("="):
        yield _found(node, file, "The form is computed.", "Name the form, so that it is kept.")
        return
    form = there.forms.get(node.form_id)
    if form is None:
        yield _found(
            node,
            file,
            f"There is no form called {node.form_id}.",
            "Deploy the form together with the diagram.",
        )
        return
    record = _find_record_type(record_type_of(process))
    if record is not None:
        yield from _check_form_keys(node, form, record, file)


def _check_form_keys(
    node: Node, form: Form, record: RecordType, file: str | None
) -> Iterator[Finding]:
    """Check the keys below the record's name: what is written must be a field to write to."""
    written = set(form_keys(form.schema, writable_only=True))
    for key in form_keys(form.schema):
        head, _, name = key.partition(".")
        if head != record.name or not name:
            continue
        first = name.split(".")[0]
        field = record.field(name if key in written else first)
        if field is None and (key in written or record.field(f"{first}_id") is None):
            message = f"The form {form.id} has the field {key}, but a {record.name} has no {name}."
            yield _found(node, file, message, "Choose one of the record's fields.")
        elif field is not None and key in written and not field.writable:
            message = f"The form {form.id} asks for {key}, which no form may change."
            yield _found(node, file, message, "Make the field read-only.")


def _check_named(node: Node, there: Surroundings, file: str | None) -> Iterator[Finding]:
    for label, name, known in (
        ("decision", node.work.decision_id, there.decisions),
        ("process", node.work.called_process, there.processes),
    ):
        if name.startswith("="):
            message = f"The {label} is computed."
            yield _found(node, file, message, f"Name the {label}, so that its version is kept.")
        elif name and name not in known:
            message = f"There is no {label} called {name}."
            yield _found(node, file, message, f"Deploy the {label} together with the diagram.")


def _check_work(node: Node, there: Surroundings, file: str | None) -> Iterator[Finding]:
    name = node.work.type
    if not name or name.startswith("="):
        message = "The operation is computed." if name else "The task has no operation to do."
        yield _found(node, file, message, "Pick an operation from the template list.")
        return
    try:
        operation = get_operation(name)
    except NotFound as error:
        yield _found(node, file, error.message, "Pick an operation from the template list.")
        return
    if not operation.in_diagrams:
        yield _found(node, file, f"The operation {name} is not for diagrams.")
        return
    if operation.permission not in there.rights:
        yield _found(
            node,
            file,
            f"You may not let a process use {name}: you lack the right {operation.permission}.",
            "Ask somebody who holds it to deploy this version.",
        )
    yield from _check_arguments(node, operation, file)


def _check_arguments(node: Node, operation: Operation, file: str | None) -> Iterator[Finding]:
    fields = operation.schema().load_fields
    given = {line.target.split(".")[0]: line.source for line in node.inputs}
    for name in given:
        if name not in fields:
            yield _found(
                node,
                file,
                f"The operation {operation.name} has no argument {name}.",
                f"It takes {', '.join(sorted(fields)) or 'none'}.",
            )
    for name, argument in sorted(fields.items()):
        if argument.required and name not in given:
            message = f"The operation {operation.name} needs the argument {name}."
            yield _found(node, file, message, f"Add the input {name}.")
    for line in node.inputs:
        if line.target in fields:
            yield from _check_literal(node, fields[line.target], line.source, line.target, file)


def _check_literal(
    node: Node, argument: SchemaField[Any], text: str, name: str, file: str | None
) -> Iterator[Finding]:
    if text.startswith("="):
        return
    try:
        argument.deserialize(text, name, {name: text})
    except ValidationError as error:
        reasons = " ".join(str(message) for message in error.messages)
        yield _found(node, file, f"The value {text!r} of {name} can't be used. {reasons}")


def _find_record_type(name: str | None) -> RecordType | None:
    try:
        return get_record_type(name) if name else None
    except NotFound:
        return None


def _found(node: Node, file: str | None, message: str, advice: str | None = None) -> Finding:
    return Finding(message, file, node.id, node.line, advice)
