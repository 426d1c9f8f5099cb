"""Timers and open tasks that follow a record: its date changed while they waited for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import exists, or_, select, update

from processes.events.holding import holds_back
from processes.running.instance_tables import (
    NEVER,
    InstanceState,
    ProcessInstance,
    QueueEntry,
    TaskState,
    Timer,
    WorkItem,
)
from processes.running.runtime import carry_out, lock_instance, open_execution
from services.actors import SYSTEM
from services.jobs import job
from services.platform import Platform
from services.timers import REFRESH
from services.unit_of_work import Job, UnitOfWork

_IS_OPEN = WorkItem.state == TaskState.OPEN


@job(REFRESH)
def refresh_timers(platform: Platform, *, record_type: str, record_id: str) -> None:
    """Set the timers anew that read a date of this record, in each instance that is about it."""
    found = platform.transact(
        SYSTEM, lambda uow: _instances(uow, record_type, UUID(record_id)), source="job"
    )
    arguments = {"record_type": record_type, "record_id": record_id}
    for instance_id in found:
        work = partial(_refresh, instance_id=instance_id, arguments=arguments)
        platform.transact(SYSTEM, work, source="job")


def _instances(uow: UnitOfWork, record_type: str, record_id: UUID) -> list[UUID]:
    statement = select(ProcessInstance.id).where(
        ProcessInstance.record_type == record_type,
        ProcessInstance.record_id == record_id,
        ProcessInstance.state == InstanceState.RUNNING,
        or_(
            exists().where(Timer.instance_id == ProcessInstance.id),
            exists().where(WorkItem.instance_id == ProcessInstance.id, _IS_OPEN),
        ),
    )
    return list(uow.session.scalars(statement))


def _refresh(uow: UnitOfWork, instance_id: UUID, arguments: dict[str, str]) -> None:
    instance = lock_instance(uow, instance_id)
    if instance.state != InstanceState.RUNNING:
        return
    if holds_back(uow, instance, Job(REFRESH, arguments)):
        return
    execution = open_execution(uow, instance)
    _move_tasks(uow, instance_id, execution.live_dates)
    if execution.has_moved_timers:
        carry_out(uow, instance, execution, lambda step: step.follow_dates())


def _move_tasks(
    uow: UnitOfWork, instance_id: UUID, dates: Mapping[str, Mapping[str, datetime | None]]
) -> None:
    """Write the dates of open tasks that are others now, in their queues too."""
    if not dates:
        return
    statement = select(WorkItem).where(WorkItem.instance_id == instance_id, _IS_OPEN)
    for task in uow.session.scalars(statement.with_for_update()):
        for name, value in dates.get(task.token_id, {}).items():
            setattr(task, name, value)
        sort_due_at = task.due_at or NEVER
        if sort_due_at != task.sort_due_at:
            task.sort_due_at = sort_due_at
            entries = update(QueueEntry).where(QueueEntry.work_item_id == task.id)
            uow.session.execute(entries.values(sort_due_at=sort_due_at))
    uow.session.flush()
