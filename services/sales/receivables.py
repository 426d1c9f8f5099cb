"""What clients owe: how much by how late it is, and the late invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, func, tuple_

from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork

AGES: Final = (30, 60, 90)
"""Up to how many days late the groups are, but the last."""

_NO_DATE: Final = date.max


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed in a currency.

    Attributes:
        not_due: What need not be paid yet.
        by_age: What is late: up to 30, 60 and 90 days, and more.
    """

    currency: str
    not_due: Decimal
    by_age: tuple[Decimal, ...]
    count: int

    @property
    def late(self) -> Decimal:
        """All that is late."""
        return sum(self.by_age, Decimal(0))

    @property
    def total(self) -> Decimal:
        """All that is owed."""
        return self.not_due + self.late


def owed_by_age(uow: UnitOfWork, on: date) -> Sequence[Owed]:
    """Return what the invoices come to that the actor sees, by currency and how late they are."""
    left = Invoice.gross - Invoice.credited - Invoice.paid
    days = on - func.coalesce(Invoice.due_on, _NO_DATE)
    edges = (0, *AGES)

    def sum_of(*conditions: ColumnElement[bool]) -> ColumnElement[Decimal]:
        return func.coalesce(func.sum(left).filter(*conditions), Decimal(0))

    groups = [
        sum_of(days > low, *(() if high is None else (days <= high,)))
        for low, high in zip(edges, (*AGES, None), strict=True)
    ]
    statement = (
        uow.select(Invoice)
        .where(*_is_owed())
        .with_only_columns(
            Invoice.currency,
            sum_of(days <= 0),
            func.count().filter(days > 0),
            *groups,
        )
        .group_by(Invoice.currency)
        .order_by(Invoice.currency)
    )
    return [
        Owed(currency, not_due, tuple(ages), count)
        for currency, not_due, count, *ages in uow.session.execute(statement)
    ]


def late_invoices(
    uow: UnitOfWork, on: date, *, limit: int, after: tuple[date, object] | None = None
) -> Sequence[Invoice]:
    """Return the late invoices that the actor sees, the latest first.

    Args:
        uow: Of whoever asks.
        on: The day.
        limit: How many at most.
        after: The due day and key of the last one that was shown.
    """
    place = tuple_(Invoice.due_on, Invoice.id)
    statement = uow.select(Invoice).where(*_is_owed(), Invoice.due_on < on)
    if after is not None:
        statement = statement.where(place > tuple_(*after))
    return uow.session.scalars(statement.order_by(Invoice.due_on, Invoice.id).limit(limit)).all()


def days_late(invoice: Invoice, on: date) -> int:
    """Return for how many days an invoice is late; 0 while it is not."""
    due = invoice.due_on
    return 0 if due is None else max((on - due) // timedelta(days=1), 0)


def _is_owed() -> tuple[ColumnElement[bool], ...]:
    return (Invoice.status == "issued", Invoice.kind == "invoice")
