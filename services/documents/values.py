"""The values that templates are given: plain texts, numbers and dates, and nothing more."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from services.crm.deal_model import Deal
from services.crm.request_links import make_link
from services.crm.request_model import ServiceRequest
from services.people.model import User
from services.people.organization import Organization, get_organization
from services.sales.positions import positions_of
from services.records.types import get_record_type, title_of
from services.unit_of_work import UnitOfWork

VALUE_NAMES = frozenset(
    {"organization", "sender", "today", "now", "record", "lead", "deal", "request", "account"}
    | {"contact", "owner", "positions", "totals", "valid_until", "link", "status_link", "message"}
)
_CENT = Decimal("0.01")


def values_for(uow: UnitOfWork, record: Any, message: str | None = None) -> dict[str, Any]:
    """Return what a template about ``record`` is given; names that don't apply are absent.

    ``message`` is the text of the mail that a mail template is wrapped around.
    """
    organization = get_organization(uow)
    base = uow.platform.settings.public_url
    local_now = uow.now.astimezone(uow.platform.settings.timezone)
    shown = _plain(uow, record)
    values: dict[str, Any] = {
        "organization": _organization(organization),
        "sender": _sender(uow),
        "today": local_now.date(),
        "now": uow.now,
        "record": shown,
        record.record_type: shown,
        "link": f"{base}/{record.record_type}s/{record.id}",
        "message": message,
        **_related(uow, record),
    }
    if isinstance(record, Deal):
        positions = positions_of(uow, record)
        values["positions"] = positions
        values["totals"] = _totals(record, organization)
        values["valid_until"] = local_now.date() + timedelta(days=organization.offer_valid_days)
    if isinstance(record, ServiceRequest):
        token = make_link(uow.platform.settings, record.id)
        values["status_link"] = f"{base}/status/{token}"
    return values


def _plain(uow: UnitOfWork, record: Any) -> dict[str, Any]:
    """Return a record's fields with labels for choices and texts for keys.

    What is hidden from a person does not get into what the person makes.
    """
    shown: dict[str, Any] = {"id": str(record.id), "title": title_of(record)}
    for field in uow.readable_fields(get_record_type(record.record_type)):
        value = getattr(record, field.name)
        if field.choices is not None and value is not None:
            shown[f"{field.name}_label"] = field.choices.get(value, value)
        shown[field.name] = str(value) if isinstance(value, UUID) else value
    return shown


def _related(uow: UnitOfWork, record: Any) -> dict[str, Any]:
    """Return the records one step away by their relation's name, and the owner."""
    related: dict[str, Any] = {}
    for field in uow.readable_fields(get_record_type(record.record_type)):
        name = field.name.removesuffix("_id")
        key = getattr(record, field.name)
        if field.relation is None or name not in VALUE_NAMES or key is None:
            continue
        if field.relation == "user":
            related[name] = _person(uow, key)
        else:
            found = uow.session.get(get_record_type(field.relation).model, key)
            related[name] = None if found is None else _plain(uow, found)
    return related


def _person(uow: UnitOfWork, key: UUID) -> dict[str, str] | None:
    user = uow.session.get(User, key)
    return None if user is None else {"name": user.name, "email": user.email}


def _sender(uow: UnitOfWork) -> dict[str, str]:
    """Return who acts: a person with its address, or just a name."""
    person = _person(uow, uow.actor.user_id) if uow.actor.user_id is not None else None
    return person or {"name": uow.actor.name, "email": ""}


def _organization(organization: Organization) -> dict[str, Any]:
    names = ("name", "address", "email", "phone", "website", "registration", "bank", "terms")
    return {name: getattr(organization, name) for name in names}


def _totals(deal: Deal, organization: Organization) -> dict[str, Any]:
    tax = (deal.amount * organization.tax_percent / 100).quantize(_CENT, ROUND_HALF_UP)
    return {
        "net": deal.amount,
        "tax_name": organization.tax_name,
        "tax_percent": organization.tax_percent,
        "tax": tax,
        "gross": deal.amount + tax,
        "currency": deal.currency,
    }
