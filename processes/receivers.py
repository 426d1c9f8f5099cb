"""Whom facts, messages and signals concern: what waits for them, and what begins with them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, exists, or_, select

from processes.definition_tables import ProcessStart
from processes.definitions import Definition, get_definition
from processes.instance_tables import InstanceState, ProcessInstance, Subscription
from processes.parcels import Parcel, hash_key
from services.keepable import keepable
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_NO_KEY = hash_key(None)


def receivers_of(uow: UnitOfWork, parcel: Parcel) -> list[tuple[UUID, str]]:
    """Return who waits for it, as instance and token, whose turn comes first at the head.

    A message is meant for another participant: who sent it is the last to be looked at.
    """
    statement = (
        select(Subscription.instance_id, Subscription.token_id, Subscription.key_hash)
        .where(_awaits(parcel))
        .order_by(Subscription.id)
    )
    if parcel.kind == "signal" and parcel.sender is not None:
        # In the instance that threw it, it has happened already.
        statement = statement.where(Subscription.instance_id != parcel.sender)
    rows = uow.session.execute(statement).all()
    ordered = sorted(
        rows, key=lambda row: (row.instance_id == parcel.sender, row.key_hash == _NO_KEY)
    )
    return [(row.instance_id, row.token_id) for row in ordered]


def is_awaited(uow: UnitOfWork, parcel: Parcel) -> bool:
    """Tell whether anybody waits for it now."""
    return bool(uow.session.scalar(select(exists().where(_awaits(parcel)))))


def starts_by(uow: UnitOfWork, parcel: Parcel) -> Iterator[tuple[ProcessStart, UUID | None]]:
    """Yield the start events that it fits, each with the record that the instance is about."""
    kind = "signal" if parcel.kind == "signal" else "message"
    statement = (
        select(ProcessStart)
        .where(ProcessStart.kind == kind, ProcessStart.name == keepable(parcel.name))
        .order_by(ProcessStart.process_key, ProcessStart.id)
    )
    for start in uow.session.scalars(statement):
        definition = get_definition(uow, start.version_id)
        if definition.record_type not in {None, parcel.record_type}:
            log.warning(
                "event_about_another_record", event_name=parcel.name, process=definition.key
            )
            continue
        if "#" in start.element_id and _is_gathered(uow, start, parcel):
            continue
        yield start, parcel.record_id if definition.record_type else None


def _is_gathered(uow: UnitOfWork, start: ProcessStart, parcel: Parcel) -> bool:
    """Tell whether an instance that another of several events has begun waits for this one."""
    element_id = start.element_id.partition("#")[0]
    statement = (
        select(Subscription.id)
        .join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
        .where(_awaits(parcel), Subscription.element_id == element_id)
        .where(ProcessInstance.version_id == start.version_id)
    )
    return uow.session.scalars(statement.limit(1)).first() is not None


def hold_instances_about(uow: UnitOfWork, parcel: Parcel) -> list[Definition]:
    """Hold the instances that a fact may concern, and return what those about its record run.

    One that is just being moved on, by a person or by the message before, may come back to
    waiting for the same; between two steps it would miss the fact.
    """
    waiting = select(Subscription.instance_id).where(_awaits(parcel))
    concerned: ColumnElement[bool] = ProcessInstance.id.in_(waiting)
    if parcel.record_id is not None:
        running = ProcessInstance.state == InstanceState.RUNNING.value
        about = and_(ProcessInstance.record_id == parcel.record_id, running)
        concerned = or_(concerned, about)
    statement = (
        select(ProcessInstance.version_id, ProcessInstance.record_id)
        .where(concerned)
        .order_by(ProcessInstance.id)
        .with_for_update()
    )
    rows = uow.session.execute(statement).all()
    versions = {row.version_id for row in rows if row.record_id == parcel.record_id}
    return [get_definition(uow, version) for version in versions]


def may_come_to_wait(definition: Definition, name: str) -> bool:
    """Tell whether an instance may wait for messages of this name, sooner or later.

    A process that it calls is not looked into: what that waits for, it may.
    """
    if definition.called:
        return True
    events = (
        event
        for node in definition.process.nodes.values()
        if node.type != "startEvent" or node.parent_id is not None
        for event in node.events or (node.event,)
    )
    return any(
        event.kind == "message" and (event.name == name or event.name.startswith("="))
        for event in events
    )


def _awaits(parcel: Parcel) -> ColumnElement[bool]:
    kind = "signal" if parcel.kind == "signal" else "message"
    named = and_(Subscription.name == keepable(parcel.name), Subscription.kind == kind)
    if kind == "signal":
        return named
    return and_(named, Subscription.key_hash.in_([*parcel.key_hashes, _NO_KEY]))
