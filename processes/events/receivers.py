"""Whom facts, messages and signals concern: what waits for them, and what begins with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, exists, select, union

from processes.deploying.definition_tables import ProcessStart
from processes.deploying.definitions import Definition, get_definition
from processes.events.parcels import Parcel, hash_key
from processes.running.instance_tables import InstanceState, ProcessInstance, Subscription
from services.keepable import keepable
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_NO_KEY = hash_key(None)

TRIED_AT_MOST = 20
"""How many who wait for a message are tried before it is looked for them anew."""


def receivers_of(uow: UnitOfWork, parcel: Parcel) -> list[tuple[UUID, str]]:
    """Return who waits for it, as instance and token, whose turn comes first at the head.

    A message is meant for another participant: who sent it is the last to be looked at.
    """
    statement = select(Subscription.instance_id, Subscription.token_id).where(_awaits(parcel))
    if parcel.kind == "signal" and parcel.sender is not None:
        # In the instance that threw it, it has happened already.
        statement = statement.where(Subscription.instance_id != parcel.sender)
    if parcel.kind == "message":
        sent_it = Subscription.instance_id.is_not_distinct_from(parcel.sender)
        names_none = Subscription.key_hash == _NO_KEY
        statement = statement.order_by(sent_it, names_none, Subscription.id).limit(TRIED_AT_MOST)
    else:
        statement = statement.order_by(Subscription.id)
    return [(row.instance_id, row.token_id) for row in uow.session.execute(statement)]


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
    concerned: Any = select(Subscription.instance_id).where(_awaits(parcel))
    if parcel.record_id is not None:
        running = ProcessInstance.state == InstanceState.RUNNING.value
        about = select(ProcessInstance.id).where(ProcessInstance.record_id == parcel.record_id)
        # A union, not a condition with "or", which would read every instance there ever was.
        concerned = union(concerned, about.where(running))
    statement = (
        select(ProcessInstance.version_id, ProcessInstance.record_id)
        .where(ProcessInstance.id.in_(concerned))
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
