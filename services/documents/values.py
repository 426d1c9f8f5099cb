"""The values that templates are given: plain texts, numbers and dates, and nothing more.

Who makes a document or a mail decides what is in it: the fields that this actor may see. A process
sees all. Records that the record is linked to are filled in with those of their fields that the
actor may see, whoever they belong to: a letter to a client needs the client's address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.crm.deal_model import Deal
from services.crm.request_links import make_link
from services.crm.request_model import ServiceRequest
from services.days import local_now
from services.money import Totals
from services.people.model import User
from services.people.organization import Organization, get_organization
from services.records.types import Field, find_relation, get_record_type, title_of
from services.sales.lines import lines_of, sees_prices, totals_of
from services.sales.model import LINES, Invoice
from services.sales.positions import positions_of, totals_of_positions
from services.sales.product_model import TAX_CATEGORIES
from services.unit_of_work import UnitOfWork

VALUE_NAMES = frozenset(
    {"organization", "sender", "today", "now", "record", "lead", "deal", "request", "account"}
    | {"contact", "owner", "positions", "totals", "valid_until", "link", "status_link", "message"}
)
RESERVED: Final = frozenset(
    {"organization", "sender", "today", "now", "record", "positions", "totals", "valid_until"}
    | {"link", "status_link", "message"}
)
"""Names that no field can take, whatever it points to."""

ORGANIZATION: Final = (
    *("name", "address", "email", "phone", "website", "registration", "tax_number", "bank"),
)
POSITION: Final = ("title", "description", "quantity", "unit", "unit_price", "discount_percent")


def values_for(uow: UnitOfWork, record: Any, message: str | None = None) -> dict[str, Any]:
    """Return what a template about ``record`` is given; names that don't apply are absent.

    ``message`` is the text of the mail that a mail template is wrapped around.
    """
    organization = get_organization(uow)
    base = uow.platform.settings.public_url
    now_here = local_now(uow)
    shown = _plain(uow, record)
    values: dict[str, Any] = {
        **_related(uow, record),
        "organization": _organization(organization),
        "sender": _sender(uow),
        "today": now_here.date(),
        "now": uow.now,
        "record": shown,
        record.record_type: shown,
        "link": f"{base}/{record.record_type}s/{record.id}",
        "message": message,
    }
    if isinstance(record, Deal):
        values |= _of_deal(uow, record, organization)
        values["valid_until"] = now_here.date() + timedelta(days=organization.offer_valid_days)
    if record.record_type in LINES:
        values |= _of_paper(uow, record, organization)
        values["valid_until"] = shown.get("valid_until")
    if isinstance(record, ServiceRequest):
        token = make_link(uow.platform.settings, record.id)
        values["status_link"] = f"{base}/status/{token}"
    return values


def related_fields(fields: tuple[Field, ...]) -> dict[str, Field]:
    """Return those of a type's fields that point to something with values, by its name."""
    return {
        field.related_name: field
        for field in fields
        if field.relation is not None
        and field.relation != "document"
        and field.related_name not in RESERVED
    }


def _plain(uow: UnitOfWork, record: Any) -> dict[str, Any]:
    """Return a record's fields with labels for choices and texts for keys.

    What is hidden from a person does not get into what the person makes.
    """
    shown: dict[str, Any] = {"id": str(record.id), "title": title_of(record)}
    for field in uow.readable_fields(get_record_type(record.record_type)):
        value = getattr(record, field.name)
        if field.choices is not None and value is not None:
            shown[f"{field.name}_label"] = _label(field, value)
        shown[field.name] = str(value) if isinstance(value, UUID) else value
    return shown


def _label(field: Field, value: Any) -> Any:
    choices = field.choices or {}
    if field.traits.is_several:
        return [choices.get(one, one) for one in value]
    return choices.get(value, value)


def _related(uow: UnitOfWork, record: Any) -> dict[str, Any]:
    """Return what is one step away by its relation's name: records, and the owner."""
    related: dict[str, Any] = {}
    fields = related_fields(uow.readable_fields(get_record_type(record.record_type)))
    for name, field in fields.items():
        key = getattr(record, field.name)
        if key is not None and field.relation is not None:
            related[name] = _thing(uow, field.relation, key)
    return related


def _thing(uow: UnitOfWork, relation: str, key: UUID) -> dict[str, Any] | None:
    """Return what a field points to, as templates see it."""
    plain = find_relation(relation)
    if plain is None:
        record = uow.session.get(get_record_type(relation).model, key)
        return None if record is None else _plain(uow, record)
    row = uow.session.get(plain.model, key)
    return None if row is None else {name: getattr(row, name) for name in plain.fields}


def _person(uow: UnitOfWork, key: UUID) -> dict[str, str] | None:
    user = uow.session.get(User, key)
    return None if user is None else {"name": user.name, "email": user.email}


def _sender(uow: UnitOfWork) -> dict[str, str]:
    """Return who acts: a person with its address, or just a name."""
    person = _person(uow, uow.actor.user_id) if uow.actor.user_id is not None else None
    return person or {"name": uow.actor.name, "email": ""}


def _organization(organization: Organization) -> dict[str, Any]:
    return {name: getattr(organization, name) for name in (*ORGANIZATION, "terms")}


def _of_deal(uow: UnitOfWork, deal: Deal, organization: Organization) -> dict[str, Any]:
    """Return a deal's lines and sums; without prices for whom its amount is hidden."""
    positions = positions_of(uow, deal)
    if uow.readable_field(get_record_type(deal.record_type), "amount") is None:
        return {"positions": [_without_prices(line) for line in positions], "totals": {}}
    sums = totals_of_positions(positions, deal.currency)
    return {"positions": positions, "totals": _totals(sums, organization, deal.currency)}


def _of_paper(uow: UnitOfWork, paper: Any, organization: Organization) -> dict[str, Any]:
    """Return the lines and sums of a quote, an order or an invoice."""
    lines = [
        {
            "number": line.position,
            "total": line.net,
            "tax_percent": line.tax_percent,
            **{name: getattr(line, name) for name in POSITION},
        }
        for line in lines_of(uow, paper)
    ]
    if not sees_prices(uow, paper.record_type):
        return {"positions": [_without_prices(line) for line in lines], "totals": {}}
    is_invoice = isinstance(paper, Invoice)
    sums = totals_of(uow, paper)
    totals = {
        **_totals(sums, organization, paper.currency),
        "discount_percent": paper.discount_percent,
        "paid": paper.paid if is_invoice else None,
        "credited": paper.credited if is_invoice else None,
        "due": paper.open if is_invoice else sums.gross,
    }
    return {"positions": lines, "totals": totals}


def _totals(sums: Totals, organization: Organization, currency: str) -> dict[str, Any]:
    """Return sums as templates name them; ``tax_percent`` only where there is one rate."""
    taxes = [
        {
            "percent": group.percent,
            "base": group.taxable,
            "tax": group.tax,
            "category": group.category,
            "reason": None if group.category == "S" else TAX_CATEGORIES.get(group.category),
        }
        for group in sums.groups
    ]
    rates = {rate["percent"] for rate in taxes}
    return {
        "net": sums.net,
        "discount": sums.discount,
        "taxable": sums.taxable,
        "tax_name": organization.tax_name,
        "tax_percent": rates.pop() if len(rates) == 1 else None,
        "tax": sums.tax,
        "taxes": taxes,
        "gross": sums.gross,
        "currency": currency,
    }


def _without_prices(line: dict[str, Any]) -> dict[str, Any]:
    hidden = {"unit_price", "total", "discount_percent"}
    return {name: value for name, value in line.items() if name not in hidden}
