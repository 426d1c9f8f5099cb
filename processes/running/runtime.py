"""One step of one instance, to its next wait states, inside the caller's transaction.

The instance's row is locked first, so that two people, a timer and a message take turns; then
its snapshot is loaded onto the cached spec, the command is carried out, and what it did is
written with few statements. After an exception nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from processes.deploying.definitions import Definition, get_definition
from processes.engine import EngineError, Execution, StepFailed, UnknownToken, load, start
from processes.engine.changes import Change, IncidentResolved, StepFailedAt
from processes.events.buffer import receive_buffered
from processes.events.holding import Suspended
from processes.jobs.incident_log import write_incidents, write_stall
from processes.running.history import Kind, Row, rows_of
from processes.running.host import InstanceFacts, host_for
from processes.running.instance_tables import InstanceState, ProcessInstance
from processes.running.projection import Projection, waiting_after
from processes.running.step_plans import STEP_CHANGES, write_steps
from processes.running.step_rows import save_step
from processes.running.story import tell_step
from services.database import new_id
from services.errors import Conflict, Invalid, NotFound
from services.unit_of_work import UnitOfWork

Command = Callable[[Execution], Any]


def lock_instance(uow: UnitOfWork, instance_id: UUID) -> ProcessInstance:
    """Return the instance, held to the commit; rights are the caller's to check.

    Raises:
        NotFound: There is none.
    """
    statement = (
        select(ProcessInstance)
        .where(ProcessInstance.id == instance_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    instance = uow.session.scalars(statement).one_or_none()
    if instance is None:
        raise NotFound("There is no such process.")
    return instance


def open_instance(
    uow: UnitOfWork,
    definition: Definition,
    *,
    record_id: UUID | None,
    variables: Mapping[str, Any] | None = None,
    start_event: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> ProcessInstance | None:
    """Start an instance and run it to its first wait states.

    Args:
        uow: Of whoever starts it.
        definition: The version.
        record_id: The record that it is about; its type is the definition's.
        variables: What it begins with.
        start_event: The start event; None for the one without a trigger.
        payload: What the starting message brings.

    Returns:
        The instance; None if the record has a live one already and may have only one.

    Raises:
        Conflict: It can't begin with what is given.
    """
    instance = _insert(uow, definition, record_id)
    if instance is None:
        return None
    host = host_for(uow, definition, facts_of(instance))
    started = {"kind": Kind.STARTED, "details": {"version": definition.version}}
    try:
        execution = start(
            definition.spec, host, variables or {}, start_event=start_event, payload=payload
        )
        receive_buffered(uow, instance, execution)
    except (EngineError, StepFailed) as error:
        raise Conflict(f"The process {definition.name} can't begin: {error}") from error
    save_execution(uow, instance, definition, execution, [started], is_new=True)
    if execution.is_stalled:
        write_stall(uow, instance, definition, execution)
    return instance


def open_execution(
    uow: UnitOfWork,
    instance: ProcessInstance,
    *,
    even_suspended: bool = False,
    reopen: bool = False,
) -> Execution:
    """Load a locked, running instance so that a command can be given to it.

    Args:
        uow: Of whoever acts.
        instance: Locked by the caller; not so if it is only looked at.
        even_suspended: For administrators' commands and for looking at it.
        reopen: Its snapshot is of one that was over; nothing stands in it yet.

    Raises:
        Conflict: It has ended.
        Suspended: It is suspended.
    """
    if instance.state != InstanceState.RUNNING:
        raise Conflict("This process has ended already.")
    if instance.suspended_at is not None and not even_suspended:
        raise Suspended
    return look_at(uow, instance, reopen=reopen)


def look_at(uow: UnitOfWork, instance: ProcessInstance, *, reopen: bool = False) -> Execution:
    """Load an instance, running or over, to see where it stands.

    Args:
        uow: Of whoever looks.
        instance: In any state.
        reopen: Its snapshot is of one that was over; nothing stands in it yet.
    """
    definition = get_definition(uow, instance.version_id)
    host = host_for(uow, definition, facts_of(instance))
    return load(definition.spec, instance.snapshot, host, reopen=reopen)


def carry_out(
    uow: UnitOfWork,
    instance: ProcessInstance,
    execution: Execution,
    command: Command,
    note: Row | None = None,
) -> None:
    """Give ``command`` to the execution and write all that follows from it.

    Args:
        uow: Of whoever acts.
        instance: Locked by the caller.
        execution: Of it.
        command: What is done.
        note: A row of history that stands before what the command did.

    Raises:
        Conflict: What the command is for is not waited for any more.
        Invalid: A value that it brings can't be kept.
    """
    was_stalled = execution.is_stalled
    try:
        command(execution)
        receive_buffered(uow, instance, execution)
    except UnknownToken as error:
        raise Conflict("This step is not waiting any more.", code="not_waiting") from error
    except EngineError as error:
        raise Invalid(f"The process can't take this: {error}") from error
    definition = get_definition(uow, instance.version_id)
    save_execution(uow, instance, definition, execution, [] if note is None else [note])
    if was_stalled or execution.is_stalled:
        write_stall(uow, instance, definition, execution)


def do_step(uow: UnitOfWork, instance_id: UUID, command: Command) -> ProcessInstance:
    """Lock the instance, load it, carry out ``command`` and save it.

    Raises:
        NotFound: There is no such instance.
        Conflict: It has ended, or does not wait for this any more.
        Suspended: It is suspended.
    """
    instance = lock_instance(uow, instance_id)
    carry_out(uow, instance, open_execution(uow, instance), command)
    return instance


def _insert(
    uow: UnitOfWork, definition: Definition, record_id: UUID | None
) -> ProcessInstance | None:
    exclusive = definition.is_exclusive(record_id)
    row = {
        "id": new_id(),
        "version_id": definition.id,
        "process_key": definition.key,
        "record_type": definition.record_type if record_id else None,
        "record_id": record_id,
        "exclusive": exclusive,
        "state": InstanceState.RUNNING.value,
        "started_at": uow.now,
        "started_by": uow.actor.name,
        "snapshot": b"",
        "start_depth": uow.session.info.get("start_depth", 0),
    }
    instance = ProcessInstance(**row)
    if not exclusive:
        return uow.add(instance)
    statement = insert(ProcessInstance).values(row).on_conflict_do_nothing()
    done: Any = uow.session.execute(statement.returning(ProcessInstance.id))
    if done.first() is None:
        return None
    return lock_instance(uow, instance.id)


def facts_of(instance: ProcessInstance) -> InstanceFacts:
    """Return what the host of an instance has to know of it."""
    return InstanceFacts(instance.id, instance.record_id, instance.started_at)


def _deepen(uow: UnitOfWork, instance: ProcessInstance) -> None:
    """Let what begins by this step's changes know that no person stands in between."""
    if uow.source == "job":
        known = uow.session.info.get("start_depth", 0)
        uow.session.info["start_depth"] = max(known, instance.start_depth + 1)


