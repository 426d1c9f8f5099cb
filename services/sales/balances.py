"""What an account still owes, and what it was invoiced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, func

from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork

_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands between an account and oneself in one currency.

    Attributes:
        open: What the account has still to pay.
        late: The part of it that was due before the day.
        back: What it is to get back.
        invoiced: Net, in the year up to the day, less what was credited.
    """

    currency: str
    open: Decimal
    late: Decimal
    back: Decimal
    invoiced: Decimal


def balances_of(uow: UnitOfWork, account_id: UUID, on: date) -> Sequence[Balance]:
    """Return what the invoices of an account that the actor sees come to, by currency."""
    is_invoice, is_own_note = Invoice.kind == "invoice", Invoice.corrects_id.is_(None)
    left = Invoice.gross - Invoice.credited - Invoice.paid
    zero = Decimal(0)
    signed = case((is_invoice, Invoice.taxable), else_=-Invoice.taxable)

    def sum_of(value: ColumnElement[Decimal], *conditions: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(value).filter(*conditions), zero)

    statement = (
        uow.select(Invoice)
        .where(Invoice.account_id == account_id, Invoice.status != "draft")
        .with_only_columns(
            Invoice.currency,
            sum_of(left, is_invoice, left > 0),
            sum_of(left, is_invoice, left > 0, Invoice.due_on < on),
            sum_of(-left, is_invoice, left < 0) + sum_of(left, ~is_invoice, is_own_note),
            sum_of(signed, Invoice.issued_on > on - _YEAR, Invoice.issued_on <= on),
        )
        .group_by(Invoice.currency)
        .order_by(Invoice.currency)
    )
    return [Balance(*row) for row in uow.session.execute(statement)]
