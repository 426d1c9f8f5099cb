"""What all commands to instances share: the reason, the lock, the note in history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import insert

from processes.engine import Execution
from processes.events.holding import forget_held
from processes.running.history import Kind, Row
from processes.running.instance_tables import HistoryEntry, InstanceState, ProcessInstance, table_of
from processes.running.runtime import Command, carry_out, lock_instance, open_execution
from services.errors import Conflict
from services.operations import Arguments
from services.unit_of_work import UnitOfWork

MAX_REASON = 2000


class WithReason(Arguments):
    """Arguments of commands: why it is done stands in history and audit."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=MAX_REASON),
        metadata={"title": "Reason", "description": "Why; kept in history and audit"},
    )


class OfInstance(WithReason):
    """Arguments of commands to one instance."""

    instance_id = fields.UUID(required=True, metadata={"title": "Instance"})


def note_of(
    command: str,
    reason: str,
    *,
    element_id: str | None = None,
    token_id: str | None = None,
    **more: Any,
) -> Row:
    """Return the row of history that tells of a command.

    Args:
        command: The operation's name.
        reason: Why.
        element_id: Where in the diagram it was given, if it is about a place.
        token_id: Likewise.
        more: What else is told, as JSON values.
    """
    details = {"command": command, "reason": reason, **more}
    return {"kind": Kind.COMMAND, "element": element_id, "token": token_id, "details": details}


def write_note(uow: UnitOfWork, instance: ProcessInstance, note: Row) -> None:
    """Add a row of history for a command that is no step."""
    uow.session.execute(
        insert(table_of(HistoryEntry)).values(
            instance_id=instance.id,
            at=uow.now,
            actor=uow.actor.name,
            kind=note["kind"],
            process_id=instance.process_key,
            element_id=note["element"],
            token_id=note["token"],
            details=note["details"],
        )
    )


def lock_running(uow: UnitOfWork, instance_id: UUID) -> ProcessInstance:
    """Return an instance that has not ended, held to the commit, suspended or not.

    Raises:
        NotFound: There is none.
        Conflict: It has ended.
    """
    instance = lock_instance(uow, instance_id)
    if instance.state != InstanceState.RUNNING:
        raise Conflict("This process has ended already.")
    return instance


def command_step(
    uow: UnitOfWork,
    instance: ProcessInstance,
    command: Command,
    note: Row,
    execution: Execution | None = None,
) -> None:
    """Carry a command out, also in a suspended instance, with its note before what follows.

    Raises:
        Conflict: What the command is for is not there any more.
        Invalid: The engine refuses it; the message says why.
    """
    opened = execution or open_execution(uow, instance, even_suspended=True)
    carry_out(uow, instance, opened, command, note)
    forget_if_over(uow, instance)


def forget_if_over(uow: UnitOfWork, instance: ProcessInstance) -> None:
    """Let nothing be held back for an instance that has ended."""
    if instance.state == InstanceState.RUNNING:
        return
    forget_held(uow, instance.id)
    instance.suspended_at = instance.suspended_by = None
    uow.session.flush()


def shown(instance: ProcessInstance) -> dict[str, Any]:
    """Return what commands answer: ``{"instance_id", "state", "suspended_at"}``."""
    return {
        "instance_id": instance.id,
        "state": instance.state,
        "suspended_at": instance.suspended_at,
    }
