"""Changes of what a subscription holds: more, less; the paid period is settled.

A change of a quantity holds from a day on. For the days that are left of the period that was
invoiced already, the difference of the line's price for a whole period is charged or given back by
its share of days, that day among them, rounded once by the currency. ``repricing`` changes prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Day, Number, Truth, WholeNumber
from services.contracts.billing import (
    adjust,
    adjustments_within,
    invoice_adjustments,
    invoice_until,
)
from services.contracts.days import DAY, Span
from services.contracts.periods import PAID_PRICE, Part, at_price_of, period_of
from services.contracts.revenue import settle_revenue
from services.contracts.subscription_life import SubscriptionArguments
from services.contracts.subscription_model import Subscription
from services.days import show_day, today
from services.errors import Conflict, Invalid
from services.money import PricedLine, line_net, show_money
from services.operations import operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.records.timeline import add_entry
from services.sales.documents import require
from services.sales.filling import LineArguments, fill_lines
from services.sales.lines import copied, lines_of, write_lines
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork

_ON = Day(
    load_default=None,
    allow_none=True,
    metadata={"title": "From", "description": "Today if it is empty; a day of the paid period."},
)
_AT_ONCE = Truth(
    load_default=False,
    metadata={
        "title": "Invoice the difference at once",
        "description": "Else it stands on the next invoice.",
    },
)
PRICES_TOLD = ("subscription.mrr",)
"""Of what sentences with prices tell: who doesn't see the sum doesn't see the lines' prices."""
POSITION = WholeNumber(required=True, metadata={"title": "Line", "description": "From 1."})


class ChangeQuantity(SubscriptionArguments):
    """How many of a line there are from a day on."""

    position = POSITION
    quantity = Number(
        required=True,
        validate=validate.Range(0, 10**9),
        metadata={"title": "Quantity", "description": "0 takes the line away."},
    )
    on = _ON
    at_once = _AT_ONCE
    version = VERSION


class AddLine(LineArguments):
    """What a subscription holds besides from a day on."""

    subscription_id = SubscriptionArguments().fields["subscription_id"]
    on = _ON
    at_once = _AT_ONCE
    version = VERSION


@operation(
    "subscription.change_quantity", Permission.RECORD_WRITE, ChangeQuantity, in_diagrams=True
)
def change_quantity(
    uow: UnitOfWork,
    *,
    subscription_id: UUID,
    position: int,
    quantity: Decimal,
    on: date | None = None,
    at_once: bool = False,
    version: int | None = None,
) -> dict[str, Any]:
    """Change how many of a line there are; the paid period is settled by days."""
    subscription = begin_change(uow, subscription_id, version)
    quantity = quantity.quantize(Decimal("0.001"))
    day = _day(uow, subscription, on)
    rows = rows_of(uow, subscription)
    row = row_at(rows, position)
    before = row["quantity"]
    if quantity == before:
        return {"amount": Decimal(0)}
    if not quantity and len(rows) == 1:
        message = "This is the only line; cancel the subscription instead."
        raise Invalid(message, {"quantity": [message]})
    _check_latest(uow, subscription, row, day)
    what = f"{row['title']}, {shown_number(quantity)} instead of {shown_number(before)}"
    paid = at_price_of(row, day)
    difference = _net({**paid, "quantity": quantity}, subscription) - _net(paid, subscription)
    amount = _settle_period(uow, subscription, row, difference, day, what)
    rows[position - 1] = {**row, "quantity": quantity}
    keep_rows(uow, subscription, [one for one in rows if one["quantity"]], day)
    _tell(uow, subscription, what, amount, day, at_once=at_once)
    return {"amount": amount}


@operation("subscription.add_line", Permission.RECORD_WRITE, AddLine, in_diagrams=True)
def add_line(
    uow: UnitOfWork,
    *,
    subscription_id: UUID,
    on: date | None = None,
    at_once: bool = False,
    version: int | None = None,
    **line: Any,
) -> dict[str, Any]:
    """Add a line to a subscription that was started; the paid period is settled by days."""
    subscription = begin_change(uow, subscription_id, version)
    day = _day(uow, subscription, on)
    key = subscription.price_list_id
    prices = None if key is None else uow.session.get_one(PriceList, key)
    try:
        [row] = fill_lines(uow, [line], prices, subscription.currency, today(uow))
    except Invalid as error:
        fields = {name.rpartition(".")[2]: texts for name, texts in error.fields.items()}
        raise Invalid(error.message, fields) from error
    what = f"{row['title']}, {shown_number(row['quantity'])} more"
    amount = _settle_period(uow, subscription, row, _net(row, subscription), day, what)
    keep_rows(uow, subscription, [*rows_of(uow, subscription), row], day)
    _tell(uow, subscription, what, amount, day, at_once=at_once)
    return {"amount": amount}


