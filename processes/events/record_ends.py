"""What becomes of the processes of a record that is deleted, merged away, or comes back from that.

A process about a record that lies in the bin could neither read nor write it, so it is cancelled
in the transaction that deletes the record, whoever does it: a page, a program, an import that is
reverted. Two kinds go on: one that deletes its record itself, and one that waits for the deletion
(the event ``lead.deleted``), for its diagram says what is to be done then.

A merge is no deletion: the processes go on about the record that was kept (see
``services.records.merging``), and hear what is sent to that one from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, select, text

from processes.events.parcels import hash_key
from processes.running.instance_tables import InstanceState, ProcessInstance, Subscription
from processes.running.projection import look_job
from services.actors import Permission
from services.changes import TouchedRecord, watcher
from services.operations import run
from services.records.heirs import last_merges_of
from services.records.merging import Merge
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_RUNNING: Final = ProcessInstance.state == InstanceState.RUNNING.value

# Those that moved with a merge wait under the key of the record that they were about before.
_REKEY: Final = text(
    """
    UPDATE subscriptions AS s SET key_hash = :now_known_as
    FROM process_instances AS i
    WHERE i.id = s.instance_id AND i.record_id = :record AND i.state = 'running'
      AND s.key_hash = :known_as
    """
)


def ends_with(uow: UnitOfWork, keys: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the running instances that are cancelled when these records are deleted.

    Returns:
        The record that it is about, by each instance's key.
    """
    waits_for_it = exists().where(
        Subscription.instance_id == ProcessInstance.id,
        Subscription.kind == "message",
        Subscription.name == func.concat(ProcessInstance.record_type, ".deleted"),
    )
    statement = (
        select(ProcessInstance.id, ProcessInstance.record_id)
        .where(ProcessInstance.record_id.in_(keys), _RUNNING, ~waits_for_it)
        .order_by(ProcessInstance.id)
    )
    return {row.id: row.record_id for row in uow.session.execute(statement)}


def ended_with(uow: UnitOfWork, record: Any) -> int:
    """Return how many instances were cancelled when a record was put into the bin, where it is."""
    statement = select(func.count()).where(
        ProcessInstance.record_id == record.id,
        ProcessInstance.state == InstanceState.CANCELLED.value,
        ProcessInstance.ended_at == record.deleted_at,
    )
    return uow.session.scalar(statement) or 0


@watcher
def follow_records(uow: UnitOfWork, touched: Sequence[TouchedRecord]) -> None:
    """Cancel what ran for records that were deleted; let what moved with a merge go on."""
    found = {one.record_id: _record_of(uow, one) for one in touched if "deleted_at" in one.before}
    if not found:
        return
    for merge in last_merges_of(uow, found).values():
        _follow_merge(uow, merge)
    deleted = {key: one for key, one in found.items() if one is not None and one.deleted_at}
    if deleted:
        _cancel_all(uow, deleted)


def _record_of(uow: UnitOfWork, touched: TouchedRecord) -> Any | None:
    return uow.session.get(get_record_type(touched.record_type).model, touched.record_id)


def _cancel_all(uow: UnitOfWork, deleted: Mapping[UUID, Any]) -> None:
    """Cancel what is about these records, in the name of whoever deletes them.

    Who may delete a record may do so whatever runs for it, also without the right to cancel.
    """
    rights = uow.actor.permissions | {Permission.INSTANCE_OPERATE}
    entitled = uow.acting_as(replace(uow.actor.unlimited(), permissions=rights))
    deleters: Mapping[UUID, str] = uow.session.info.get("deleting_calls", {})
    for instance_id, record_id in ends_with(uow, deleted).items():
        if deleters.get(record_id, "").startswith(f"{instance_id}:"):
            continue
        record = deleted[record_id]
        label = get_record_type(record.record_type).label.lower()
        reason = f"The {label} that it was about was deleted by {record.deleted_by}."
        run(entitled, "instance.cancel", {"instance_id": str(instance_id), "reason": reason})


def _follow_merge(uow: UnitOfWork, merge: Merge) -> None:
    """Let instances that a merge, or its undo, moved to another record hear what it is told."""
    before, after = merge.dropped_id, merge.kept_id
    if merge.undone_at is not None:
        before, after = after, before
    known = {"known_as": hash_key(str(before)), "now_known_as": hash_key(str(after))}
    uow.session.execute(_REKEY, {**known, "record": after})
    # What their conditions read is another record now.
    waiting = select(Subscription.instance_id).where(Subscription.kind == "condition").distinct()
    about = waiting.join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
    moved = about.where(ProcessInstance.record_id == after, _RUNNING)
    for instance_id in uow.session.scalars(moved).all():
        uow.defer(look_job(instance_id, uow.now))
