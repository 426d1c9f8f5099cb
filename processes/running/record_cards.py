"""What a list of tasks or instances shows of the records they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm.util import identity_key

from services.records.types import get_record_type, title_of
from services.unit_of_work import UnitOfWork

Reference: TypeAlias = tuple[str, UUID]


@dataclass(frozen=True)
class Card:
    """A record in a line.

    Attributes:
        customer: The account's name, or what is known of a customer without one.
        stage: The stage or status as people read it.
    """

    title: str
    customer: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    stage: str | None = None


def load_cards(uow: UnitOfWork, references: Iterable[Reference]) -> dict[Reference, Card]:
    """Return the cards of the records that exist; one statement a type, one for all accounts.

    What was read before in this transaction, such as the record of a page, is not read again.
    """
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for record_type, key in references:
        wanted[record_type].add(key)
    records: dict[Reference, Any] = {}
    for record_type, keys in wanted.items():
        for record in _records(uow, get_record_type(record_type).model, keys):
            records[record_type, record.id] = record
    accounts = _account_names(uow, records.values())
    return {reference: _card(uow, record, accounts) for reference, record in records.items()}


def _records(uow: UnitOfWork, model: type[Any], keys: set[UUID]) -> list[Any]:
    there = (uow.session.identity_map.get(identity_key(model, key)) for key in keys)
    found = [record for record in there if record is not None]
    missing = keys - {record.id for record in found}
    if missing:
        found += uow.session.scalars(select(model).where(model.id.in_(missing)))
    return found


def _account_names(uow: UnitOfWork, records: Iterable[Any]) -> dict[UUID, str]:
    keys = {key for record in records if (key := getattr(record, "account_id", None))}
    if not keys:
        return {}
    account = get_record_type("account").model
    rows = uow.session.execute(select(account.id, account.name).where(account.id.in_(keys)))
    return {row.id: row.name for row in rows}


def _card(uow: UnitOfWork, record: Any, accounts: dict[UUID, str]) -> Card:
    hidden = uow.actor.hidden_fields(record.record_type)

    def seen(name: str) -> Any:
        return None if name in hidden else getattr(record, name, None)

    known = seen("company") or seen("requester_name")
    return Card(
        title=title_of(record),
        customer=accounts.get(seen("account_id") or record.id, known),
        amount=seen("amount"),
        currency=seen("currency"),
        stage=_label(record, "stage", seen) or _label(record, "status", seen),
    )


def _label(record: Any, name: str, seen: Callable[[str], Any]) -> str | None:
    value = seen(name)
    if value is None:
        return None
    field = get_record_type(record.record_type).field(name)
    return field.choices.get(value, value) if field and field.choices else str(value)
