"""Quotes made of deals."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from services.actors import Permission
from services.arguments import Day
from services.crm.deal_model import DEAL, Deal
from services.days import today
from services.errors import Conflict
from services.money import known_currency
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import add_record, check_creation, check_links
from services.records.schemas import key_argument
from services.sales.customer_prices import choose_list
from services.sales.lines import write_lines
from services.sales.model import Quote
from services.sales.numbering import next_number
from services.sales.positions import check_amount_seen, positions_of
from services.unit_of_work import UnitOfWork


class QuoteDeal(Arguments):
    """Of which deal a quote is made, and until when it holds."""

    deal_id = key_argument(DEAL)
    valid_until = Day(load_default=None, allow_none=True, metadata={"title": "Valid until"})


@operation("deal.quote", Permission.RECORD_WRITE, QuoteDeal, in_diagrams=True)
def quote_deal(uow: UnitOfWork, *, deal_id: UUID, valid_until: date | None = None) -> Quote:
    """Draft a quote with the positions of a deal, at their prices."""
    deal = uow.get(Deal, deal_id)
    check_amount_seen(uow)
    check_creation(uow, Quote(owner_id=deal.owner_id, team_id=deal.team_id))
    if deal.lost_at is not None:
        raise Conflict("This deal is lost.")
    if deal.account_id is None:
        raise Conflict("Say first which account this deal is with.")
    day, currency = today(uow), known_currency(deal.currency)
    price_list = choose_list(uow, deal.account_id).price_list
    fits = price_list is not None and price_list.currency == currency
    quote = Quote(
        number=next_number(uow, "quote", day),
        title=deal.name,
        account_id=deal.account_id,
        contact_id=deal.contact_id,
        deal_id=deal.id,
        price_list_id=price_list.id if price_list is not None and fits else None,
        currency=currency,
        valid_until=valid_until or day + timedelta(get_organization(uow).offer_valid_days),
        owner_id=deal.owner_id,
        team_id=deal.team_id,
    )
    check_links(uow, quote)
    add_record(uow, quote, title=f"Made quote “{quote.title}” of the deal")
    unwanted = {"number", "total"}
    rows = [
        {name: value for name, value in line.items() if name not in unwanted}
        for line in positions_of(uow, deal)
    ]
    write_lines(uow, quote, rows)
    return quote