def begin_change(uow: UnitOfWork, key: UUID, version: int | None) -> Subscription:
    """Return a subscription that may be changed, held.

    Raises:
        Conflict: It is not active, or cancelled, or somebody was quicker.
    """
    subscription = uow.get(Subscription, key, lock=True)
    check_version(uow, subscription, version)
    require(subscription, "active")
    if subscription.ends_on is not None:
        raise Conflict("It is cancelled; take that back first.", code="wrong_status")
    return subscription


def _day(uow: UnitOfWork, subscription: Subscription, on: date | None) -> date:
    """Return the day from which a change holds, all periods before it invoiced.

    Raises:
        Invalid: It is to come, or in a period before the one that is paid.
    """
    now = today(uow)
    day = on or now
    if day > now:
        message = "Use today or a day before it; changes of days to come can't be kept."
        raise Invalid(message, {"on": [message]})
    invoice_until(uow, subscription, now - DAY)
    current = period_of(uow, subscription, now)
    earliest = now if current is None else current.starts_on
    if day < earliest:
        message = f"Use {show_day(earliest)} or a later day: earlier periods are closed."
        raise Invalid(message, {"on": [message]})
    return day


def _check_latest(
    uow: UnitOfWork, subscription: Subscription, row: Mapping[str, Any], day: date
) -> None:
    """Refuse a change from a day before another change of the line in the same period.

    The difference is counted from what the line holds now, which it does since that change only.

    Raises:
        Invalid: With the day of that change.
    """
    paid = period_of(uow, subscription, day)
    if paid is None:
        return
    sums: dict[date, Decimal] = {}
    for one in adjustments_within(uow, subscription, Span(day + DAY, paid.ends_on)):
        if one.product_id == row["product_id"] and one.title.startswith(f"{row['title']}, "):
            sums[one.starts_on] = sums.get(one.starts_on, Decimal(0)) + one.amount
    changed = [on for on, amount in sums.items() if amount]
    if changed:
        shown = show_day(max(changed))
        message = (
            f"{row['title']} was changed from {shown} on already; use that day or a later one."
        )
        raise Invalid(message, {"on": [message]})


def _settle_period(  # noqa: PLR0917 - what, of what, by how much, from when, in which words
    uow: UnitOfWork,
    subscription: Subscription,
    row: Mapping[str, Any],
    difference: Decimal,
    day: date,
    what: str,
) -> Decimal:
    """Charge or give back the difference for the rest of the invoiced period, and return it."""
    paid = period_of(uow, subscription, day)
    if paid is None:
        return Decimal(0)
    left = Part(Span(day, paid.ends_on), paid.whole_days)
    return adjust(uow, subscription, SimpleNamespace(**row), difference, left, what)


def keep_rows(
    uow: UnitOfWork, subscription: Subscription, rows: list[dict[str, Any]], day: date
) -> None:
    """Store the lines, and note what the subscription brings from a day on."""
    write_lines(uow, subscription, rows)
    settle_revenue(uow, subscription, max(day, subscription.starts_on or day))


def _tell(
    uow: UnitOfWork,
    subscription: Subscription,
    what: str,
    amount: Decimal,
    day: date,
    *,
    at_once: bool,
) -> None:
    shown = show_money(amount, subscription.currency)
    settled = f"; {shown} for the rest of the period" if amount else ""
    plain = f"From {show_day(day)}: {what}"
    add_entry(uow, subscription, "changed", plain + settled, tells=PRICES_TOLD, plain=plain)
    if at_once:
        invoice_adjustments(uow, subscription)
    uow.emit(
        "subscription.quantity_changed",
        "subscription",
        subscription.id,
        what=what,
        amount=str(amount),
        on=day.isoformat(),
    )


def rows_of(uow: UnitOfWork, subscription: Subscription) -> list[dict[str, Any]]:
    """Return the lines as rows to be stored again."""
    return [
        {**copied(line), **{name: getattr(line, name) for name in PAID_PRICE}, "source_id": None}
        for line in lines_of(uow, subscription)
    ]


def row_at(rows: list[dict[str, Any]], position: int) -> dict[str, Any]:
    """Return the line at a position, from 1.

    Raises:
        Invalid: There is none.
    """
    if not 1 <= position <= len(rows):
        message = f"There are lines 1 to {len(rows)}."
        raise Invalid(message, {"position": [message]})
    return rows[position - 1]


def _net(row: Mapping[str, Any], subscription: Subscription) -> Decimal:
    priced = PricedLine(row["quantity"], row["unit_price"], row["discount_percent"])
    return line_net(priced, subscription.currency)


def shown_number(quantity: Decimal) -> str:
    """Return a number as people write it."""
    return f"{quantity.normalize():f}"
