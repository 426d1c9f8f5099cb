"""Conditions over records: looked at when a record has changed, in its transaction or by a job.

A process begins when its condition comes to hold for a record (BPMN 2.0.2 §10.5.2): it did not
before the transaction, and does after it. That is seen before the commit, when both are known.
Instances that wait at a condition are looked at by a job, under their own locks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from processes.deploying.definitions import Definition, get_definition
from processes.engine import start_condition
from processes.events.holding import holds_back
from processes.events.record_starts import begin_by_records, events_of
from processes.running.host import InstanceFacts, InstanceHost
from processes.running.instance_tables import InstanceState, ProcessInstance
from processes.running.projection import look_job
from processes.running.runtime import carry_out, lock_instance, open_execution
from services.actors import SYSTEM
from services.changes import TouchedRecord, watcher
from services.database import new_id
from services.jobs import job
from services.platform import Platform
from services.records.types import LiveRecord, get_record_type
from services.unit_of_work import Cause, Job, UnitOfWork

# The kinds are written out, so that kept plans use the small indexes of such rows.
_CONCERNED = text(
    """
    SELECT DISTINCT i.id AS instance_id, CAST(NULL AS uuid) AS version_id,
           NULL AS element_id, NULL AS record_type, 'condition' AS kind
    FROM subscriptions AS s JOIN process_instances AS i ON i.id = s.instance_id
    WHERE s.kind = 'condition' AND i.state = 'running' AND i.record_id = ANY (:records)
    UNION ALL
    SELECT NULL, version_id, element_id, name, kind
    FROM process_starts WHERE kind IN ('conditional', 'record') AND name = ANY (:types)
    """
)


class RecordAsItWas(LiveRecord):
    """A record as expressions saw it before the transaction."""

    def __init__(self, uow: UnitOfWork, record: Any, before: Mapping[str, Any]) -> None:
        super().__init__(uow, record)
        self._before = before

    def value_of(self, name: str) -> Any:
        """Return what a field held."""
        return self._before[name] if name in self._before else super().value_of(name)


class HostOfRecord(InstanceHost):
    """What a start condition sees before there is an instance: the record alone."""

    def __init__(
        self, uow: UnitOfWork, definition: Definition, name: str, record: LiveRecord
    ) -> None:
        super().__init__(uow, definition, InstanceFacts(definition.id, None, uow.now))
        self._seen = {name: record}

    def live_names(self) -> Mapping[str, Any]:
        """Return the record under its type's name."""
        return self._seen


@watcher
def look_at_conditions(uow: UnitOfWork, touched: Sequence[TouchedRecord]) -> None:
    """Leave jobs for those whose conditions read one of these records, or that begin by one."""
    records = {record.record_id: record for record in touched}
    types = {record.record_type for record in touched}
    found = {"records": list(records), "types": list(types)}
    for row in uow.session.execute(_CONCERNED, found).all():
        if row.instance_id is not None:
            uow.defer(look_job(row.instance_id, uow.now))
        elif uow.starts_processes:
            concerned = [one for one in touched if one.record_type == row.record_type]
            _start_those(uow, row, concerned)


def _start_those(uow: UnitOfWork, row: Row[Any], touched: Sequence[TouchedRecord]) -> None:
    """Leave jobs for a start event that these records may concern."""
    if row.kind == "record":
        begin_by_records(uow, row, events_of(uow, touched))
        return
    for record in touched:
        if _comes_to_hold(uow, row, record):
            uow.defer(_start_job(row, record.record_id, uow.now))


@job("conditions.look")
def look_again(platform: Platform, *, instance_id: str, at: str) -> None:
    """Have an instance look at the conditions that it waits at."""

    def work(uow: UnitOfWork) -> None:
        instance = lock_instance(uow, UUID(instance_id))
        moment = datetime.fromisoformat(at)
        if instance.state != InstanceState.RUNNING:
            return
        if holds_back(uow, instance, look_job(instance.id, moment)):
            return
        _wait_for_changes(uow, instance)
        uow.cause = Cause(moment)
        carry_out(uow, instance, open_execution(uow, instance), lambda step: step.advance())

    platform.transact(SYSTEM, work, source="job")


def _wait_for_changes(uow: UnitOfWork, instance: ProcessInstance) -> None:
    """Wait for who is just changing the instance's record.

    He looked for waiting instances before his commit, and may not have seen this one.
    """
    if instance.record_type is not None and instance.record_id is not None:
        model = get_record_type(instance.record_type).model
        uow.session.get(model, instance.record_id, with_for_update={"read": True})


def _comes_to_hold(uow: UnitOfWork, start: Row[Any], touched: TouchedRecord) -> bool:
    """Tell whether a start condition holds for a record now, and did not before."""
    model = get_record_type(touched.record_type).model
    record = uow.session.get(model, touched.record_id)
    if record is None or not _holds(uow, start, LiveRecord(uow, record)):
        return False
    return touched.is_new or not _holds(uow, start, RecordAsItWas(uow, record, touched.before))


def _holds(uow: UnitOfWork, start: Row[Any], record: LiveRecord) -> bool:
    definition = get_definition(uow, start.version_id)
    host = HostOfRecord(uow, definition, start.record_type, record)
    return start_condition(definition.spec, start.element_id, host)


def _start_job(start: Row[Any], record_id: UUID, at: datetime) -> Job:
    arguments = {
        "version_id": str(start.version_id),
        "element_id": start.element_id,
        "record_id": str(record_id),
        "payload": {},
        "sent_at": at.isoformat(),
        "effect": f"conditions:{new_id()}",
    }
    return Job("events.start", arguments, lock=f"record:{record_id}")
