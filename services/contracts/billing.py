"""Invoices of subscriptions: one for each period, once, with what changes within it have cost.

A period is invoiced on its first day, in advance. A part of a period costs its share of days,
rounded by the currency, each line for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.contracts.days import DAY, Span
from services.contracts.following import settle_subscription
from services.contracts.subscription_model import (
    Subscription,
    SubscriptionAdjustment,
    SubscriptionPeriod,
)
from services.money import round_money
from services.records.changes import add_record
from services.records.timeline import add_entry
from services.sales.invoices import issue_invoice
from services.sales.lines import copied, lines_of, write_lines
from services.sales.model import Invoice, InvoiceLine
from services.unit_of_work import UnitOfWork

_SHARED: Final = (
    "account_id",
    "contact_id",
    "deal_id",
    "currency",
    "discount_percent",
    "owner_id",
    "team_id",
)


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


def invoice_next(uow: UnitOfWork, subscription: Subscription) -> Invoice | None:
    """Invoice the period that is next, and move on to the one after it.

    Returns:
        None where there was nothing to pay, or nothing is left to be invoiced.
    """
    first = subscription.next_invoice_on
    part = None if first is None else part_from(subscription, first)
    if part is None:
        return None
    period = uow.add(
        SubscriptionPeriod(
            subscription_id=subscription.id,
            starts_on=part.span.first,
            ends_on=part.span.last,
            whole_days=part.whole_days,
            invoiced_at=uow.now,
        )
    )
    rows = [_row(line, part, subscription.currency) for line in lines_of(uow, subscription)]
    invoice = _make_invoice(uow, subscription, rows, f"{subscription.title}, {part.span.text}")
    period.invoice_id = None if invoice is None else invoice.id
    subscription.next_invoice_on = part.span.last + DAY
    settle_subscription(subscription)
    uow.session.flush()
    uow.emit(
        "subscription.invoiced",
        "subscription",
        subscription.id,
        invoice_id=str(invoice.id) if invoice else None,
        starts_on=part.span.first.isoformat(),
        ends_on=part.span.last.isoformat(),
    )
    return invoice


def is_due(subscription: Subscription, day: date) -> bool:
    """Tell whether a period has begun by a day that is to be invoiced still."""
    first = subscription.next_invoice_on
    if subscription.status != "active" or first is None or first > day:
        return False
    return part_from(subscription, first) is not None


def invoice_until(uow: UnitOfWork, subscription: Subscription, day: date) -> None:
    """Invoice all periods that have begun by a day."""
    while is_due(subscription, day):
        invoice_next(uow, subscription)


def invoice_adjustments(uow: UnitOfWork, subscription: Subscription) -> Invoice | None:
    """Invoice what changes have cost, or give it back, without waiting for the next period."""
    return _make_invoice(uow, subscription, [], f"{subscription.title}, changes")


def period_of(uow: UnitOfWork, subscription: Subscription, day: date) -> SubscriptionPeriod | None:
    """Return the invoiced period that a day lies in, or None."""
    statement = select(SubscriptionPeriod).where(
        SubscriptionPeriod.subscription_id == subscription.id,
        SubscriptionPeriod.starts_on <= day,
        SubscriptionPeriod.ends_on >= day,
    )
    return uow.session.scalars(statement).one_or_none()


def lines_of_period(uow: UnitOfWork, period: SubscriptionPeriod) -> Sequence[InvoiceLine]:
    """Return what was invoiced for a period, without the changes that stand on its invoice too."""
    statement = select(InvoiceLine).where(
        InvoiceLine.document_id == period.invoice_id, InvoiceLine.source_id.is_not(None)
    )
    return uow.session.scalars(statement.order_by(InvoiceLine.position)).all()


def adjustments_within(
    uow: UnitOfWork, subscription: Subscription, span: Span
) -> Sequence[SubscriptionAdjustment]:
    """Return what changes within a period have cost or given back, oldest first."""
    statement = select(SubscriptionAdjustment).where(
        SubscriptionAdjustment.subscription_id == subscription.id,
        SubscriptionAdjustment.starts_on >= span.first,
        SubscriptionAdjustment.ends_on <= span.last,
    )
    return uow.session.scalars(statement.order_by(SubscriptionAdjustment.id)).all()


def open_adjustments(uow: UnitOfWork, key: UUID) -> Sequence[SubscriptionAdjustment]:
    """Return what stands on no invoice yet, oldest first."""
    statement = select(SubscriptionAdjustment).where(
        SubscriptionAdjustment.subscription_id == key, SubscriptionAdjustment.invoice_id.is_(None)
    )
    return uow.session.scalars(statement.order_by(SubscriptionAdjustment.id)).all()


def adjust(  # noqa: PLR0917 - what, of what, by how much, for which days, in which words
    uow: UnitOfWork,
    subscription: Subscription,
    line: Any,
    difference: Decimal,
    part: Part,
    what: str,
) -> Decimal:
    """Note what a change of a line costs for the rest of its period, and return that.

    Args:
        uow: Of whoever does it.
        subscription: Held.
        line: What is paid for, with its tax.
        difference: Net, for the whole period; below 0: it costs less.
        part: The days that are left.
        what: What has changed, for people.
    """
    amount = part.of(difference, subscription.currency)
    if amount:
        uow.add(
            SubscriptionAdjustment(
                subscription_id=subscription.id,
                title=f"{what} ({part.text})",
                starts_on=part.span.first,
                ends_on=part.span.last,
                amount=amount,
                tax_category=line.tax_category,
                tax_percent=line.tax_percent,
                product_id=line.product_id,
                made_at=uow.now,
            )
        )
    return amount


def _make_invoice(
    uow: UnitOfWork, subscription: Subscription, rows: list[dict[str, Any]], title: str
) -> Invoice | None:
    """Make an invoice of a period's lines and the changes that are open.

    What comes to less than nothing is a credit note with the opposite signs.
    """
    adjustments = open_adjustments(uow, subscription.id)
    rows = rows + [_adjusted(one) for one in adjustments]
    net = sum((row["net"] for row in rows), Decimal(0))
    if not net and not adjustments:
        return None
    if net < 0:
        rows = [{**row, "quantity": -row["quantity"]} for row in rows]
    invoice = Invoice(
        title=title[:300],
        kind="credit_note" if net < 0 else "invoice",
        subscription_id=subscription.id,
        **{name: getattr(subscription, name) for name in _SHARED},
    )
    label = "credit note" if net < 0 else "invoice"
    add_record(uow, invoice, title=f"Made {label} “{invoice.title}”")
    write_lines(uow, invoice, rows)
    for one in adjustments:
        one.invoice_id = invoice.id
    add_entry(uow, subscription, "invoice", f"Made {label} “{invoice.title}”")
    if subscription.invoicing == "issue":
        # Whoever may invoice this may not have the right to change the client's other invoices.
        issue_invoice(uow.acting_as(uow.actor.unlimited()), invoice_id=invoice.id)
    return invoice


def _row(line: Any, part: Part, currency: str) -> dict[str, Any]:
    """Return an invoice's line for a subscription's; for a part of a period, its share."""
    row = copied(line)
    if part.is_whole:
        return row
    amount = part.of(line.net, currency)
    quantity = f"{line.quantity.normalize():f}" + (f" {line.unit}" if line.unit else "")
    shared = {"quantity": Decimal(1), "unit": None, "unit_price": amount, "net": amount}
    return (
        row
        | shared
        | {
            "discount_percent": Decimal(0),
            "title": f"{line.title}, {quantity} ({part.text})",
        }
    )


def _adjusted(one: SubscriptionAdjustment) -> dict[str, Any]:
    """Return the line of a change: one of what it costs, or less than none of what it gives back.

    Prices are never below 0 (EN 16931, BR-27), quantities may be.
    """
    return {
        "product_id": one.product_id,
        "title": one.title,
        "description": None,
        "quantity": Decimal(1 if one.amount > 0 else -1),
        "unit": None,
        "unit_price": abs(one.amount),
        "discount_percent": Decimal(0),
        "tax_category": one.tax_category,
        "tax_percent": one.tax_percent,
        "net": one.amount,
        "source_id": None,
    }
