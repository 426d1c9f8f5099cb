"""Messages that wait for somebody to wait for them.

Who buffers a message and who comes to wait for it could miss one another, each looking before
the other has committed. So both lock the message's name: those who come to wait share the lock;
who buffers has it alone, looks once more, and holds no instance meanwhile.

A fact about a record is kept for the instances about it and needs no such lock: who delivers it
holds those instances, as does whoever moves one of them on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from processes.engine import Execution
from processes.events.delivery_tables import BufferedMessage, MessageReceipt
from processes.events.parcels import Parcel, hash_key
from processes.running.instance_tables import ProcessInstance, Subscription, table_of
from processes.running.projection import subscription_key, waiting_after
from services.database import to_json_text
from services.keepable import keepable
from services.unit_of_work import Job, UnitOfWork
from services.upkeep import each_hour

TAKEN_AT_ONCE = 50
"""How many buffered messages one step takes; the next ones are taken by a job."""

_LOCK_SHARED = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('message:' || name, 0)) "
    "FROM unnest(CAST(:names AS text[])) AS name"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('message:' || :name, 0))")

# A message goes to whom its key names, and to any who names none; a fact only to who is about
# its record. The row is held, so that of two who come to wait at once one takes it.
_FIND = text(
    """
    SELECT s.token, m.id, m.kind, m.payload
    FROM jsonb_to_recordset(CAST(:waits AS jsonb)) AS s(token text, name text, key text)
    JOIN messages AS m ON m.name = s.name
    WHERE m.expires_at > :now
      AND (m.kind = 'message' AND (s.key = :no_key OR s.key = ANY (m.key_hashes))
        OR m.kind = 'event' AND m.record_id = CAST(:record AS uuid)
          AND s.key IN (:no_key, :record_key)
          AND m.id IS DISTINCT FROM CAST(:heard AS uuid)
          AND m.created_at >= CAST(:since AS timestamptz)
          AND NOT EXISTS (SELECT FROM message_receipts AS r
                          WHERE r.message_id = m.id AND r.instance_id = :instance))
    ORDER BY m.id
    LIMIT 1
    FOR UPDATE OF m
    """
)
_PRUNE = text("DELETE FROM messages WHERE expires_at <= :now")

Wait = Mapping[str, str]
"""What is waited for: ``token``, ``name`` and ``key`` (hashed)."""


def hold_name(uow: UnitOfWork, name: str) -> None:
    """Let nobody come to wait for messages of this name until the commit.

    Those who are just doing so are waited for; look for receivers after it. No instance may be
    held when this is called.
    """
    uow.session.execute(_LOCK, {"name": keepable(name)})


def keep(uow: UnitOfWork, parcel: Parcel) -> None:
    """Buffer a message or a fact; the name of a message is held."""
    uow.session.execute(
        insert(table_of(BufferedMessage)).values(
            id=parcel.id,
            kind=parcel.kind,
            name=keepable(parcel.name),
            keys=dict(parcel.keys),
            key_hashes=list(parcel.key_hashes),
            payload=dict(parcel.payload),
            record_type=parcel.record_type,
            record_id=parcel.record_id,
            created_at=parcel.sent_at,
            expires_at=parcel.kept_until,
        )
    )


def note_receipt(uow: UnitOfWork, message_id: UUID, instance_id: UUID) -> None:
    """Keep an instance from receiving a buffered fact again."""
    row = {"message_id": message_id, "instance_id": instance_id}
    uow.session.execute(upsert(MessageReceipt).values(row).on_conflict_do_nothing())


def receive_buffered(uow: UnitOfWork, instance: ProcessInstance, execution: Execution) -> None:
    """Bring to an instance what was buffered for what it has just come to wait for.

    Args:
        uow: Of the step. Facts are brought that have happened since its cause; none if a person
            moved the instance on.
        instance: Locked.
        execution: After the step's command, not yet written.
    """
    if instance.suspended_at is not None:
        return
    for _ in range(TAKEN_AT_ONCE):
        waits = _opened(instance, execution)
        found = _find(uow, instance, waits) if waits else None
        if found is None:
            return
        _take_out(uow, instance, found)
        execution.receive(found.token, found.payload)
    uow.defer(look_again(instance.id))


def find_for(uow: UnitOfWork, instance: ProcessInstance) -> Row[Any] | None:
    """Take out and return the oldest message for a waiting instance: ``token`` and ``payload``."""
    statement = select(
        Subscription.token_id.label("token"), Subscription.name, Subscription.key_hash.label("key")
    ).where(Subscription.instance_id == instance.id, Subscription.kind == "message")
    waits = [dict(row._mapping) for row in uow.session.execute(statement)]  # noqa: SLF001 - its documented way to a dict
    found = _find(uow, instance, waits) if waits else None
    if found is not None:
        _take_out(uow, instance, found)
    return found


def look_again(instance_id: UUID) -> Job:
    """Return the job that brings to an instance what is buffered for it."""
    return Job("messages.match", {"instance_id": str(instance_id)}, lock=f"instance:{instance_id}")


@each_hour
def prune_messages(uow: UnitOfWork) -> int:
    """Drop the messages whose time is over, and return how many those were."""
    result: Any = uow.session.execute(_PRUNE, {"now": uow.now})
    return int(result.rowcount)


def _opened(instance: ProcessInstance, execution: Execution) -> list[Wait]:
    """Return what the step came to wait for and still does."""
    return [
        {
            "token": change.token_id,
            "name": keepable(change.name),
            "key": subscription_key(instance, change),
        }
        for change in waiting_after(execution.changes).subscriptions.values()
        if change.kind == "message"
    ]


def _find(uow: UnitOfWork, instance: ProcessInstance, waits: Sequence[Wait]) -> Row[Any] | None:
    """Return the oldest message for one of ``waits``, held to the commit."""
    # In a statement of its own: the next one sees what was committed while this one waited.
    names = sorted({wait["name"] for wait in waits})
    uow.session.execute(_LOCK_SHARED, {"names": names})
    record, cause = instance.record_id, uow.cause
    return uow.session.execute(
        _FIND,
        {
            "waits": to_json_text(waits),
            "now": uow.now,
            "since": cause.at if cause else None,
            "heard": cause.message_id if cause else None,
            "record": record,
            "record_key": hash_key(None if record is None else str(record)),
            "no_key": hash_key(None),
            "instance": instance.id,
        },
    ).one_or_none()


def _take_out(uow: UnitOfWork, instance: ProcessInstance, found: Row[Any]) -> None:
    if found.kind == "event":
        note_receipt(uow, found.id, instance.id)
        return
    table = table_of(BufferedMessage)
    uow.session.execute(delete(table).where(table.c.id == found.id))
