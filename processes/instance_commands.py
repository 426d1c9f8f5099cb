"""Starting and cancelling instances by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from marshmallow import fields, validate

from processes.definitions import Definition, get_definition
from processes.instance_tables import InstanceState
from processes.runtime import carry_out, lock_instance, open_execution, open_instance
from processes.stock import latest_active
from processes.task_forms import MAX_DATA_BYTES
from services.actors import Permission
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.record_types import get_record
from services.unit_of_work import UnitOfWork


class StartInstance(Arguments):
    """Arguments of ``instance.start``."""

    process_key = fields.String(required=True, metadata={"title": "Process"})
    record_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"title": "Record", "description": "What the process is about"},
    )
    variables = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[A-Za-z_]\w*\Z")),
        load_default=dict,
        metadata={"title": "Variables"},
    )


class CancelInstance(Arguments):
    """Arguments of ``instance.cancel``."""

    instance_id = fields.UUID(required=True, metadata={"title": "Instance"})
    reason = fields.String(
        load_default="", validate=validate.Length(max=2000), metadata={"title": "Reason"}
    )


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
    if not any(event.kind == "none" for event in definition.process.start_events):
        raise Conflict(f"The process {definition.name} begins by itself when something happens.")
    _check_record(uow, definition, record_id)
    _check_variables(definition, variables or {})
    instance = open_instance(uow, definition, record_id=record_id, variables=variables)
    if instance is None:
        raise Conflict(f"The process {definition.name} runs for this record already.")
    return {"instance_id": instance.id, "state": instance.state}


@operation("instance.cancel", Permission.INSTANCE_OPERATE, CancelInstance)
def cancel_instance(uow: UnitOfWork, *, instance_id: UUID, reason: str = "") -> dict[str, Any]:
    """Stop an instance for good, with all that it waits for.

    The reason is kept in the audit log.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended already.
    """
    del reason  # kept by the audit log, which holds every operation's arguments
    instance = lock_instance(uow, instance_id)
    carry_out(uow, instance, open_execution(uow, instance), lambda step: step.cancel())
    instance.state = InstanceState.CANCELLED.value
    instance.ended_at = uow.now
    uow.session.flush()
    return {"instance_id": instance.id, "state": instance.state}


def _check_record(uow: UnitOfWork, definition: Definition, record_id: UUID | None) -> None:
    if definition.record_type is None and record_id is not None:
        message = "This process is not about a record."
        raise Invalid(message, {"record_id": [message]})
    if definition.record_type is not None:
        if record_id is None:
            message = f"Choose the {definition.record_type} that the process is about."
            raise Invalid(message, {"record_id": [message]})
        get_record(uow, definition.record_type, record_id)


def _check_variables(definition: Definition, variables: Mapping[str, Any]) -> None:
    """Refuse variables that a process can't begin with.

    One called ``deal`` would be read in place of the live deal: its amount, and so whether a
    manager has to approve it, would be whatever the starter says.
    """
    taken = variables.keys() & {"instance", definition.record_type or "instance"}
    if taken:
        fields = {"variables": [f"{name} is what the process is about." for name in sorted(taken)]}
        raise Invalid("Please choose other names for the variables.", fields)
    try:
        size = len(orjson.dumps(variables))
    except orjson.JSONEncodeError as error:
        message = "These variables are nested too deeply."
        raise Invalid(message, {"variables": [message]}) from error
    if size > MAX_DATA_BYTES:
        message = "These variables are more than a process begins with."
        raise Invalid(message, {"variables": [message]})
