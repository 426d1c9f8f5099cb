"""What a process tells the timeline of its record, in sentences that an employee reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from processes.deploying.definitions import Definition
from processes.running.instance_tables import ProcessInstance, WorkItem
from processes.running.projection import OpenedTask, Waiting
from services.records.timeline import add_entry
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork


def find_subject(uow: UnitOfWork, record_type: str | None, record_id: Any) -> Any | None:
    """Return the record that a process is about, whoever acts; None if there is none."""
    if record_type is None or record_id is None:
        return None
    return uow.session.get(get_record_type(record_type).model, record_id)


def tell_step(
    uow: UnitOfWork,
    instance: ProcessInstance,
    definition: Definition,
    waiting: Waiting,
    opened: Sequence[OpenedTask],
    *,
    is_new: bool,
    is_cancelled: bool,
) -> None:
    """Add the step's beginning, new tasks and end to the record's timeline.

    The process itself speaks: a task that opens is nobody's deed.
    """
    if not (is_new or opened or waiting.ended):
        return
    record = find_subject(uow, instance.record_type, instance.record_id)
    if record is None:
        return
    told = uow.acting_as(definition.actor)
    about = {"instance_id": str(instance.id)}
    if is_new:
        add_entry(told, record, "process", f"The process {definition.name} began.", None, about)
    for task in opened:
        whom = f" for {' and '.join(task.waits_for)}" if task.waits_for else ""
        title = f"The task {task.name} came up{whom}."
        add_entry(told, record, "task", title, None, {**about, "task_id": str(task.id)})
    if waiting.ended is not None:
        how = "was cancelled" if is_cancelled else "ended"
        add_entry(told, record, "process", f"The process {definition.name} {how}.", None, about)


def tell_completion(uow: UnitOfWork, task: WorkItem) -> None:
    """Add to the record's timeline that the actor completed ``task``."""
    record = find_subject(uow, task.record_type, task.record_id)
    if record is not None:
        details = {"instance_id": str(task.instance_id), "task_id": str(task.id)}
        title = f"{uow.actor.name} completed the task {task.name}."
        add_entry(uow, record, "task", title, None, details)
