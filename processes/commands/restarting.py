"""Beginning again at an element that an instance has been at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from processes.commands.common import OfInstance, command_step, note_of, shown
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, InstanceState, ProcessInstance
from processes.running.runtime import lock_instance, open_execution
from processes.running.story import find_subject
from services.actors import Permission
from services.errors import Conflict, Invalid
from services.operations import operation
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

THEN, NOW = "then", "now"


class RestartInstance(OfInstance):
    """Arguments of ``instance.restart``."""

    element_id = fields.String(
        required=True, metadata={"title": "Element", "description": "Where it was before"}
    )
    variables = fields.String(
        load_default=NOW,
        validate=validate.OneOf([NOW, THEN]),
        metadata={"title": "Variables", "description": "As they are now, or were then"},
    )
    entry_id = fields.Integer(
        load_default=None,
        allow_none=True,
        metadata={"title": "Time", "description": "The entry in history; else the last one there"},
    )


@operation("instance.restart", Permission.INSTANCE_OPERATE, RestartInstance)
def restart_instance(
    uow: UnitOfWork,
    *,
    instance_id: UUID,
    element_id: str,
    reason: str,
    variables: str = NOW,
    entry_id: int | None = None,
) -> dict[str, Any]:
    """Cancel all that is open and begin again at an element, also when the instance has ended.

    Its variables stay, or become what they were when the element was entered.

    Raises:
        NotFound: There is no such instance.
        Conflict: Its record has another live instance and may have only one, or was deleted.
        Invalid: It was never at the element, or can't begin there.
    """
    instance = lock_instance(uow, instance_id)
    entered = _entry(uow, instance, element_id, entry_id)
    given = variables_before(uow, instance_id, entered) if variables == THEN else None
    is_over = instance.state != InstanceState.RUNNING
    if is_over:
        _check_record(uow, instance)
        _reopen(uow, instance)
    execution = open_execution(uow, instance, even_suspended=True, reopen=is_over)
    note = note_of(
        "instance.restart", reason, element_id=element_id, entry=entered, variables=variables
    )
    command_step(uow, instance, lambda step: step.restart_at(element_id, given), note, execution)
    return shown(instance)


def variables_before(uow: UnitOfWork, instance_id: UUID, entry_id: int) -> dict[str, Any]:
    """Return the process's own variables as they stood before an entry of its history.

    History keeps differences; they are put together from the beginning.
    """
    statement = (
        select(HistoryEntry.details)
        .where(
            HistoryEntry.instance_id == instance_id,
            HistoryEntry.id < entry_id,
            HistoryEntry.kind == Kind.VARIABLES.value,
        )
        .order_by(HistoryEntry.id)
    )
    found: dict[str, Any] = {}
    for details in uow.session.scalars(statement):
        if details["scope"] is None:
            found.update(details["values"])
    return found


def _entry(
    uow: UnitOfWork, instance: ProcessInstance, element_id: str, entry_id: int | None
) -> int:
    """Return the entry of history that tells of the element's beginning."""
    statement = select(HistoryEntry.id).where(
        HistoryEntry.instance_id == instance.id,
        HistoryEntry.kind == Kind.ENTERED.value,
        HistoryEntry.process_id == instance.process_key,
        HistoryEntry.element_id == element_id,
    )
    if entry_id is not None:
        statement = statement.where(HistoryEntry.id == entry_id)
    found = uow.session.scalar(statement.order_by(HistoryEntry.id.desc()).limit(1))
    if found is None:
        message = "The process was never at this element; add a token there instead."
        raise Invalid(message, {"element_id": [message]})
    return found


def _check_record(uow: UnitOfWork, instance: ProcessInstance) -> None:
    """Refuse to let an instance go on about a record that lies in the bin.

    Raises:
        Conflict: It does.
    """
    record = find_subject(uow, instance.record_type, instance.record_id)
    if record is not None and record.deleted_at is not None:
        label = get_record_type(record.record_type).label.lower()
        raise Conflict(f"The {label} that this process is about lies in the bin. Restore it first.")


def _reopen(uow: UnitOfWork, instance: ProcessInstance) -> None:
    try:
        with uow.savepoint():
            instance.state = InstanceState.RUNNING.value
            instance.ended_at = None
            uow.session.flush()
    except IntegrityError as error:
        message = "This process runs for the same record already, and may run only once for it."
        raise Conflict(message) from error
