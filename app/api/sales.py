"""Sales over the API: lines, payments, prices, exchange rates, and how papers are numbered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields

from app.api.arguments import limit_argument
from app.api.routes import Route, resource
from app.wire import json_response
from services.actors import Permission
from services.arguments import Day, Key, Quantity
from services.contracts.billing import adjustments_of
from services.contracts.periods import periods_of
from services.crm.account_model import Account
from services.days import today
from services.errors import Invalid
from services.sales.customer_prices import answer_price
from services.sales.lines import present_lines, sees_prices
from services.sales.numbering import show_series
from services.sales.payments import payments_of
from services.sales.positions import has_positions, positions_of
from services.sales.price_reading import KeyedPage, read_price, read_prices, read_rates
from services.sales.product_model import Product
from services.sales.rates import newest_rates
from services.unit_of_work import UnitOfWork

_PRICE: Final = (
    *("id", "price_list_id", "product_id", "minimum_quantity", "unit_price"),
    *("valid_from", "valid_until"),
)
_PAYMENT: Final = (
    *("id", "amount", "paid_on", "reference", "recorded_at", "recorded_by", "taken_back_at"),
    "counterpart_id",
)
_PERIOD: Final = ("id", "starts_on", "ends_on", "whole_days", "invoice_id", "invoiced_at")
_CHANGE: Final = (
    *("id", "title", "starts_on", "ends_on", "amount", "tax_category", "tax_percent"),
    *("product_id", "made_at", "invoice_id"),
)
_PAGING: Final = {"cursor": "`next_cursor` of the page before.", "limit": "1 to 200 entries."}


class PriceOnList(Schema):
    """What one unit of a product costs on a list, from a quantity on."""

    id = fields.UUID()
    price_list_id = fields.UUID()
    product_id = fields.UUID()
    minimum_quantity = fields.Decimal(as_string=True)
    unit_price = fields.Decimal(as_string=True, metadata={"description": "In the list's currency."})
    valid_from = fields.Date(allow_none=True)
    valid_until = fields.Date(allow_none=True, metadata={"description": "The last day."})


class PricePage(Schema):
    """A page of prices."""

    items = fields.List(fields.Nested(PriceOnList))
    next_cursor = fields.UUID(allow_none=True)


class ClientPrice(Schema):
    """What a client pays for one unit."""

    unit_price = fields.Decimal(as_string=True, allow_none=True)
    currency = fields.String(allow_none=True)
    price_list_id = fields.UUID(allow_none=True)
    why = fields.String(
        metadata={"description": "Why this list counts: `own`, `inherited`, `standard`; or `none`."}
    )
    problem = fields.String(allow_none=True)


class ExchangeRate(Schema):
    """What one unit of a currency is worth in one's own from a day on."""

    id = fields.UUID()
    currency = fields.String()
    valid_from = fields.Date()
    rate = fields.Decimal(as_string=True)


class RatePage(Schema):
    """A page of exchange rates."""

    items = fields.List(fields.Nested(ExchangeRate))
    next_cursor = fields.UUID(allow_none=True)


class NumberedSeries(Schema):
    """How one kind of papers is numbered."""

    name = fields.String()
    label = fields.String()
    pattern = fields.String()
    yearly = fields.Boolean()
    last = fields.Integer(metadata={"description": "The last counter that was given."})
    next = fields.String(metadata={"description": "What the next paper of today gets."})
    version = fields.Integer(allow_none=True)


class SeriesList(Schema):
    """All series."""

    items = fields.List(fields.Nested(NumberedSeries))


def sales_blueprints() -> list[Blueprint]:
    """Return the resources of prices, rates and series; their changes are operations."""
    read, catalogue = Permission.RECORD_READ, Permission.CATALOGUE_WRITE
    which = {
        "price_list_id": "Only prices on this list.",
        "product_id": "Only prices of this product.",
        "on": "Only prices that hold on this day.",
    }
    asked = {
        "product_id": "Which product.",
        "account_id": "Who buys; the standard list counts if it is left out.",
        "quantity": "How many; 1 if it is left out.",
        "on": "On which day; today if it is left out.",
    }
    rates = {
        "currency": "Only rates of this currency.",
        "on": "Only the rate of each currency that counts on this day; one page.",
    }
    key, answer = "/<uuid:key>", "Tell what a client pays for a product"
    return [
        resource(
            "prices",
            "Prices on price lists",
            Route(
                *("GET", "", "list", read, _prices, "List prices by their keys"),
                answer=PricePage,
                query=which | _PAGING,
            ),
            Route("GET", key, "get", read, _price, "Show a price", answer=PriceOnList),
            Route(
                *("GET", "/answer", "answer", read, _answer, answer),
                answer=ClientPrice,
                query=asked,
            ),
        ),
        resource(
            "currency-rates",
            "Exchange rates",
            Route(
                *("GET", "", "list", read, _rates, "List exchange rates by their keys"),
                answer=RatePage,
                query=rates | _PAGING,
            ),
        ),
        resource(
            "number-series",
            "How papers are numbered",
            Route("GET", "", "list", catalogue, _series, "List all series", answer=SeriesList),
        ),
    ]


