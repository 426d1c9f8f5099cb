"""Facts, messages and signals on their way to processes: what starts by them, what receives them.

A fact (``event``) and a signal go to everybody: what begins with it and what waits for it. A
message has one receiver (BPMN 2.0.2 §8.4.2): who waits comes before who begins, and if there is
nobody it is kept until somebody comes to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from processes.deploying.definition_tables import ProcessStart
from processes.deploying.definitions import Definition, get_definition
from processes.events.buffer import find_for, hold_name, keep, look_again, note_receipt
from processes.events.holding import holds_back
from processes.events.parcels import Parcel, read_parcel
from processes.events.receivers import (
    hold_instances_about,
    is_awaited,
    may_come_to_wait,
    receivers_of,
    starts_by,
)
from processes.running.instance_tables import InstanceState, ProcessInstance
from processes.running.runtime import carry_out, lock_instance, open_execution, open_instance
from services.actors import SYSTEM
from services.database import new_id
from services.errors import Conflict, NotFound
from services.jobs import RetryLater, job, once
from services.platform import Platform
from services.records.types import get_record_type
from services.unit_of_work import Cause, Job, UnitOfWork

log = structlog.get_logger(__name__)

AHEAD = 1
"""The priority of what a delivery leaves to be done: before what happened later."""

LOOKS = 5
"""How often a message looks for its receiver if that comes and goes meanwhile."""


@job("events.deliver")
def deliver_event(platform: Platform, **args: Any) -> None:
    """Bring a fact, message or signal to those whom it is for, once.

    Args:
        platform: The program.
        args: See ``parcels.Parcel.as_args``.

    Raises:
        RetryLater: A message's receiver comes and goes too quickly.
    """
    attempts = [_hand_over, _buffer] * LOOKS if args.get("kind") == "message" else [_tell_all]
    for attempt in attempts:
        try:
            platform.transact(SYSTEM, partial(_deliver, args, attempt), source="job")
        except _UntakenError:
            continue
        return
    raise RetryLater(1)


@job("events.start")
def start_by_event(platform: Platform, **args: Any) -> None:
    """Start one process by an event, once."""
    _do_once(platform, Job("events.start", args))


@job("events.receive")
def receive_event(platform: Platform, **args: Any) -> None:
    """Bring an event to one instance that waits for it, once."""
    _do_once(platform, Job("events.receive", args))


@job("messages.match")
def match_messages(platform: Platform, *, instance_id: str) -> None:
    """Bring to an instance that waits the oldest of what is buffered for it, and look again."""

    def work(uow: UnitOfWork) -> None:
        instance = lock_instance(uow, UUID(instance_id))
        again = look_again(instance.id)
        if instance.state != InstanceState.RUNNING or holds_back(uow, instance, again):
            return
        found = find_for(uow, instance)
        if found is None:
            return
        token, payload = found.token, found.payload
        execution = open_execution(uow, instance)
        carry_out(uow, instance, execution, lambda step: step.receive(token, payload))
        uow.defer(again)

    platform.transact(SYSTEM, work, source="job")


class _UntakenError(Exception):
    """Nobody takes the message like this; what the attempt did is to be undone."""


def _deliver(
    args: Mapping[str, Any], attempt: Callable[[UnitOfWork, Parcel], None], uow: UnitOfWork
) -> None:
    parcel = read_parcel(args, uow.now)
    if args.get("event_id") is None or once(uow, f"event:{parcel.id}"):
        attempt(uow, parcel)


def _tell_all(uow: UnitOfWork, parcel: Parcel) -> None:
    """Tell everybody whom a fact or a signal concerns.

    A fact is kept besides for those instances about its record that may come to wait for it.
    """
    starts = list(starts_by(uow, parcel)) if parcel.starts else []
    message_id = None
    if parcel.kind == "event":
        concerned = hold_instances_about(uow, parcel)
        concerned += [get_definition(uow, start.version_id) for start, _ in starts]
        if parcel.record_id and any(may_come_to_wait(one, parcel.name) for one in concerned):
            keep(uow, parcel)
            message_id = str(parcel.id)
    beginning = [_start_job(*start, parcel, message_id) for start in starts]
    waiting = [_receipt_job(*one, parcel, message_id) for one in receivers_of(uow, parcel)]
    # Of a signal, who waits comes before who begins. A fact that ends an instance must not begin
    # the next one about the same record.
    targets = waiting + beginning if parcel.kind == "signal" else beginning + waiting
    if not targets:
        log.debug("event_dropped", event_name=parcel.name, record=parcel.record_id)
    elif len(targets) == 1:
        _do(uow, targets[0])
    else:
        # One that fails must not keep the others from their event.
        for target in targets:
            uow.defer(target)


def _hand_over(uow: UnitOfWork, parcel: Parcel) -> None:
    """Bring a message to the first who takes it.

    Raises:
        _UntakenError: Nobody does.
    """
    targets = [_receipt_job(*one, parcel) for one in receivers_of(uow, parcel)]
    targets += [_start_job(*one, parcel) for one in starts_by(uow, parcel)]
    if not any(_do(uow, target) for target in targets):
        raise _UntakenError


def _buffer(uow: UnitOfWork, parcel: Parcel) -> None:
    """Keep a message until somebody waits for it.

    Raises:
        _UntakenError: Somebody does by now.
    """
    hold_name(uow, parcel.name)
    if is_awaited(uow, parcel):
        raise _UntakenError
    if parcel.kept_until is not None and parcel.kept_until > uow.now:
        keep(uow, parcel)
    else:
        log.debug("message_dropped", message_name=parcel.name)


def _start_job(
    start: ProcessStart, record_id: UUID | None, parcel: Parcel, message_id: str | None = None
) -> Job:
    arguments = {
        "version_id": str(start.version_id),
        "element_id": start.element_id,
        "record_id": str(record_id) if record_id else None,
    }
    return _job("events.start", arguments, parcel, message_id)


def _receipt_job(
    instance_id: UUID, token_id: str, parcel: Parcel, message_id: str | None = None
) -> Job:
    arguments = {"instance_id": str(instance_id), "token_id": token_id}
    return _job("events.receive", arguments, parcel, message_id)


def _job(task: str, arguments: dict[str, Any], parcel: Parcel, message_id: str | None) -> Job:
    """Return the job that does one part of a delivery.

    What a fact leaves goes before the next fact about that record: what starts by the one may
    wait for the other. Those who hear a signal have nothing to do with one another.
    """
    arguments |= {
        "payload": dict(parcel.payload),
        "sent_at": parcel.sent_at.isoformat(),
        "message_id": message_id,
        "effect": f"{task}:{new_id()}",
    }
    if parcel.kind == "event" and parcel.record_id is not None:
        return Job(task, arguments, lock=f"record:{parcel.record_id}", priority=AHEAD)
    about = arguments.get("instance_id")
    return Job(task, arguments, lock=None if about is None else f"instance:{about}")


def _do_once(platform: Platform, target: Job) -> None:
    def work(uow: UnitOfWork) -> None:
        if once(uow, target.args["effect"]):
            _do(uow, target)

    platform.transact(SYSTEM, work, source="job")


def _do(uow: UnitOfWork, target: Job) -> bool:
    """Start or tell one instance; False if it does not want that any more."""
    uow.cause = _cause_of(uow, target.args)
    instance = (_start if target.task == "events.start" else _receive)(uow, target)
    if instance is not None and uow.cause.message_id is not None:
        note_receipt(uow, uow.cause.message_id, instance.id)
    return instance is not None


def _cause_of(uow: UnitOfWork, args: Mapping[str, Any]) -> Cause:
    sent_at, message_id = args.get("sent_at"), args.get("message_id")
    return Cause(
        datetime.fromisoformat(sent_at) if sent_at else uow.now,
        UUID(message_id) if message_id else None,
    )


def _start(uow: UnitOfWork, target: Job) -> ProcessInstance | None:
    args = target.args
    definition = get_definition(uow, UUID(args["version_id"]))
    record_id = UUID(args["record_id"]) if args["record_id"] else None
    if record_id is not None and not _is_there(uow, definition, record_id):
        log.debug("record_is_gone", process=definition.key, record=record_id)
        return None
    uow.session.info["start_depth"] = args.get("depth", 0)
    instance = open_instance(
        uow,
        definition,
        record_id=record_id,
        start_event=args["element_id"],
        payload=args["payload"],
    )
    if instance is None:
        log.debug("process_runs_already", process=definition.key, record=record_id)
    return instance


def _is_there(uow: UnitOfWork, definition: Definition, record_id: UUID) -> bool:
    """Tell whether a process may begin for a record, which is then held against its deletion.

    For one that was deleted since it came to this, nothing begins any more; by the deletion
    itself, and by what happens in the bin, it does.
    """
    model = get_record_type(definition.record_type or "").model
    held = {"read": True, "key_share": True}
    record = uow.session.get(model, record_id, with_for_update=held)
    if record is None or record.deleted_at is None or uow.cause is None:
        return record is not None
    return bool(uow.cause.at >= record.deleted_at)


def _receive(uow: UnitOfWork, target: Job) -> ProcessInstance | None:
    token, payload = target.args["token_id"], dict(target.args["payload"])
    try:
        instance = lock_instance(uow, UUID(target.args["instance_id"]))
        if not holds_back(uow, instance, _anew(target)):
            execution = open_execution(uow, instance)
            carry_out(uow, instance, execution, lambda step: step.receive(token, payload))
    except (Conflict, NotFound) as error:
        # Somebody else moved the instance on between our look and our lock.
        log.debug("event_came_late", instance=target.args["instance_id"], reason=error.message)
        return None
    return instance


def _anew(target: Job) -> Job:
    """Return the same job as one that is still to be done."""
    return Job(target.task, {**target.args, "effect": f"{target.task}:{new_id()}"})
