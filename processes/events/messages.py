"""Sending messages and signals to processes from outside, and what is buffered of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from marshmallow import ValidationError, fields, validate
from sqlalchemy import delete, select

from processes.engine.timers import parse_duration
from processes.engine.waits import MAX_NAME
from processes.events.delivery_tables import BufferedMessage
from processes.events.parcels import Parcel, delivery_of
from processes.running.instance_tables import table_of
from processes.tasks.forms import MAX_DATA_BYTES
from services.actors import Permission
from services.database import new_id
from services.errors import Invalid, NotAllowed, NotFound
from services.jobs import once
from services.operations import Arguments, operation
from services.records.types import all_record_types, get_record
from services.unit_of_work import UnitOfWork

LISTED_AT_MOST = 500


class TimeToLive(fields.String):
    """An ISO 8601 duration, or nothing at all (``PT0S``)."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            parse_duration(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return text


class Send(Arguments):
    """What messages and signals have in common."""

    name = fields.String(
        required=True,
        validate=validate.Length(min=1, max=MAX_NAME),
        metadata={"title": "Name", "description": "As the diagrams have it"},
    )
    payload = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[A-Za-z_]\w*\Z")),
        load_default=dict,
        metadata={"title": "Variables", "description": "What the receiver gets"},
    )
    record_type = fields.String(
        load_default=None, allow_none=True, metadata={"title": "Record type"}
    )
    record_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"title": "Record", "description": "What it is about"},
    )


class CorrelateMessage(Send):
    """Arguments of ``message.correlate``."""

    keys = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=MAX_NAME)),
        load_default=dict,
        metadata={
            "title": "Correlation keys",
            "description": "By the name of the property; one of them, or all of them together, is "
            "the key of whoever is meant",
        },
    )
    time_to_live = TimeToLive(
        load_default="PT1H",
        metadata={
            "title": "Time to live",
            "description": "How long it is kept if nobody waits for it, such as PT1H",
        },
    )
    message_id = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=MAX_NAME),
        metadata={
            "title": "Message id",
            "description": "A second message of this name and id is not delivered, for 30 days",
        },
    )


class BroadcastSignal(Send):
    """Arguments of ``signal.broadcast``."""


class OfMessage(Arguments):
    """Arguments of ``message.delete``."""

    message_id = fields.UUID(required=True, metadata={"title": "Message"})


@dataclass(frozen=True)
class MessageItem:
    """A message that waits for its receiver."""

    id: UUID
    name: str
    keys: Mapping[str, Any]
    payload: Mapping[str, Any]
    record_type: str | None
    record_id: UUID | None
    sent_at: datetime
    expires_at: datetime


@operation("message.correlate", Permission.INSTANCE_OPERATE, CorrelateMessage)
def correlate_message(
    uow: UnitOfWork,
    *,
    name: str,
    keys: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    time_to_live: str = "PT1H",
    message_id: str | None = None,
    record_type: str | None = None,
    record_id: UUID | None = None,
) -> dict[str, Any]:
    """Send a message to the one process that waits for it, begins with it, or comes to wait.

    It is delivered by a job, at once. A process about a record that names no key of its own is
    found by its record.

    Returns:
        ``{"message_id", "is_new"}``: not new if a message of this name and id came before.

    Raises:
        Invalid: A key is no text, number or boolean, or the variables are not to be taken.
        NotFound: There is no such record.
    """
    if message_id is not None and not once(uow, f"message:{name}:{message_id}"):
        return {"message_id": message_id, "is_new": False}
    kept = parse_duration(time_to_live).after(uow.now, uow.platform.settings.timezone)
    found = {key: _key_text(key, value) for key, value in (keys or {}).items()}
    about = (record_type, record_id)
    parcel = _parcel(uow, name, payload, about, kind="message", keys=found, kept_until=kept)
    uow.defer(delivery_of(parcel))
    return {"message_id": message_id or str(parcel.id), "is_new": True}