def lines_of_record(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    """Return the lines of a paper, in order; nothing where what they cost is hidden."""
    return present_lines(uow, record) if sees_prices(uow, record.record_type) else []


def positions_of_deal(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    """Return the lines of a deal, in order; nothing where its amount is hidden."""
    if "amount" in uow.actor.hidden_fields("deal") or not has_positions(uow, record):
        return []
    return positions_of(uow, record)


def payments_of_invoice(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    """Return the payments of an invoice, those that were taken back too."""
    if not sees_prices(uow, "invoice") or "paid" in uow.actor.hidden_fields("invoice"):
        return []
    return [_chosen(one, _PAYMENT) for one in payments_of(uow, record)]


def periods_of_subscription(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    """Return the periods of a subscription that were invoiced."""
    return [_chosen(one, _PERIOD) for one in periods_of(uow, record)]


def changes_of_subscription(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    """Return what changes within invoiced periods have cost or given back."""
    if not sees_prices(uow, "subscription"):
        return []
    return [_chosen(one, _CHANGE) for one in adjustments_of(uow, record)]


def _prices(uow: UnitOfWork) -> ResponseReturnValue:
    asked = _asked(price_list_id=Key(), product_id=Key(), on=Day(), cursor=Key())
    page = read_prices(
        uow,
        asked.get("price_list_id"),
        asked.get("product_id"),
        asked.get("on"),
        asked.get("cursor"),
        limit_argument(),
    )
    return _paged(page, _PRICE)


def _price(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(_chosen(read_price(uow, key), _PRICE))


def _answer(uow: UnitOfWork) -> ResponseReturnValue:
    asked = _asked(product_id=Key(required=True), account_id=Key(), quantity=Quantity(), on=Day())
    product = uow.get(Product, asked["product_id"])
    account_id = asked.get("account_id")
    account = None if account_id is None else uow.get(Account, account_id)
    quantity, day = asked.get("quantity", Decimal(1)), asked.get("on") or today(uow)
    found = answer_price(uow, product.id, None if account is None else account.id, quantity, day)
    chosen = found.chosen.price_list
    return json_response(
        {
            "unit_price": found.unit_price,
            "currency": chosen and chosen.currency,
            "price_list_id": chosen and chosen.id,
            "why": found.chosen.why.value,
            "problem": found.problem,
        }
    )


def _rates(uow: UnitOfWork) -> ResponseReturnValue:
    asked = _asked(currency=fields.String(), on=Day(), cursor=Key())
    currency, on, limit = asked.get("currency"), asked.get("on"), limit_argument()
    names = ("id", "currency", "valid_from", "rate")
    if on is None:
        return _paged(read_rates(uow, currency, asked.get("cursor"), limit), names)
    wanted = currency and currency.upper()
    counting = [one for one in newest_rates(uow, on) if wanted in {None, one.currency}]
    return _paged(KeyedPage(counting, None), names)


def _series(uow: UnitOfWork) -> ResponseReturnValue:
    shown = show_series(uow, today(uow))
    return json_response({"items": [{**asdict(one), "pattern": one.pattern.text} for one in shown]})


def _asked(**arguments: fields.Field[Any]) -> dict[str, Any]:
    """Return those query arguments that were given.

    Raises:
        Invalid: One of them is nothing of its kind.
    """
    schema = Schema.from_dict(dict(arguments))()
    given = {name: value for name in arguments if (value := request.args.get(name))}
    try:
        found: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise Invalid("Please check the question.", error.messages_dict) from error
    return found


def _paged(page: KeyedPage, names: tuple[str, ...]) -> ResponseReturnValue:
    items = [_chosen(one, names) for one in page.items]
    return json_response({"items": items, "next_cursor": page.next_cursor})


def _chosen(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


_LINES: Final = ("lines", "List its lines in order", lines_of_record)
PARTS: Final[Mapping[str, tuple[Any, ...]]] = {
    "deal": (("positions", "List what a deal is about, line by line", positions_of_deal),),
    "quote": (_LINES,),
    "order": (_LINES,),
    "contract": (_LINES,),
    "invoice": (
        _LINES,
        ("payments", "List its payments, oldest first", payments_of_invoice),
    ),
    "subscription": (
        _LINES,
        ("periods", "List its invoiced periods, oldest first", periods_of_subscription),
        ("changes", "List what changes within paid periods have cost", changes_of_subscription),
    ),
}
"""What belongs to a record of each type: name, summary, and what returns it."""
