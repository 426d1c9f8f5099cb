"""Carrying out a change of many records: a slice a transaction, each record by its operation.

Each record is changed for itself, with the rights of who began it as they are by then. What refuses
is noted with the reason. A slice that was done is gone, so it is never done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert

from services.actors import SYSTEM, Permission
from services.batches import BEHIND
from services.bulk.model import BulkChange, BulkRefusal, BulkSlice, BulkStage
from services.errors import LanewiseError, NotAllowed
from services.jobs import job
from services.operations import check_allowed, run
from services.people.model import User
from services.platform import Platform
from services.records.many import naming, refusal
from services.unit_of_work import Job, UnitOfWork


@job("bulk.change")
def carry_out(platform: Platform, *, change_id: str) -> None:
    """Change the records of one slice, and leave the next to another job."""

    def work(uow: UnitOfWork) -> None:
        change = uow.session.get(BulkChange, UUID(change_id), with_for_update=True)
        if change is None or change.stage != BulkStage.RUNNING:
            return
        part = uow.session.get(BulkSlice, (change.id, change.position))
        if part is not None:
            try:
                starter = _as_starter(uow, change)
            except LanewiseError as error:
                _end(uow, change, BulkStage.FAILED, error.message)
                return
            change_slice(uow, starter, change, part.keys)
            uow.session.delete(part)
            change.position += 1
        if change.done < change.total and part is not None:
            uow.defer(next_slice(change))
        else:
            _end(uow, change, BulkStage.DONE)

    platform.transact(SYSTEM, work, source="job")


def change_slice(
    uow: UnitOfWork, starter: UnitOfWork, change: BulkChange, keys: Sequence[UUID]
) -> None:
    """Change some records in ``starter``'s name, and note how many that were and which refused.

    What follows from it waits behind what people do.
    """
    name_record = naming(change.record_type, change.operation)
    jobs = len(uow.jobs)
    refused = []
    for key in keys:
        try:
            with starter.savepoint():
                run(starter, change.operation, {**change.values, **name_record(key)})
        except LanewiseError as error:
            reason = refusal(change.record_type, error)
            refused.append({"change_id": change.id, "record_id": key, "reason": reason})
    if refused:
        uow.session.execute(insert(BulkRefusal), refused)
    for one in uow.jobs[jobs:]:
        one.priority = min(one.priority, BEHIND)
    change.done += len(keys)
    change.refused += len(refused)
    change.changed += len(keys) - len(refused)


def next_slice(change: BulkChange) -> Job:
    """Return the job of the slice that comes next: one after the other, behind people's work."""
    key = str(change.id)
    return Job("bulk.change", {"change_id": key}, lock=f"bulk:{key}", priority=BEHIND)


def _as_starter(uow: UnitOfWork, change: BulkChange) -> UnitOfWork:
    """Return the transaction as seen by who began the change.

    Raises:
        NotAllowed: That person may not do this any more.
    """
    if change.created_by is None:
        return uow
    user = uow.session.get(User, change.created_by)
    actor = user.actor() if user is not None and user.active else None
    if actor is None or not actor.may(Permission.RECORD_WRITE):
        raise NotAllowed("Who began this may not change records any more.")
    starter = uow.acting_as(actor)
    check_allowed(starter, change.operation)
    return starter


def _end(uow: UnitOfWork, change: BulkChange, stage: BulkStage, problem: str | None = None) -> Any:
    change.stage, change.ended_at, change.problem = stage, uow.now, problem
    return uow.session.execute(delete(BulkSlice).where(BulkSlice.change_id == change.id))
