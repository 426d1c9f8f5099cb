"""Which records are told with which others: an account with its deals, a contact with its leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select

from services.contracts.model import Contract
from services.contracts.subscription_model import Subscription
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.sales.model import Invoice, Order, Quote
from services.unit_of_work import UnitOfWork

OF_ACCOUNTS: Mapping[str, Any] = {
    "contact": Contact,
    "deal": Deal,
    "request": ServiceRequest,
    "contract": Contract,
    "subscription": Subscription,
    "quote": Quote,
    "order": Order,
    "invoice": Invoice,
}
"""Models of records that belong to an account and are told with it, by type."""


@dataclass(frozen=True, slots=True)
class Way:
    """By which links a record is told with another one.

    Attributes:
        record_type: Of what is told.
        model: That holds the links, and that the reader must see.
        told: Its column with the key of what is told.
        by: Its column with the key of the record with which that is told.
    """

    record_type: str
    model: Any
    told: str
    by: str


WAYS: Mapping[Any, tuple[Way, ...]] = {
    Account: (
        *(Way(name, model, "id", "account_id") for name, model in OF_ACCOUNTS.items()),
        Way("lead", Lead, "id", "account_id"),
        Way("lead", Deal, "lead_id", "account_id"),
    ),
    # A contact may come from leads of several teams; only those one sees, or whose deal, are told.
    Contact: (
        Way("lead", Lead, "id", "contact_id"),
        Way("lead", Deal, "lead_id", "contact_id"),
    ),
    Deal: (Way("lead", Deal, "lead_id", "id"),),
}


def told_with(
    uow: UnitOfWork, model: Any, is_meant: Callable[[Any], ColumnElement[bool]]
) -> list[tuple[str, Select[Any]]]:
    """Return which records are told with some of ``model``: their types, and queries of their keys.

    Only those count that the actor may see, or whose deal, by links of which none is hidden from
    the actor: else the story would tell what a hidden link leads to.

    Args:
        uow: Of the reader.
        model: Of the records whose story it is.
        is_meant: Makes of a column the condition that it holds the key of one of them.
    """
    found = []
    for way in WAYS.get(model, ()):
        hidden = uow.actor.hidden_fields(way.model.record_type)
        if hidden.isdisjoint({way.told, way.by}):
            told = getattr(way.model, way.told)
            keys: Select[Any] = uow.select(way.model).with_only_columns(told)
            keys = keys.where(is_meant(getattr(way.model, way.by)), told.is_not(None))
            found.append((way.record_type, keys))
    return found