@operation("signal.broadcast", Permission.INSTANCE_OPERATE, BroadcastSignal)
def broadcast_signal(
    uow: UnitOfWork,
    *,
    name: str,
    payload: Mapping[str, Any] | None = None,
    record_type: str | None = None,
    record_id: UUID | None = None,
) -> dict[str, Any]:
    """Send a signal to every process that waits for it or begins with it.

    Returns:
        ``{"signal_id"}``.

    Raises:
        Invalid: The variables are not to be taken.
        NotFound: There is no such record.
    """
    parcel = _parcel(uow, name, payload, (record_type, record_id), kind="signal")
    uow.defer(delivery_of(parcel))
    return {"signal_id": str(parcel.id)}


@operation("message.delete", Permission.INSTANCE_OPERATE, OfMessage)
def delete_message(uow: UnitOfWork, *, message_id: UUID) -> dict[str, Any]:
    """Drop a message that waits for its receiver.

    Returns:
        What it was: ``{"message_id", "name", "keys"}``.

    Raises:
        NotFound: It does not wait any more.
    """
    table = table_of(BufferedMessage)
    statement = (
        delete(table)
        .where(table.c.id == message_id, table.c.kind == "message")
        .returning(table.c.name, table.c["keys"].label("given"))
    )
    row = uow.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("This message does not wait any more.")
    return {"message_id": message_id, "name": row.name, "keys": row.given}


def list_messages(uow: UnitOfWork, name: str | None = None, limit: int = 200) -> list[MessageItem]:
    """Return the messages that wait for their receiver, oldest first, to who operates processes.

    Args:
        uow: Of whoever looks.
        name: Only those of this name.
        limit: At most so many.

    Raises:
        NotAllowed: The actor may not operate processes.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotAllowed("Messages are for administrators.")
    statement = (
        select(BufferedMessage)
        .where(BufferedMessage.kind == "message", BufferedMessage.expires_at > uow.now)
        .order_by(BufferedMessage.id)
        .limit(min(limit, LISTED_AT_MOST))
    )
    if name:
        statement = statement.where(BufferedMessage.name == name)
    return [
        MessageItem(
            id=row.id,
            name=row.name,
            keys=row.keys,
            payload=row.payload,
            record_type=row.record_type,
            record_id=row.record_id,
            sent_at=row.created_at,
            expires_at=row.expires_at,
        )
        for row in uow.session.scalars(statement)
    ]


def _parcel(
    uow: UnitOfWork,
    name: str,
    payload: Mapping[str, Any] | None,
    about: tuple[str | None, UUID | None],
    *,
    kind: str,
    keys: Mapping[str, str] | None = None,
    kept_until: datetime | None = None,
) -> Parcel:
    _check_payload(payload or {})
    record_type, record_id = about
    if (record_type is None) != (record_id is None):
        message = "Give the record's type and key, or neither."
        raise Invalid(message, {"record_id": [message]})
    if record_type is not None and record_id is not None:
        get_record(uow, record_type, record_id)
    return Parcel(
        id=new_id(),
        kind=kind,
        name=name,
        payload=payload or {},
        keys=keys or {},
        record_type=record_type,
        record_id=record_id,
        sender=None,
        sent_at=uow.now,
        kept_until=kept_until,
    )


def _check_payload(payload: Mapping[str, Any]) -> None:
    """Refuse what would hide a record from conditions, and more than a process takes."""
    taken = payload.keys() & {"instance", *(record.name for record in all_record_types())}
    message = ""
    if taken:
        message = f"{', '.join(sorted(taken))}: a process knows its record by this name."
    elif len(orjson.dumps(payload, default=str)) > MAX_DATA_BYTES:
        message = "These variables are more than a process takes."
    if message:
        raise Invalid("Please check the variables.", {"payload": [message]})


def _key_text(name: str, value: Any) -> str:
    """Return a key as the engine compares it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    message = "A key is a text, a number or a boolean."
    raise Invalid("Please check the keys.", {f"keys.{name}": [message]})
