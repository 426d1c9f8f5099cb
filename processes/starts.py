"""How processes begin: the start events of the versions that new instances are made from."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields
from sqlalchemy import delete

from processes.definition_tables import ProcessStart, ProcessVersion, VersionState
from processes.definitions import get_definition
from processes.engine import StartEvent, first_due
from processes.instance_tables import Timer
from processes.stock import latest_active
from services.actors import Permission
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork


class OfVersion(Arguments):
    """Arguments of operations on a process version."""

    version_id = fields.UUID(required=True, metadata={"title": "Version"})


@operation("version.activate", Permission.INSTANCE_OPERATE, OfVersion)
def activate_version(uow: UnitOfWork, *, version_id: UUID) -> ProcessVersion:
    """Let new instances start from a version again."""
    return _set_state(uow, version_id, VersionState.ACTIVE)


@operation("version.suspend", Permission.INSTANCE_OPERATE, OfVersion)
def suspend_version(uow: UnitOfWork, *, version_id: UUID) -> ProcessVersion:
    """Start no new instances from a version; running ones go on, the next older one takes over."""
    return _set_state(uow, version_id, VersionState.SUSPENDED)


def refresh_starts(uow: UnitOfWork, process_key: str) -> None:
    """Make the start events of the newest active version the ones that events and timers find."""
    uow.session.execute(delete(ProcessStart).where(ProcessStart.process_key == process_key))
    version = latest_active(uow, process_key)
    if version is None:
        return
    for event in get_definition(uow, version.id).process.start_events:
        start = uow.add(
            ProcessStart(
                version_id=version.id,
                process_key=process_key,
                element_id=event.id,
                kind=event.kind,
                name=event.name,
            )
        )
        if event.kind == "timer":
            _set_timer(uow, start, event)


def _set_timer(uow: UnitOfWork, start: ProcessStart, event: StartEvent) -> None:
    due = first_due(
        event.timer or "date", event.expression, uow.now, uow.platform.settings.timezone
    )
    uow.add(
        Timer(
            instance_id=None,
            start_id=start.id,
            token_id=event.id,
            element_id=event.id,
            due_at=due.at,
            repeat=due.repeat,
        )
    )


def _set_state(uow: UnitOfWork, version_id: UUID, state: VersionState) -> ProcessVersion:
    version = uow.get(ProcessVersion, version_id, lock=True)
    version.state = state.value
    uow.session.flush()
    refresh_starts(uow, version.key)
    return version
