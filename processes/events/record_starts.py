"""Processes that begin when a record was created, changed, deleted or restored.

What a transaction did to its records is looked at before its commit, when both what they were and
what they are is known, and leaves one job for each process that begins by it. So a process begins
once for each change, or not at all if the change is rolled back.

A process that changes records can begin others like that, and itself. Each carries how many began
one by the other with no person in between; after ``MAX_DEPTH`` the next one becomes an incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import insert, select

from processes.deploying.definitions import get_definition
from processes.deploying.record_starts import RecordStart, read_record_start
from processes.running.instance_tables import Incident, table_of
from services.actors import SYSTEM
from services.changes import TouchedRecord
from services.database import new_id
from services.errors import Invalid
from services.filtering import matching_keys
from services.keepable import keepable
from services.records.types import RecordType, get_record_type
from services.unit_of_work import Job, UnitOfWork

log = structlog.get_logger(__name__)

MAX_DEPTH: Final = 10
CHAIN: Final = "chain_of_starts"
"""The code of the incident of a process that was not begun because it might have no end."""
UNREADABLE: Final = "unreadable_start"
"""The code of the incident of a start event that names what is there no longer."""

_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """What happened to a record in a transaction.

    Attributes:
        kind: ``created``, ``changed``, ``deleted`` or ``restored``.
        before: What the changed fields held.
    """

    kind: str
    record: Any
    before: dict[str, Any]


class RecordStarts:
    """The start events that were read, as long as their record type is as it was."""

    def __init__(self) -> None:
        self._read: dict[tuple[UUID, str], tuple[int, RecordStart]] = {}

    def get(self, uow: UnitOfWork, start: Any, record_type: RecordType) -> RecordStart:
        """Return what a start event waits for.

        Raises:
            Invalid: It names what is there no longer.
        """
        key = (start.version_id, start.element_id)
        revision, found = self._read.get(key, (None, None))
        if found is None or revision != record_type.revision:
            node = get_definition(uow, start.version_id).process.nodes[start.element_id]
            found = read_record_start(node.properties, record_type)
            self._read[key] = (record_type.revision, found)
        return found


def events_of(uow: UnitOfWork, touched: Iterable[TouchedRecord]) -> list[RecordEvent]:
    """Return what happened to each of the touched records, as far as anything did."""
    found = (_event_of(uow, one) for one in touched)
    return [event for event in found if event is not None]


def begin_by_records(uow: UnitOfWork, start: Any, events: Sequence[RecordEvent]) -> None:
    """Leave a job for each of ``events`` that begins the process of a start event.

    Args:
        uow: Whose transaction it happened in.
        start: A row with ``version_id``, ``element_id`` and ``record_type``.
        events: Of records of that type.
    """
    record_type = get_record_type(start.record_type)
    try:
        awaited = uow.platform.part(RecordStarts).get(uow, start, record_type)
        kept = [event for event in events if _concerns(awaited, event)]
        keys = matching_keys(uow.acting_as(SYSTEM), awaited.where, [event.record for event in kept])
    except Invalid as error:
        _note_unreadable(uow, start, error)
        return
    depth = uow.session.info.get("start_depth", 0)
    for event in kept:
        if event.record.id in keys:
            _begin(uow, start, event, depth)


def _event_of(uow: UnitOfWork, touched: TouchedRecord) -> RecordEvent | None:
    record_type = get_record_type(touched.record_type)
    record = uow.session.get(record_type.model, touched.record_id)
    if record is None:  # it was made in a part of the transaction that was undone
        return None
    if touched.is_new:
        return None if record.deleted_at else RecordEvent("created", record, {})
    if "deleted_at" in touched.before and touched.before["deleted_at"] != record.deleted_at:
        return RecordEvent("deleted" if record.deleted_at else "restored", record, {})
    before = {
        name: value
        for name, value in touched.before.items()
        if record_type.field(name) is not None and getattr(record, name) != value
    }
    return RecordEvent("changed", record, before) if before and not record.deleted_at else None


def _concerns(awaited: RecordStart, event: RecordEvent) -> bool:
    if event.kind not in awaited.events:
        return False
    is_any = event.kind != "changed" or not awaited.fields
    return is_any or not awaited.fields.isdisjoint(event.before)


def _begin(uow: UnitOfWork, start: Any, event: RecordEvent, depth: int) -> None:
    job = _start_job(uow, start, event, depth)
    if depth < MAX_DEPTH:
        uow.defer(job)
        return
    log.warning("chain_of_starts_ended", version=str(start.version_id), record=str(event.record.id))
    anew = {**job.args, "depth": 0}
    message = (
        f"It was not begun: {MAX_DEPTH} processes in a row have begun by what the last one did."
    )
    detail = (
        "Processes that change records begin one another here, perhaps without end. Narrow the "
        "start event by its fields or its filter. To try again begins it all the same."
    )
    shown = {"record_type": start.record_type, "record_id": str(event.record.id)}
    row = _incident(uow, start, message, detail, CHAIN)
    retry = {"task": job.task, "args": anew, "queue": job.queue, "lock": job.lock}
    row |= {"job": {**retry, "priority": job.priority, "id": None}, "data": shown}
    uow.session.execute(insert(table_of(Incident)), [row])


def _start_job(uow: UnitOfWork, start: Any, event: RecordEvent, depth: int) -> Job:
    change = {
        "event": event.kind,
        "by": uow.actor.name,
        "fields": sorted(event.before),
        "before": {name: _kept(value) for name, value in event.before.items()},
    }
    arguments = {
        "version_id": str(start.version_id),
        "element_id": start.element_id,
        "record_id": str(event.record.id),
        "payload": {"change": change},
        "sent_at": uow.now.isoformat(),
        "depth": depth,
        "effect": f"records:{new_id()}",
    }
    return Job("events.start", arguments, lock=f"record:{event.record.id}")


def _kept(value: Any) -> Any:
    """Return a value as a process variable holds it; of long texts the beginning."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    kept = keepable(value)
    return kept[:_LONGEST_TEXT] if isinstance(kept, str) else kept


def _note_unreadable(uow: UnitOfWork, start: Any, error: Invalid) -> None:
    """Record once that a start event waits for what is there no longer."""
    log.warning("record_start_unreadable", version=str(start.version_id), reason=str(error))
    known = select(Incident.id).where(
        Incident.version_id == start.version_id,
        Incident.element_id == start.element_id,
        Incident.code == UNREADABLE,
        Incident.resolved_at.is_(None),
    )
    if uow.session.scalars(known).first() is not None:
        return
    message = f"Nothing begins here any more: {error}"
    detail = "A field or a choice was taken away after the deployment. Deploy the process anew."
    row = _incident(uow, start, message, detail, UNREADABLE)
    uow.session.execute(insert(table_of(Incident)), [row])


def _incident(uow: UnitOfWork, start: Any, message: str, detail: str, code: str) -> dict[str, Any]:
    node = get_definition(uow, start.version_id).process.nodes.get(start.element_id)
    return {
        "id": new_id(),
        "instance_id": None,
        "version_id": start.version_id,
        "token_id": None,
        "element_id": start.element_id,
        "element_name": node.name if node else None,
        "message": message,
        "detail": detail,
        "code": code,
        "job": None,
        "data": {},
        "attempts": 1,
        "occurred_at": uow.now,
        "resolved_at": None,
        "resolved_by": None,
    }
