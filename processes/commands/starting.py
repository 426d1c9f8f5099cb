"""Starting instances by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields

from processes.commands.values import check_variables, variables_field
from processes.deploying.definitions import Definition, get_definition
from processes.deploying.stock import latest_active
from processes.running.runtime import open_instance
from services.actors import Permission
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.types import get_record
from services.unit_of_work import UnitOfWork


class StartInstance(Arguments):
    """Arguments of ``instance.start``."""

    process_key = fields.String(required=True, metadata={"title": "Process"})
    record_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"title": "Record", "description": "What the process is about"},
    )
    variables = variables_field(load_default=dict)


@operation("instance.start", Permission.PROCESS_START, StartInstance)
def start_instance(
    uow: UnitOfWork,
    *,
    process_key: str,
    record_id: UUID | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Start a process by hand, in its newest active version.

    Returns:
        ``{"instance_id", "state"}``.

    Raises:
        NotFound: There is no such process or record.
        Conflict: It is suspended, or begins only by an event.
        Invalid: It is about a record and none is given, or the reverse; or a variable would hide
            the record from the process's conditions, or there is too much of them.
    """
    version = latest_active(uow, process_key)
    if version is None:
        raise NotFound("There is no active process of this name.")
    definition = get_definition(uow, version.id)
    if definition.process.is_global_task:
        raise Conflict(f"{definition.name} is a task that processes call.")
    if not any(event.kind == "none" for event in definition.process.start_events):
        raise Conflict(f"The process {definition.name} begins by itself when something happens.")
    _check_record(uow, definition, record_id)
    check_variables(definition.record_type, variables or {})
    instance = open_instance(uow, definition, record_id=record_id, variables=variables)
    if instance is None:
        raise Conflict(f"The process {definition.name} runs for this record already.")
    return {"instance_id": instance.id, "state": instance.state}


def _check_record(uow: UnitOfWork, definition: Definition, record_id: UUID | None) -> None:
    if definition.record_type is None and record_id is not None:
        message = "This process is not about a record."
        raise Invalid(message, {"record_id": [message]})
    if definition.record_type is not None:
        if record_id is None:
            message = f"Choose the {definition.record_type} that the process is about."
            raise Invalid(message, {"record_id": [message]})
        get_record(uow, definition.record_type, record_id, hold=True)
