"""What has happened to the records of a batch: the entries of their timelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from services.scale.batches import Batch, Owner, Row
from services.scale.copying import key_at

ENTRIES: Final = 5_000
"""Of one whole batch, those of the beginning of each record included."""

_BEGINNINGS: Final = {
    "account": "Created account “{}”",
    "contact": "Created contact “{}”",
    "deal": "Opened deal “{}”",
    "lead": "Created lead “{}”",
    "request": "Created request “{}”",
}
_TITLES: Final = {"request": "subject"}
_LATER: Final = (
    ("note", "Note", "Called back; wants the offer by Friday."),
    ("note", "Note", "Asked for references of similar houses."),
    ("mail", "Mail sent: Your offer", "Thank you for your time today. The offer is attached."),
    ("mail", "Mail received: Re: Your offer", "Thanks, we will decide next week."),
    ("changed", "Changed Position from Buyer to Head of purchasing", None),
    ("changed", "Set City to Bergen", None),
    ("process", "Started: Follow up", None),
)
_LATEST: Final = timedelta(days=400)


def entries_of(batch: Batch, owners: Sequence[Owner], now: datetime, share: float) -> Iterator[Row]:
    """Yield the beginning of each record, the moves of deals, and then notes, mails and changes.

    A few records have most of them.
    """
    rng = Random(str(batch.accounts[0]["id"]))  # noqa: S311 - made-up notes guard nothing
    names: dict[UUID | None, str] = {owner.id: owner.name for owner in owners}
    told = 0
    records = list(_records(batch))
    for record_type, record in records:
        title = record[_TITLES.get(record_type, "name")]
        yield _entry(
            rng,
            names,
            record_type,
            record,
            record["created_at"],
            ("created", _BEGINNINGS[record_type].format(title), None),
        )
        told += 1
    for record, stay in _moves(batch):
        moved = ("stage", f"Moved to {stay['stage'].replace('_', ' ').capitalize()}", None)
        yield _entry(rng, names, "deal", record, stay["entered_at"], moved)
        told += 1
    for _ in range(told, round(ENTRIES * share)):
        record_type, record = records[int(len(records) * rng.random() ** 3)]
        span = min(now - record["created_at"], _LATEST)
        what = rng.choice(_LATER)
        yield _entry(
            rng, names, record_type, record, record["created_at"] + span * rng.random(), what
        )


def _records(batch: Batch) -> Iterator[tuple[str, Row]]:
    for record_type, rows in (
        ("account", batch.accounts),
        ("deal", batch.deals),
        ("contact", batch.contacts),
        ("lead", batch.leads),
        ("request", batch.requests),
    ):
        for row in rows:
            yield record_type, row


def _moves(batch: Batch) -> Iterator[tuple[Row, Row]]:
    deals = {deal["id"]: deal for deal in batch.deals}
    for stay in batch.stays:
        if stay["from_stage"] is not None:
            yield deals[stay["deal_id"]], stay


def _entry(  # noqa: PLR0917 - who, about what, when, in which words
    rng: Random,
    names: Mapping[UUID | None, str],
    record_type: str,
    record: Row,
    at: datetime,
    what: tuple[str, str, str | None],
) -> Row:
    kind, title, body = what
    details: dict[str, Any] = {}
    account = record["id"] if record_type == "account" else record.get("account_id")
    return {
        "id": key_at(at, rng),
        "at": at,
        "kind": kind,
        "actor_id": record["owner_id"],
        "actor_name": names.get(record["owner_id"], "Lanewise"),
        "title": title,
        "body": body,
        "details": details,
        "record_type": record_type,
        "record_id": record["id"],
        "record_title": record[_TITLES.get(record_type, "name")],
        "account_id": account,
    }
