"""Periods of subscriptions: their days, what was invoiced for them, and at which prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from services.contracts.days import Span
from services.contracts.subscription_model import Subscription, SubscriptionPeriod
from services.money import PricedLine, line_net, round_money
from services.sales.lines import copied, lines_of
from services.sales.model import InvoiceLine
from services.unit_of_work import UnitOfWork

PAID_PRICE: Final = ("paid_until", "paid_unit_price", "paid_discount_percent")
"""What a line keeps of an older price, for the days that are paid for at that."""


@dataclass(frozen=True, slots=True)
class Part:
    """The days of a period that are paid for.

    Attributes:
        whole_days: How many the whole period has.
    """

    span: Span
    whole_days: int

    @property
    def is_whole(self) -> bool:
        """Whether all of the period is paid for."""
        return self.span.days == self.whole_days

    @property
    def text(self) -> str:
        """What people read: the days, and of how many they are a part."""
        return f"{self.span.text}, {self.span.days} of {self.whole_days} days"

    def of(self, amount: Decimal, currency: str) -> Decimal:
        """Return the share of an amount for the whole period, rounded once."""
        return round_money(amount * self.span.days / self.whole_days, currency)


def part_from(subscription: Subscription, first: date) -> Part | None:
    """Return what is paid for from a day on, to the end of its period; None: nothing any more."""
    whole = subscription.rhythm.period_at(first)
    last = min(whole.last, subscription.last_day or whole.last)
    return None if last < first else Part(Span(first, last), whole.days)


def period_of(uow: UnitOfWork, subscription: Subscription, day: date) -> SubscriptionPeriod | None:
    """Return the invoiced period that a day lies in, or None."""
    statement = select(SubscriptionPeriod).where(
        SubscriptionPeriod.subscription_id == subscription.id,
        SubscriptionPeriod.starts_on <= day,
        SubscriptionPeriod.ends_on >= day,
    )
    return uow.session.scalars(statement).one_or_none()


def periods_of(uow: UnitOfWork, subscription: Subscription) -> Sequence[SubscriptionPeriod]:
    """Return all periods of a subscription that were invoiced, oldest first."""
    of_this = SubscriptionPeriod.subscription_id == subscription.id
    statement = select(SubscriptionPeriod).where(of_this)
    return uow.session.scalars(statement.order_by(SubscriptionPeriod.starts_on)).all()


def lines_of_period(uow: UnitOfWork, period: SubscriptionPeriod) -> Sequence[InvoiceLine]:
    """Return what was invoiced for a period, without the changes that stand on its invoice too."""
    statement = select(InvoiceLine).where(
        InvoiceLine.document_id == period.invoice_id, InvoiceLine.source_id.is_not(None)
    )
    return uow.session.scalars(statement.order_by(InvoiceLine.position)).all()


def rows_at(uow: UnitOfWork, subscription: Subscription, day: date) -> list[dict[str, Any]]:
    """Return the lines of a subscription with what a whole period costs at a day's prices."""
    rows = []
    for line in lines_of(uow, subscription):
        paid = {name: getattr(line, name) for name in PAID_PRICE}
        row = at_price_of({**copied(line), **paid}, day)
        priced = PricedLine(row["quantity"], row["unit_price"], row["discount_percent"])
        kept = {name: value for name, value in row.items() if name not in PAID_PRICE}
        rows.append({**kept, "net": line_net(priced, subscription.currency)})
    return rows


def at_price_of(row: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return a subscription's line at the price that counts for a day."""
    until = row["paid_until"]
    if until is None or day > until:
        return dict(row)
    return {
        **row,
        "unit_price": row["paid_unit_price"],
        "discount_percent": row["paid_discount_percent"],
    }
