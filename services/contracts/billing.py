"""Invoices of subscriptions: one for each period, once, with what changes within it have cost.

A period is invoiced on its first day, in advance. A part of a period costs its share of days,
rounded by the currency, each line for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.contracts.days import DAY, Span
from services.contracts.following import find_deleted_draft, settle_subscription
from services.contracts.periods import (
    Part,
    lines_of_period,
    part_from,
    rows_at,
)
from services.contracts.subscription_model import (
    Subscription,
    SubscriptionAdjustment,
    SubscriptionPeriod,
)
from services.records.changes import add_record
from services.records.timeline import add_entry
from services.sales.invoices import issue_invoice
from services.sales.lines import copied, lines_of, write_lines
from services.sales.model import INVOICE_KINDS, Invoice
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


def invoice_next(uow: UnitOfWork, subscription: Subscription) -> Invoice | None:
    """Invoice the period that is next, and move on to the one after it.

    What a draft in the bin was for comes first.

    Returns:
        None where there was nothing to pay, or nothing is left to be invoiced.
    """
    deleted = find_deleted_draft(uow, subscription)
    if deleted is not None:
        return _invoice_again(uow, subscription, deleted)
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
    rows = _rows(uow, subscription, part)
    invoice = _make_invoice(uow, subscription, rows, f"{subscription.title}, {part.span.text}")
    period.invoice_id = None if invoice is None else invoice.id
    subscription.next_invoice_on = part.span.last + DAY
    settle_subscription(uow, subscription)
    uow.session.flush()
    _tell(uow, subscription, invoice, part.span)
    return invoice


def is_due(uow: UnitOfWork, subscription: Subscription, day: date) -> bool:
    """Tell whether a period has begun by a day that is to be invoiced still, or again."""
    if find_deleted_draft(uow, subscription) is not None:
        return True
    first = subscription.next_invoice_on
    if subscription.status != "active" or first is None or first > day:
        return False
    return part_from(subscription, first) is not None


def invoice_until(uow: UnitOfWork, subscription: Subscription, day: date) -> None:
    """Invoice all periods that have begun by a day."""
    while is_due(uow, subscription, day):
        invoice_next(uow, subscription)


def invoice_adjustments(uow: UnitOfWork, subscription: Subscription) -> Invoice | None:
    """Invoice what changes have cost, or give it back, without waiting for the next period."""
    return _make_invoice(uow, subscription, [], f"{subscription.title}, changes")


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


def adjustments_of(uow: UnitOfWork, subscription: Subscription) -> Sequence[SubscriptionAdjustment]:
    """Return what all changes within invoiced periods have cost or given back, oldest first."""
    of_this = SubscriptionAdjustment.subscription_id == subscription.id
    statement = select(SubscriptionAdjustment).where(of_this)
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


def _invoice_again(uow: UnitOfWork, subscription: Subscription, deleted: Invoice) -> Invoice | None:
    """Invoice what a draft in the bin was for, as it stood there.

    Lines that were written by hand are not kept where the subscription's own tell all there is.
    """
    of_deleted = SubscriptionPeriod.invoice_id == deleted.id
    period = uow.session.scalars(select(SubscriptionPeriod).where(of_deleted)).one_or_none()
    kept = lines_of(uow, deleted)
    rows = [{**copied(line), "source_id": line.source_id} for line in kept]
    if period is not None and not lines_of_period(uow, period):
        span = Span(period.starts_on, period.ends_on)
        if not adjustments_within(uow, subscription, span) and not _changes_on(uow, deleted):
            rows = _rows(uow, subscription, Part(span, period.whole_days))
    changes = _changes_on(uow, deleted)
    invoice = _add_invoice(uow, subscription, rows, changes, deleted.title, kind=deleted.kind)
    if period is not None:
        period.invoice_id, period.invoiced_at = invoice.id, uow.now
    settle_subscription(uow, subscription)
    uow.session.flush()
    if period is not None:
        _tell(uow, subscription, invoice, Span(period.starts_on, period.ends_on))
    return invoice


def _changes_on(uow: UnitOfWork, invoice: Invoice) -> Sequence[SubscriptionAdjustment]:
    on_it = SubscriptionAdjustment.invoice_id == invoice.id
    return uow.session.scalars(select(SubscriptionAdjustment).where(on_it)).all()


def _tell(uow: UnitOfWork, subscription: Subscription, invoice: Invoice | None, span: Span) -> None:
    uow.emit(
        "subscription.invoiced",
        "subscription",
        subscription.id,
        invoice_id=str(invoice.id) if invoice else None,
        starts_on=span.first.isoformat(),
        ends_on=span.last.isoformat(),
    )


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
    kind = "credit_note" if net < 0 else "invoice"
    return _add_invoice(uow, subscription, rows, adjustments, title, kind=kind)


def _add_invoice(
    uow: UnitOfWork,
    subscription: Subscription,
    rows: list[dict[str, Any]],
    changes: Sequence[SubscriptionAdjustment],
    title: str,
    *,
    kind: str,
) -> Invoice:
    invoice = Invoice(
        title=title[:300],
        kind=kind,
        subscription_id=subscription.id,
        **{name: getattr(subscription, name) for name in _SHARED},
    )
    made = f"Made {INVOICE_KINDS[kind].lower()} “{invoice.title}”"
    add_record(uow, invoice, title=made)
    write_lines(uow, invoice, rows)
    for one in changes:
        one.invoice_id = invoice.id
    add_entry(uow, subscription, "invoice", made, is_copy=True)
    if subscription.invoicing == "issue":
        # Whoever may invoice this may not have the right to change the client's other invoices.
        issue_invoice(uow.acting_as(uow.actor.unlimited()), invoice_id=invoice.id)
    return invoice


def _rows(uow: UnitOfWork, subscription: Subscription, part: Part) -> list[dict[str, Any]]:
    """Return an invoice's lines for a subscription's; for a part of a period, their shares."""
    whole = rows_at(uow, subscription, part.span.first)
    if part.is_whole:
        return whole
    return [_share(row, part, subscription.currency) for row in whole]


def _share(row: Mapping[str, Any], part: Part, currency: str) -> dict[str, Any]:
    amount = part.of(row["net"], currency)
    quantity = f"{row['quantity'].normalize():f}" + (f" {row['unit']}" if row["unit"] else "")
    return {
        **row,
        "quantity": Decimal(1),
        "unit": None,
        "unit_price": amount,
        "net": amount,
        "discount_percent": Decimal(0),
        "title": f"{row['title']}, {quantity} ({part.text})",
    }


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
