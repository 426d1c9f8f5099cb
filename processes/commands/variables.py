"""Setting an instance's variables by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields

from feel import FeelError, from_json, to_json
from processes.commands.common import (
    OfInstance,
    command_step,
    lock_running,
    note_of,
    shown,
)
from processes.commands.places import find_token, token_name
from processes.commands.values import check_variables, variables_field
from processes.engine import Execution
from processes.running.runtime import open_execution
from services.actors import Permission
from services.errors import Conflict, Invalid
from services.operations import operation
from services.unit_of_work import UnitOfWork


class SetVariables(OfInstance):
    """Arguments of ``instance.set_variables``."""

    variables = variables_field(required=True)
    seen = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Seen",
            "description": "What they were when you looked; another value is a conflict",
        },
    )
    token_id = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"title": "Token", "description": "Set them as seen from there; else the process"},
    )


@operation("instance.set_variables", Permission.INSTANCE_OPERATE, SetVariables)
def set_variables(
    uow: UnitOfWork,
    *,
    instance_id: UUID,
    variables: Mapping[str, Any],
    reason: str,
    seen: Mapping[str, Any] | None = None,
    token_id: str | None = None,
) -> dict[str, Any]:
    """Set variables of an instance; conditions that come to hold by it take effect.

    Null stays null: the variable is then there without a value.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, the token has gone, or a variable is not what was seen.
        Invalid: A variable has the record's name, or a value can't be kept.
    """
    instance = lock_running(uow, instance_id)
    if not variables:
        message = "Name at least one variable."
        raise Invalid(message, {"variables": [message]})
    check_variables(instance.record_type, variables)
    execution = open_execution(uow, instance, even_suspended=True)
    if token_id is not None:
        token_name(uow, instance, find_token(uow, instance, execution, token_id))
    _refuse_changed(execution, seen or {})
    note = note_of("instance.set_variables", reason, token_id=token_id, names=sorted(variables))
    command_step(
        uow, instance, lambda step: step.set_variables(variables, token_id), note, execution
    )
    return shown(instance)


def _refuse_changed(execution: Execution, seen: Mapping[str, Any]) -> None:
    """Refuse to write over what somebody else, or the process, has written meanwhile."""
    present = execution.variables
    for name, value in seen.items():
        if present.get(name) != _normalised(value):
            raise Conflict(f"The variable {name} has changed meanwhile; look at it again.")


def _normalised(value: Any) -> Any:
    try:
        return to_json(from_json(value))
    except FeelError:
        return value
