"""What the pages of orders and invoices show beyond other records: what is left, payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.days import today
from services.sales.credit_notes import quantities_to_credit
from services.sales.model import Invoice, Order, Payment, Quote
from services.sales.offsets import invoices_to_offset
from services.sales.orders import quantities_left
from services.sales.payments import payments_of
from services.sales.reminders import address_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """What an invoice's page shows beyond other papers.

    Attributes:
        left: What can still be credited of each line, by position; empty where nothing was.
        left_label: What that column of the lines is called.
        open: What is to be paid, below 0 to be paid back.
        is_own_note: Whether it is a credit note that takes no invoice back.
        to_offset: Invoices that a credit note which stands alone can be set off against.
        can_remind: Whether its client can be reminded of it today.
        address: Where reminders go; None where no address is known.
    """

    payments: Sequence[Payment]
    left: Mapping[int, Decimal]
    open: Decimal
    can_credit: bool
    can_pay: bool
    is_late: bool
    is_locked: bool
    day: date
    is_own_note: bool
    left_label: str = "Not credited"
    to_offset: Sequence[Invoice] = ()
    can_remind: bool = False
    address: str | None = None

    @property
    def back(self) -> Decimal:
        """What is to be paid back; 0 for nothing."""
        return max(-self.open, Decimal(0))


@dataclass(frozen=True, slots=True)
class QuotePage:
    """What a quote's page shows beyond other papers."""

    is_locked: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """What an order's page shows beyond other papers.

    Attributes:
        left: What is still to be invoiced of each line, by position; empty for drafts.
    """

    left: Mapping[int, Decimal]
    can_invoice: bool
    is_locked: bool
    left_label: str = "To invoice"


def load_invoice(uow: UnitOfWork, invoice: Invoice) -> InvoicePage:
    """Return what an invoice's page shows."""
    is_issued = invoice.kind == "invoice" and invoice.status != "draft"
    day = today(uow)
    is_open = invoice.status == "issued" and is_issued
    is_own_note = invoice.kind == "credit_note" and invoice.corrects_id is None
    is_owed = is_own_note and invoice.status == "issued"
    due = -invoice.open if is_owed else Decimal(0)
    is_late = is_open and invoice.due_on is not None and invoice.due_on < day
    can_remind = is_late and invoice.reminded_on != day
    return InvoicePage(
        payments=payments_of(uow, invoice),
        left=quantities_to_credit(uow, invoice) if invoice.credited else {},
        open=invoice.open if is_issued else due,
        can_credit=is_issued and invoice.status != "credited",
        can_pay=is_open and invoice.open > 0,
        is_late=is_late,
        is_locked=invoice.status != "draft",
        day=day,
        is_own_note=is_own_note,
        to_offset=invoices_to_offset(uow, invoice) if is_owed else (),
        can_remind=can_remind,
        address=address_of(uow, invoice) if can_remind else None,
    )


def load_order(uow: UnitOfWork, order: Order) -> OrderPage:
    """Return what an order's page shows."""
    if order.status not in {"confirmed", "invoiced"}:
        return OrderPage({}, can_invoice=False, is_locked=order.status != "draft")
    left = quantities_left(uow, order)
    return OrderPage(left, can_invoice=any(left.values()), is_locked=True)


def load_quote(_uow: UnitOfWork, quote: Quote) -> QuotePage:
    """Return what a quote's page shows."""
    return QuotePage(is_locked=quote.status != "draft")