def save_execution(
    uow: UnitOfWork,
    instance: ProcessInstance,
    definition: Definition,
    execution: Execution,
    rows: list[Row],
    *,
    is_new: bool = False,
    changes: Sequence[Change] | None = None,
) -> None:
    """Turn the execution's changes into rows and keep its snapshot.

    Args:
        uow: Of whoever acts.
        instance: Locked by the caller.
        definition: The version that it runs on from now on.
        execution: After its command.
        rows: Of history, before those of the changes.
        is_new: It has just begun.
        changes: Those that become rows; all of the execution's if None.
    """
    changes = execution.changes if changes is None else changes
    _deepen(uow, instance)
    waiting = waiting_after(changes)
    # What operations changed is written first: it may be what the rows below refer to.
    uow.session.flush()
    projection = Projection(uow, instance, definition)
    step, opened = projection.task_rows(waiting)
    step.history = [*rows, *rows_of(changes)]
    state = waiting.ended.state if waiting.ended else instance.state
    save_step(uow, instance, step, execution.snapshot(), state)
    projection.write_waits(waiting)
    if any(isinstance(change, StepFailedAt | IncidentResolved) for change in changes):
        write_incidents(uow, instance, definition, changes, execution.variables)
    if any(isinstance(change, STEP_CHANGES) for change in changes):
        write_steps(uow, instance, changes)
    is_cancelled = any(_is_cancelling(row) for row in rows)
    tell_step(uow, instance, definition, waiting, opened, is_new=is_new, is_cancelled=is_cancelled)


def _is_cancelling(note: Row) -> bool:
    return bool(note["kind"] == Kind.COMMAND and note["details"]["command"] == "instance.cancel")
