"""Other prices of a subscription: they hold from the next period on.

Until then a line keeps the price that its paid days were settled at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from services.actors import Permission, Verb
from services.arguments import Markup, Percent, UnitPrice
from services.contracts.billing import invoice_until
from services.contracts.changing import (
    POSITION,
    PRICES_TOLD,
    begin_change,
    keep_rows,
    row_at,
    rows_of,
    shown_number,
)
from services.contracts.days import DAY
from services.contracts.life import ContractArguments
from services.contracts.model import Contract
from services.contracts.periods import PAID_PRICE, at_price_of, period_of
from services.contracts.subscription_life import SubscriptionArguments
from services.contracts.subscription_model import Subscription
from services.days import today
from services.errors import Conflict, Invalid
from services.money import minor_digits, show_money
from services.operations import operation
from services.records.schemas import VERSION
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork


class SetPrice(SubscriptionArguments):
    """What one unit of a line costs from the next period on."""

    position = POSITION
    unit_price = UnitPrice(required=True, metadata={"title": "Unit price"})
    discount_percent = Percent(
        load_default=None, allow_none=True, metadata={"title": "Discount in percent"}
    )
    version = VERSION


class RaisePrices(SubscriptionArguments):
    """By how much all that a subscription holds costs more from the next period on."""

    percent = Markup(
        required=True,
        metadata={"title": "By percent", "description": "Below 0: it costs less."},
    )
    version = VERSION


class RaiseContractPrices(ContractArguments):
    """By how much all that is invoiced again and again by a contract costs more."""

    percent = RaisePrices().fields["percent"]


@operation("subscription.set_price", Permission.RECORD_WRITE, SetPrice, in_diagrams=True)
def set_price(
    uow: UnitOfWork,
    *,
    subscription_id: UUID,
    position: int,
    unit_price: Decimal,
    discount_percent: Decimal | None = None,
    version: int | None = None,
) -> Subscription:
    """Change what a line costs from the next period on; what is invoiced stays."""
    subscription = begin_change(uow, subscription_id, version)
    rows = _rows_to_price(uow, subscription)
    row = row_at(rows, position)
    row["unit_price"] = unit_price
    if discount_percent is not None:
        row["discount_percent"] = discount_percent
    shown = show_money(unit_price, subscription.currency)
    _keep_prices(uow, subscription, rows)
    title = f"{row['title']} costs {shown} from the next period on"
    plain = f"Changed the price of {row['title']} from the next period on"
    add_entry(uow, subscription, "changed", title, tells=PRICES_TOLD, plain=plain)
    return subscription


@operation("subscription.raise_prices", Permission.RECORD_WRITE, RaisePrices, in_diagrams=True)
def raise_prices(
    uow: UnitOfWork, *, subscription_id: UUID, percent: Decimal, version: int | None = None
) -> Subscription:
    """Raise all prices of a subscription from the next period on, as an index says, for example.

    Each price is rounded to what its currency has, or to the digits that it had before.
    """
    subscription = begin_change(uow, subscription_id, version)
    if not percent:
        message = "Say by how many percent."
        raise Invalid(message, {"percent": [message]})
    rows = _rows_to_price(uow, subscription)
    for row in rows:
        row["unit_price"] = _raised(row["unit_price"], percent, subscription.currency)
    _keep_prices(uow, subscription, rows)
    more = "more" if percent > 0 else "less"
    title = f"Costs {shown_number(abs(percent))} % {more} from the next period on"
    plain = "Changed all prices from the next period on"
    add_entry(uow, subscription, "changed", title, tells=PRICES_TOLD, plain=plain)
    return subscription


@operation("contract.raise_prices", Permission.RECORD_WRITE, RaiseContractPrices, in_diagrams=True)
def raise_contract_prices(
    uow: UnitOfWork, *, contract_id: UUID, percent: Decimal
) -> dict[str, Any]:
    """Raise the prices of a contract's subscriptions from their next periods on.

    Those that are paused or cancelled keep theirs.

    Raises:
        Conflict: It has none that is active (code ``nothing_to_raise``).
    """
    contract = uow.get(Contract, contract_id, verb=Verb.UPDATE)
    running = _running(uow, contract).order_by(Subscription.id)
    keys = [one.id for one in uow.session.scalars(running)]
    if not keys:
        raise Conflict("No subscription of this contract is active.", code="nothing_to_raise")
    for key in keys:
        raise_prices(uow, subscription_id=key, percent=percent)
    return {"contract_id": contract.id, "subscriptions": len(keys)}


def has_running(uow: UnitOfWork, contract: Contract) -> bool:
    """Tell whether a contract has subscriptions whose prices can be raised."""
    found = _running(uow, contract).with_only_columns(Subscription.id).limit(1)
    return uow.session.scalar(found) is not None


def _running(uow: UnitOfWork, contract: Contract) -> Select[Any]:
    return uow.select(Subscription).where(
        Subscription.contract_id == contract.id,
        Subscription.status == "active",
        Subscription.ends_on.is_(None),
    )


def _rows_to_price(uow: UnitOfWork, subscription: Subscription) -> list[dict[str, Any]]:
    """Return the lines that get other prices, with the prices of the days that are paid for.

    All periods before today's are invoiced first, at the prices so far.
    """
    day = today(uow)
    invoice_until(uow, subscription, day - DAY)
    return [
        {**row, **_paid_price(uow, subscription, row, day)} for row in rows_of(uow, subscription)
    ]


def _keep_prices(uow: UnitOfWork, subscription: Subscription, rows: list[dict[str, Any]]) -> None:
    day = today(uow)
    keep_rows(uow, subscription, rows, max(subscription.next_invoice_on or day, day))


def _raised(price: Decimal, percent: Decimal, currency: str) -> Decimal:
    places = max(minor_digits(currency), -int(price.normalize().as_tuple().exponent))
    raised = price * (100 + percent) / 100
    return raised.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _paid_price(
    uow: UnitOfWork, subscription: Subscription, row: Mapping[str, Any], day: date
) -> dict[str, Any]:
    """Return what a line keeps of its price when it gets another one: that of the paid days."""
    paid = period_of(uow, subscription, day)
    if paid is None:
        return dict.fromkeys(PAID_PRICE)
    held = at_price_of(row, day)
    return {
        "paid_until": paid.ends_on,
        "paid_unit_price": held["unit_price"],
        "paid_discount_percent": held["discount_percent"],
    }
