"""Timers that follow a record: its date changed while they were set."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import select

from processes.holding import holds_back
from processes.instance_tables import InstanceState, ProcessInstance, Timer
from processes.runtime import carry_out, lock_instance, open_execution
from services.actors import SYSTEM
from services.jobs import job
from services.platform import Platform
from services.timers import REFRESH
from services.unit_of_work import Job, UnitOfWork


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
        ProcessInstance.id.in_(select(Timer.instance_id)),
    )
    return list(uow.session.scalars(statement))


def _refresh(uow: UnitOfWork, instance_id: UUID, arguments: dict[str, str]) -> None:
    instance = lock_instance(uow, instance_id)
    if instance.state != InstanceState.RUNNING:
        return
    if holds_back(uow, instance, Job(REFRESH, arguments)):
        return
    execution = open_execution(uow, instance)
    if execution.has_moved_timers:
        carry_out(uow, instance, execution, lambda step: step.follow_dates())
