"""Facts and messages on their way to processes: what starts by them, what waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, select

from processes.definition_tables import ProcessStart
from processes.definitions import get_definition
from processes.holding import holds_back
from processes.instance_tables import InstanceState, ProcessInstance, Subscription
from processes.projection import hash_key
from processes.runtime import carry_out, lock_instance, open_execution, open_instance
from services.actors import SYSTEM
from services.database import new_id
from services.errors import Conflict, NotFound
from services.jobs import job, once
from services.platform import Platform
from services.unit_of_work import Job, UnitOfWork

log = structlog.get_logger(__name__)


@job("events.deliver")
def deliver_event(
    platform: Platform,
    *,
    event: str,
    record_type: str | None,
    record_id: str | None,
    payload: Mapping[str, Any],
    event_id: str | None = None,
    kind: str = "message",
    key: str | None = None,
) -> None:
    """Bring an event to every process that begins with it or waits for it.

    What nobody waits for is dropped.

    Args:
        platform: The program.
        event: The name of the message or signal.
        record_type: Of the record that it is about, if any.
        record_id: Likewise.
        payload: Becomes variables.
        event_id: Makes a second delivery harmless.
        kind: ``message`` or ``signal``.
        key: A thrown message's correlation key; an event's is its record.
    """
    keys = tuple({hash_key(key or record_id), hash_key(None)})
    found = _Event(kind, event, record_type if record_id else None, record_id, keys, payload)

    def work(uow: UnitOfWork) -> None:
        if event_id is not None and not once(uow, f"event:{event_id}"):
            return
        jobs = [*_starting(uow, found), *_receiving(uow, found)]
        if not jobs:
            log.debug("event_dropped", event_name=event, record=record_id)
        elif len(jobs) == 1:
            _do_now(uow, jobs[0])
        else:
            # One that fails must not keep the others from their event.
            for target in jobs:
                uow.defer(target)

    platform.transact(SYSTEM, work, source="job")


@job("events.start")
def start_by_event(
    platform: Platform,
    *,
    version_id: str,
    element_id: str,
    record_id: str | None,
    payload: Mapping[str, Any],
    effect: str,
) -> None:
    """Start one process by an event, once."""

    def work(uow: UnitOfWork) -> None:
        if once(uow, effect):
            _start(uow, version_id, element_id, record_id, payload)

    platform.transact(SYSTEM, work, source="job")


@job("events.receive")
def receive_event(
    platform: Platform,
    *,
    instance_id: str,
    token_id: str,
    payload: Mapping[str, Any],
    effect: str,
) -> None:
    """Bring an event to one instance that waits for it, once."""

    def work(uow: UnitOfWork) -> None:
        if once(uow, effect):
            _receive(uow, instance_id, token_id, payload)

    platform.transact(SYSTEM, work, source="job")


@dataclass(frozen=True)
class _Event:
    """An event on its way; ``keys`` are hashed."""

    kind: str
    name: str
    record_type: str | None
    record_id: str | None
    keys: tuple[str, ...]
    payload: Mapping[str, Any]


def _starting(uow: UnitOfWork, event: _Event) -> list[Job]:
    statement = select(ProcessStart).where(
        ProcessStart.kind == event.kind, ProcessStart.name == event.name
    )
    jobs = []
    for start in uow.session.scalars(statement):
        definition = get_definition(uow, start.version_id)
        if definition.record_type not in {None, event.record_type}:
            log.warning("event_about_another_record", event_name=event.name, process=definition.key)
            continue
        linked = event.record_id if definition.record_type else None
        arguments = {
            "version_id": str(start.version_id),
            "element_id": start.element_id,
            "record_id": linked,
            "payload": event.payload,
        }
        jobs.append(_job("events.start", arguments))
    return jobs


def _receiving(uow: UnitOfWork, event: _Event) -> list[Job]:
    if event.kind == "message":
        _wait_for_steps(uow, event)
    statement = _waiting_for(event, Subscription.instance_id, Subscription.token_id)
    rows = uow.session.execute(statement.order_by(Subscription.id))
    return [
        _job(
            "events.receive",
            {
                "instance_id": str(row.instance_id),
                "token_id": row.token_id,
                "payload": event.payload,
            },
        )
        for row in rows
    ]


def _wait_for_steps(uow: UnitOfWork, event: _Event) -> None:
    """Hold the instances that an event may concern, so that it finds what they wait for next.

    One that is just being moved on, by a person or by the message before, may come back to
    waiting for the same; between two steps it would miss the message.
    """
    keys = set(uow.session.scalars(_waiting_for(event, Subscription.instance_id)))
    if event.record_id is not None:
        about = ProcessInstance.record_id == UUID(event.record_id)
        running = ProcessInstance.state == InstanceState.RUNNING.value
        keys.update(uow.session.scalars(select(ProcessInstance.id).where(about, running)))
    if keys:
        held = select(ProcessInstance.id).where(ProcessInstance.id.in_(keys))
        uow.session.execute(held.order_by(ProcessInstance.id).with_for_update()).all()


def _waiting_for(event: _Event, *columns: Any) -> Select[Any]:
    statement = select(*columns).where(
        Subscription.name == event.name, Subscription.kind == event.kind
    )
    if event.kind == "message":
        statement = statement.where(Subscription.key_hash.in_(event.keys))
    return statement


def _job(task: str, arguments: dict[str, Any]) -> Job:
    return Job(task, {**arguments, "effect": f"{task}:{new_id()}"})


def _do_now(uow: UnitOfWork, target: Job) -> None:
    """Do a single target in the same transaction instead of by another job."""
    arguments = {name: value for name, value in target.args.items() if name != "effect"}
    if target.task == "events.start":
        _start(uow, **arguments)
    else:
        _receive(uow, **arguments)


def _start(
    uow: UnitOfWork,
    version_id: str,
    element_id: str,
    record_id: str | None,
    payload: Mapping[str, Any],
) -> None:
    definition = get_definition(uow, UUID(version_id))
    instance = open_instance(
        uow,
        definition,
        record_id=UUID(record_id) if record_id else None,
        start_event=element_id,
        payload=payload,
    )
    if instance is None:
        log.debug("process_runs_already", process=definition.key, record=record_id)


def _receive(uow: UnitOfWork, instance_id: str, token_id: str, payload: Mapping[str, Any]) -> None:
    arguments = {"instance_id": instance_id, "token_id": token_id, "payload": payload}
    try:
        instance = lock_instance(uow, UUID(instance_id))
        if holds_back(uow, instance, _job("events.receive", arguments)):
            return
        execution = open_execution(uow, instance)
        carry_out(uow, instance, execution, lambda step: step.receive(token_id, dict(payload)))
    except (Conflict, NotFound) as error:
        # Somebody else moved the instance on between our look and our lock.
        log.debug("event_came_late", instance=instance_id, reason=error.message)
