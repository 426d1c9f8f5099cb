"""Stopping all instances of a version for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import ColumnElement, insert, select, update

from processes.commands.common import WithReason, note_of
from processes.deploying.definition_tables import ProcessVersion
from processes.events.buffer import look_again
from processes.events.holding import let_go
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, InstanceState, ProcessInstance, table_of
from services.actors import Permission
from services.operations import operation
from services.unit_of_work import UnitOfWork

_INSTANCES = table_of(ProcessInstance)


class InstancesOfVersion(WithReason):
    """Arguments of operations on all instances of a version."""

    version_id = fields.UUID(required=True, metadata={"title": "Version"})


@operation("version.suspend_instances", Permission.INSTANCE_OPERATE, InstancesOfVersion)
def suspend_instances(uow: UnitOfWork, *, version_id: UUID, reason: str) -> dict[str, Any]:
    """Let all instances of a version stand still, as ``instance.suspend`` does with one.

    Returns:
        ``{"count"}``: how many were not suspended yet.

    Raises:
        NotFound: There is no such version.
    """
    version = uow.get(ProcessVersion, version_id)
    keys = _lock(uow, version_id, _INSTANCES.c.suspended_at.is_(None))
    _set(uow, keys, suspended_at=uow.now, suspended_by=uow.actor.name)
    _note(uow, version, keys, "instance.suspend", reason)
    return {"count": len(keys)}


@operation("version.resume_instances", Permission.INSTANCE_OPERATE, InstancesOfVersion)
def resume_instances(uow: UnitOfWork, *, version_id: UUID, reason: str) -> dict[str, Any]:
    """Let all suspended instances of a version go on, with what came for them meanwhile.

    Returns:
        ``{"count"}``: how many were suspended.

    Raises:
        NotFound: There is no such version.
    """
    version = uow.get(ProcessVersion, version_id)
    keys = _lock(uow, version_id, _INSTANCES.c.suspended_at.is_not(None))
    _set(uow, keys, suspended_at=None, suspended_by=None)
    _note(uow, version, keys, "instance.resume", reason)
    let_go(uow, keys)
    for key in keys:
        uow.defer(look_again(key))
    return {"count": len(keys)}


def _lock(uow: UnitOfWork, version_id: UUID, condition: ColumnElement[bool]) -> Sequence[UUID]:
    """Return the running instances that match, held to the commit; always in the same order."""
    statement = (
        select(_INSTANCES.c.id)
        .where(
            _INSTANCES.c.version_id == version_id,
            _INSTANCES.c.state == InstanceState.RUNNING.value,
            condition,
        )
        .order_by(_INSTANCES.c.id)
        .with_for_update()
    )
    return uow.session.scalars(statement).all()


def _set(uow: UnitOfWork, keys: Sequence[UUID], **values: Any) -> None:
    uow.session.execute(update(_INSTANCES).where(_INSTANCES.c.id.in_(keys)).values(**values))


def _note(
    uow: UnitOfWork, version: ProcessVersion, keys: Sequence[UUID], command: str, reason: str
) -> None:
    details = note_of(command, reason, all_of_version=version.version)["details"]
    rows = [
        {
            "instance_id": key,
            "at": uow.now,
            "actor": uow.actor.name,
            "kind": Kind.COMMAND.value,
            "process_id": version.key,
            "details": details,
        }
        for key in keys
    ]
    if rows:
        uow.session.execute(insert(table_of(HistoryEntry)), rows)
