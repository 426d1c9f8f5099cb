"""Messages, signals and facts on their way to processes, as jobs carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from processes.engine.correlation import correlation_text
from services.database import new_id
from services.unit_of_work import Job

FACT_KEPT = timedelta(days=7)
"""How long an instance may be underway by jobs, or suspended, and still learn of a fact that
happened meanwhile."""

THROWN_KEPT = timedelta(days=30)
"""How long what a diagram throws waits for its receiver: BPMN knows no end of it."""


@dataclass(frozen=True)
class Parcel:
    """One thing to be delivered.

    Attributes:
        kind: ``event`` is a fact, which everybody receives who waits for it or begins with it;
            ``message`` has one receiver and is kept for it; ``signal`` goes to everybody.
        keys: Names and values that tell a message from others of its name.
        record_type: Of the record that it is about or was sent from, if any.
        record_id: Likewise; it counts as a key where there is no other.
        sender: The instance that threw it; None if none did.
        sent_at: When it happened.
        kept_until: When it is dropped if nobody came to wait for it; None if at once.
        starts: Whether processes may begin by it; what waits for it receives it anyway.
    """

    id: UUID
    kind: str
    name: str
    payload: Mapping[str, Any]
    keys: Mapping[str, str]
    record_type: str | None
    record_id: UUID | None
    sender: UUID | None
    sent_at: datetime
    kept_until: datetime | None
    starts: bool = True

    @property
    def key_hashes(self) -> tuple[str, ...]:
        """What those who wait are found by, beside those who name no key."""
        if self.keys:
            found = (correlation_text(self.keys), *self.keys.values())
            return tuple(dict.fromkeys(hash_key(key) for key in found))
        return () if self.record_id is None else (hash_key(str(self.record_id)),)

    def as_args(self) -> dict[str, Any]:
        """Return the arguments of the job that delivers it."""
        return {
            "event_id": str(self.id),
            "kind": self.kind,
            "event": self.name,
            "payload": dict(self.payload),
            "keys": dict(self.keys),
            "record_type": self.record_type,
            "record_id": str(self.record_id) if self.record_id else None,
            "sender": str(self.sender) if self.sender else None,
            "sent_at": self.sent_at.isoformat(),
            "kept_until": self.kept_until.isoformat() if self.kept_until else None,
        }


def hash_key(key: str | None) -> str:
    """Return what a correlation key is indexed by; no key at all is one, too."""
    return sha256((key or "").encode()).hexdigest()


def delivery_of(parcel: Parcel) -> Job:
    """Return the job that delivers a parcel.

    What is about one record is delivered in its order, as are messages of the same name and key,
    and what one instance throws.
    """
    if parcel.record_id is not None:
        lock = f"record:{parcel.record_id}"
    elif parcel.sender is not None:
        lock = f"instance:{parcel.sender}"
    else:
        lock = f"message:{hash_key(correlation_text({**parcel.keys, '': parcel.name}))}"
    return Job("events.deliver", parcel.as_args(), lock=lock)


def read_parcel(args: Mapping[str, Any], now: datetime) -> Parcel:
    """Return what a job carries; one that was left by an earlier release lacks some of it."""
    sent_at = _moment(args.get("sent_at")) or now
    kind = args.get("kind", "event")
    kept = {"event": sent_at + FACT_KEPT, "message": sent_at + THROWN_KEPT}.get(kind)
    if "kept_until" in args:
        kept = _moment(args["kept_until"])
    key = args.get("key")
    return Parcel(
        id=UUID(args["event_id"]) if args.get("event_id") else new_id(),
        kind=kind,
        name=args["event"],
        payload=args["payload"],
        keys=args.get("keys") or ({} if key is None else {"key": key}),
        record_type=args.get("record_type") if args.get("record_id") else None,
        record_id=UUID(args["record_id"]) if args.get("record_id") else None,
        sender=UUID(args["sender"]) if args.get("sender") else None,
        sent_at=sent_at,
        kept_until=kept,
        starts=args.get("starts", True),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
