"""Payments: what came in for invoices, and what was paid back.

A credit note of an invoice is settled on that invoice. One that takes no invoice back is owed for
itself: it is paid back, or set off against what the client has still to pay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from services.actors import Permission
from services.arguments import MAX_AMOUNT, Day, Key, Line
from services.days import today
from services.errors import Conflict, Invalid, not_found_as
from services.money import round_money, show_money
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.sales.documents import require
from services.sales.model import INVOICE, Invoice, Payment
from services.unit_of_work import UnitOfWork


class RecordPayment(Arguments):
    """What came in for an invoice, or was paid back."""

    invoice_id = key_argument(INVOICE)
    amount = fields.Decimal(required=True, metadata={"title": "Amount"})
    paid_on = Day(load_default=None, allow_none=True, metadata={"title": "Paid on"})
    reference = Line(load_default=None, allow_none=True, metadata={"title": "Reference"})


class TakeBackPayment(Arguments):
    """Which payment was entered by mistake."""

    payment_id = Key(required=True, metadata={"title": "Payment"})


@operation("payment.record", Permission.RECORD_WRITE, RecordPayment, in_diagrams=True)
def record_payment(
    uow: UnitOfWork, *, invoice_id: UUID, amount: Decimal, **values: Any
) -> dict[str, Any]:
    """Note what came in for an invoice; it is paid when nothing is left."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if invoice.kind != "invoice":
        raise Conflict("Nobody pays a credit note; it is paid back.")
    require(invoice, "issued")
    check_amount(amount, invoice)
    if amount > invoice.open:
        message = f"Only {show_money(invoice.open, invoice.currency)} is left to be paid."
        raise Invalid(message, {"amount": [message]})
    payment = add_payment(uow, invoice, amount, told="Paid", **values)
    return {"payment_id": payment.id, "left": invoice.open}


@operation("payment.refund", Permission.RECORD_WRITE, RecordPayment, in_diagrams=True)
def refund_payment(
    uow: UnitOfWork, *, invoice_id: UUID, amount: Decimal, **values: Any
) -> dict[str, Any]:
    """Note what was paid back: of an invoice of which more was paid than is owed, or of a note."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if invoice.kind == "credit_note":
        check_stands_alone(invoice)
        over = invoice.open
    else:
        require(invoice, "paid", "credited")
        over = max(-invoice.open, Decimal(0))
    check_amount(amount, invoice)
    if amount > over:
        message = f"Only {show_money(over, invoice.currency)} is to be paid back."
        raise Invalid(message, {"amount": [message]})
    payment = add_payment(uow, invoice, -amount, told="Paid back", **values)
    return {"payment_id": payment.id, "left": over - amount}


@operation("payment.take_back", Permission.RECORD_WRITE, TakeBackPayment)
def take_back_payment(uow: UnitOfWork, *, payment_id: UUID) -> dict[str, Any]:
    """Take back a payment that was entered by mistake; it stays to be seen.

    What was set off is taken back on both papers.
    """
    payment = uow.get(Payment, payment_id)
    pair = [payment]
    if payment.counterpart_id is not None:
        pair.append(uow.session.get_one(Payment, payment.counterpart_id))
    with not_found_as("There is no such payment."):
        papers = hold_papers(uow, [one.invoice_id for one in pair])
    for one in pair:
        _take_back(uow, papers[one.invoice_id], one)
    return {"payment_id": payment.id, "left": papers[payment.invoice_id].open}


def hold_papers(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, Invoice]:
    """Return invoices that nobody else changes to the commit, always held in the same order."""
    return {key: uow.get(Invoice, key, lock=True) for key in sorted(set(keys))}


def payments_of(uow: UnitOfWork, invoice: Invoice) -> Sequence[Payment]:
    """Return the payments of an invoice, oldest first, those that were taken back too."""
    statement = select(Payment).where(Payment.invoice_id == invoice.id)
    return uow.session.scalars(statement.order_by(Payment.paid_on, Payment.id)).all()


def settled_status(invoice: Invoice) -> str:
    """Return what an issued invoice is by what was paid and credited of it."""
    if invoice.status == "credited":
        return "credited"
    return "paid" if invoice.open <= 0 else "issued"


def check_stands_alone(note: Invoice) -> None:
    """Refuse what is done with credit notes that take no invoice back.

    Raises:
        Conflict: It takes one back, or it is not open.
    """
    if note.corrects_id is not None:
        raise Conflict("A credit note is settled on the invoice that it takes back.")
    require(note, "issued")


def _take_back(uow: UnitOfWork, invoice: Invoice, payment: Payment) -> None:
    require(invoice, "issued", "paid", "credited")
    uow.session.refresh(payment)
    if payment.taken_back_at is not None:
        raise Conflict("This payment is taken back already.")
    paid = invoice.paid - _counted(invoice, payment.amount)
    if paid < 0:
        raise Conflict("A part of it was paid back; take that back first.")
    payment.taken_back_at = uow.now
    _set_paid(uow, invoice, paid, _sentence("Took back", payment, invoice))


def _counted(invoice: Invoice, amount: Decimal) -> Decimal:
    """Return what a payment settles of a paper: money that goes out settles a credit note."""
    return -amount if invoice.kind == "credit_note" else amount


def check_amount(amount: Decimal, invoice: Invoice) -> None:
    """Refuse an amount that nobody can pay.

    Raises:
        Invalid: It is none, or has more digits than the currency.
    """
    if not 0 < amount <= MAX_AMOUNT or round_money(amount, invoice.currency) != amount:
        message = f"Use an amount of more than 0 that {invoice.currency} can be paid in."
        raise Invalid(message, {"amount": [message]})


def add_payment(
    uow: UnitOfWork,
    invoice: Invoice,
    amount: Decimal,
    *,
    told: str,
    paid_on: date | None = None,
    reference: str | None = None,
) -> Payment:
    """Note a payment of a paper that is held; below 0 money went out.

    Args:
        uow: Of whoever does it.
        invoice: The paper.
        amount: Checked already.
        told: What was done, for the timeline.
        paid_on: Today if it is left out.
        reference: Such as what the bank statement says.
    """
    payment = uow.add(
        Payment(
            invoice_id=invoice.id,
            amount=amount,
            paid_on=paid_on or today(uow),
            reference=reference,
            recorded_at=uow.now,
            recorded_by=uow.actor.name,
        )
    )
    title = _sentence(told, payment, invoice)
    _set_paid(uow, invoice, invoice.paid + _counted(invoice, amount), title)
    return payment


def _sentence(told: str, payment: Payment, invoice: Invoice) -> str:
    reference = f" ({payment.reference})" if payment.reference else ""
    return f"{told} {show_money(abs(payment.amount), invoice.currency)}{reference}"


def _set_paid(uow: UnitOfWork, invoice: Invoice, paid: Decimal, title: str) -> None:
    was, invoice.paid = invoice.status, paid
    change_record(uow, invoice, {"paid": paid, "status": settled_status(invoice)}, title=title)
    if invoice.status == "paid" and was == "issued" and invoice.kind == "invoice":
        uow.emit("invoice.paid", "invoice", invoice.id)
