"""Stopping instances for a while or for good."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from processes.commands.common import (
    MAX_REASON,
    OfInstance,
    command_step,
    lock_running,
    note_of,
    shown,
    write_note,
)
from processes.events.buffer import look_again
from processes.events.holding import let_go
from processes.running.instance_tables import InstanceState
from services.actors import Permission
from services.errors import Conflict
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork


class CancelInstance(Arguments):
    """Arguments of ``instance.cancel``."""

    instance_id = fields.UUID(required=True, metadata={"title": "Instance"})
    reason = fields.String(
        load_default="", validate=validate.Length(max=MAX_REASON), metadata={"title": "Reason"}
    )


@operation("instance.suspend", Permission.INSTANCE_OPERATE, OfInstance)
def suspend_instance(uow: UnitOfWork, *, instance_id: UUID, reason: str) -> dict[str, Any]:
    """Let an instance stand still until it is resumed.

    Its tasks stay visible, but can't be completed; timers, messages and answers that come for it
    are kept for later.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or is suspended already.
    """
    instance = lock_running(uow, instance_id)
    if instance.suspended_at is not None:
        raise Conflict(f"{instance.suspended_by} has suspended this process already.")
    instance.suspended_at, instance.suspended_by = uow.now, uow.actor.name
    write_note(uow, instance, note_of("instance.suspend", reason))
    uow.session.flush()
    return shown(instance)


@operation("instance.resume", Permission.INSTANCE_OPERATE, OfInstance)
def resume_instance(uow: UnitOfWork, *, instance_id: UUID, reason: str) -> dict[str, Any]:
    """Let a suspended instance go on, with all that came for it meanwhile, in its order.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or is not suspended.
    """
    instance = lock_running(uow, instance_id)
    if instance.suspended_at is None:
        raise Conflict("This process is not suspended.")
    instance.suspended_at = instance.suspended_by = None
    note = note_of("instance.resume", reason, held=let_go(uow, [instance.id]))
    # What its conditions look at may have changed meanwhile.
    command_step(uow, instance, lambda step: step.advance(), note)
    uow.defer(look_again(instance.id))
    return shown(instance)


@operation("instance.cancel", Permission.INSTANCE_OPERATE, CancelInstance)
def cancel_instance(uow: UnitOfWork, *, instance_id: UUID, reason: str = "") -> dict[str, Any]:
    """Stop an instance for good, with all that it waits for.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended already.
    """
    instance = lock_running(uow, instance_id)
    command_step(uow, instance, lambda step: step.cancel(), note_of("instance.cancel", reason))
    instance.state = InstanceState.CANCELLED.value
    uow.session.flush()
    return shown(instance)
