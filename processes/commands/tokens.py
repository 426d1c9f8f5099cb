"""Putting the tokens of an instance where an administrator wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields

from processes.commands.common import (
    OfInstance,
    command_step,
    lock_running,
    note_of,
    shown,
)
from processes.commands.places import find_token
from processes.commands.values import check_variables, variables_field
from processes.running.runtime import open_execution
from services.actors import Permission
from services.operations import operation
from services.unit_of_work import UnitOfWork

_ELEMENT = {"title": "Element", "description": "Its id in the diagram"}


class CancelToken(OfInstance):
    """Arguments of ``instance.cancel_token``."""

    token_id = fields.String(required=True, metadata={"title": "Token"})


class MoveToken(CancelToken):
    """Arguments of ``instance.move_token``."""

    element_id = fields.String(required=True, metadata=_ELEMENT)


class AddToken(OfInstance):
    """Arguments of ``instance.add_token``."""

    element_id = fields.String(required=True, metadata=_ELEMENT)
    scope_id = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"title": "Scope", "description": "The token of an open sub-process around it"},
    )
    variables = variables_field(load_default=dict)


@operation("instance.move_token", Permission.INSTANCE_OPERATE, MoveToken)
def move_token(
    uow: UnitOfWork, *, instance_id: UUID, token_id: str, element_id: str, reason: str
) -> dict[str, Any]:
    """Take a token from where it stands and let it begin at another element.

    What it waited for is cancelled, and the instance runs on to its next wait states.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or the token is not there any more.
        Invalid: No token can be put there; the message says why.
    """
    instance = lock_running(uow, instance_id)
    execution = open_execution(uow, instance, even_suspended=True)
    token = find_token(uow, instance, execution, token_id)
    note = note_of(
        "instance.move_token",
        reason,
        element_id=token.element_id,
        token_id=token_id,
        target=element_id,
    )
    command_step(uow, instance, lambda step: step.move(token_id, element_id), note, execution)
    return shown(instance)


@operation("instance.add_token", Permission.INSTANCE_OPERATE, AddToken)
def add_token(
    uow: UnitOfWork,
    *,
    instance_id: UUID,
    element_id: str,
    reason: str,
    scope_id: str | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Let one more token begin at an element, beside those that stand elsewhere.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or the scope is not open any more.
        Invalid: No token can be put there, or a variable can't be kept.
    """
    instance = lock_running(uow, instance_id)
    given = dict(variables or {})
    check_variables(instance.record_type, given)
    execution = open_execution(uow, instance, even_suspended=True)
    if scope_id is not None:
        find_token(uow, instance, execution, scope_id)
    note = note_of("instance.add_token", reason, element_id=element_id, names=sorted(given))
    command_step(
        uow,
        instance,
        lambda step: step.add_token(element_id, scope_id=scope_id, variables=given),
        note,
        execution,
    )
    return shown(instance)


@operation("instance.cancel_token", Permission.INSTANCE_OPERATE, CancelToken)
def cancel_token(
    uow: UnitOfWork, *, instance_id: UUID, token_id: str, reason: str
) -> dict[str, Any]:
    """Take a token away; a sub-process, or the instance, ends with its last one.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or the token is not there any more.
        Invalid: It is none that can be taken away.
    """
    instance = lock_running(uow, instance_id)
    execution = open_execution(uow, instance, even_suspended=True)
    token = find_token(uow, instance, execution, token_id)
    note = note_of("instance.cancel_token", reason, element_id=token.element_id, token_id=token_id)
    command_step(uow, instance, lambda step: step.cancel_token(token_id), note, execution)
    return shown(instance)
