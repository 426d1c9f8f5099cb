"""How processes begin: the start events of the versions that new instances are made from."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields
from sqlalchemy import delete, text

from processes.deploying.definition_tables import ProcessStart, ProcessVersion, VersionState
from processes.deploying.definitions import Definition, get_definition
from processes.deploying.findings import Finding, ModelRejected
from processes.deploying.record_starts import begins_by_record
from processes.deploying.stock import latest_active
from processes.engine import StepFailed, start_timer
from processes.engine.process_model import StartEvent
from processes.running.host import InstanceFacts, host_for
from processes.running.instance_tables import Timer
from services.actors import Permission
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

# Two at once would both take the next version number, or both put start events in force.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('lanewise.deployment'))")


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


def lock_versions(uow: UnitOfWork) -> None:
    """Let those who deploy, suspend or activate versions take turns, each to its commit."""
    uow.session.execute(_ONE_AT_A_TIME)


def refresh_starts(uow: UnitOfWork, process_key: str) -> None:
    """Make the start events of the newest active version the ones that events and timers find."""
    uow.session.execute(delete(ProcessStart).where(ProcessStart.process_key == process_key))
    version = latest_active(uow, process_key)
    if version is None:
        return
    definition = get_definition(uow, version.id)
    if definition.process.is_global_task:  # called by processes of its file, never begun by itself
        return
    for event in definition.process.start_events:
        start = uow.add(
            ProcessStart(
                version_id=version.id,
                process_key=process_key,
                element_id=event.id,
                kind=_kind_of(event, definition),
                name=_name_of(event, definition),
            )
        )
        if event.kind == "timer":
            _set_timer(uow, start, definition)


def _name_of(event: StartEvent, definition: Definition) -> str:
    """Return what a start event is found by: a condition or a record by the record's type."""
    if event.kind == "conditional" or _begins_by_record(event, definition):
        return definition.record_type or ""
    return event.name


def _kind_of(event: StartEvent, definition: Definition) -> str:
    return "record" if _begins_by_record(event, definition) else event.kind


def _begins_by_record(event: StartEvent, definition: Definition) -> bool:
    node = definition.process.nodes.get(event.id)
    return node is not None and begins_by_record(node.properties)


def _set_timer(uow: UnitOfWork, start: ProcessStart, definition: Definition) -> None:
    host = host_for(uow, definition, InstanceFacts(start.id, None, uow.now))
    try:
        due = start_timer(definition.spec, start.element_id, host)
    except StepFailed as error:
        raise ModelRejected([Finding(error.message, element=start.element_id)]) from error
    uow.add(
        Timer(
            instance_id=None,
            start_id=start.id,
            token_id=start.element_id,
            element_id=start.element_id,
            due_at=due.at,
            repeat=due.repeat,
        )
    )


def _set_state(uow: UnitOfWork, version_id: UUID, state: VersionState) -> ProcessVersion:
    lock_versions(uow)
    version = uow.get(ProcessVersion, version_id, lock=True)
    version.state = state.value
    uow.session.flush()
    refresh_starts(uow, version.key)
    return version
