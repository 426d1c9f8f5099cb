"""What can be done with invoices, and the payments that come in for them.

An invoice that was issued is never changed or deleted: a credit note takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Day, Key, Line
from services.errors import Conflict, Invalid, not_found_as
from services.money import round_money, show_money
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.documents import add_document, change_draft, copy_document, require, today
from services.sales.lines import copied, lines_argument, lines_of
from services.sales.model import INVOICE, Invoice, Order, Payment
from services.sales.numbering import next_number
from services.unit_of_work import UnitOfWork


class InvoiceArguments(Arguments):
    """Which invoice."""

    invoice_id = key_argument(INVOICE)


class IssueInvoice(InvoiceArguments):
    """Which invoice is issued, and until when it is to be paid."""

    due_on = Day(load_default=None, allow_none=True, metadata={"title": "Due"})


class RecordPayment(InvoiceArguments):
    """What came in for an invoice."""

    amount = fields.Decimal(required=True, metadata={"title": "Amount"})
    paid_on = Day(load_default=None, allow_none=True, metadata={"title": "Paid on"})
    reference = Line(load_default=None, allow_none=True, metadata={"title": "Reference"})


class TakeBackPayment(Arguments):
    """Which payment was entered by mistake."""

    payment_id = Key(required=True, metadata={"title": "Payment"})


@operation(
    "invoice.create",
    Permission.RECORD_WRITE,
    create_schema(INVOICE, lines=lines_argument(load_default=list)),
    in_diagrams=True,
)
def create_invoice(uow: UnitOfWork, *, lines: list[dict[str, Any]], **values: Any) -> Invoice:
    """Draft an invoice."""
    return add_document(uow, Invoice(), values, lines)


@operation(
    "invoice.update", Permission.RECORD_WRITE, update_schema(INVOICE, lines=lines_argument())
)
def update_invoice(
    uow: UnitOfWork,
    *,
    invoice_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    **values: Any,
) -> Invoice:
    """Change an invoice that was not issued yet."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if lines is not None and invoice.order_id is not None:
        message = "The lines are the order's; make another invoice of it."
        raise Invalid(message, {"lines": [message]})
    change_draft(uow, invoice, values, lines, version)
    return invoice


@operation("invoice.issue", Permission.RECORD_WRITE, IssueInvoice, in_diagrams=True)
def issue_invoice(uow: UnitOfWork, *, invoice_id: UUID, due_on: date | None = None) -> Invoice:
    """Issue an invoice: it gets its number and can't be changed any more."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    require(invoice, "draft")
    if not lines_of(uow, invoice):
        raise Conflict("This invoice has no lines.")
    day = today(uow)
    due = due_on or invoice.due_on or day + timedelta(get_organization(uow).payment_days)
    if due < day:
        message = "An invoice can't be due before it is issued."
        raise Invalid(message, {"due_on": [message]})
    _issue(uow, invoice, day, due)
    return invoice


@operation("invoice.credit", Permission.RECORD_WRITE, InvoiceArguments, in_diagrams=True)
def credit_invoice(uow: UnitOfWork, *, invoice_id: UUID) -> Invoice:
    """Take an issued invoice back by a credit note; a second time gives the same one."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    known = select(Invoice).where(Invoice.corrects_id == invoice.id)
    made = uow.session.scalars(known).one_or_none()
    if made is not None:
        return made
    require(invoice, "issued", "paid")
    if invoice.kind != "invoice":
        raise Conflict("A credit note can't be taken back.")
    note = Invoice(kind="credit_note", corrects_id=invoice.id, order_id=invoice.order_id)
    copy_document(uow, invoice, note, [copied(line) for line in lines_of(uow, invoice)])
    _issue(uow, note, today(uow), None)
    change_record(uow, invoice, {"status": "credited"})
    if invoice.order_id is not None:
        order = uow.get(Order, invoice.order_id, lock=True)
        if order.status == "invoiced":
            change_record(uow, order, {"status": "confirmed"})
    uow.emit("invoice.credited", "invoice", invoice.id, credit_note_id=str(note.id))
    return note


@operation("payment.record", Permission.RECORD_WRITE, RecordPayment, in_diagrams=True)
def record_payment(
    uow: UnitOfWork,
    *,
    invoice_id: UUID,
    amount: Decimal,
    paid_on: date | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """Note what came in for an invoice; it is paid when nothing is left."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    require(invoice, "issued")
    if amount <= 0 or round_money(amount, invoice.currency) != amount:
        message = f"Use an amount of more than 0 that {invoice.currency} can be paid in."
        raise Invalid(message, {"amount": [message]})
    left = invoice.gross - invoice.paid
    if amount > left:
        message = f"Only {show_money(left, invoice.currency)} is left to be paid."
        raise Invalid(message, {"amount": [message]})
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
    _set_paid(uow, invoice, invoice.paid + amount)
    return {"payment_id": payment.id, "left": left - amount}


@operation("payment.take_back", Permission.RECORD_WRITE, TakeBackPayment)
def take_back_payment(uow: UnitOfWork, *, payment_id: UUID) -> dict[str, Any]:
    """Take back a payment that was entered by mistake; it stays to be seen."""
    payment = uow.get(Payment, payment_id)
    with not_found_as("There is no such payment."):
        invoice = uow.get(Invoice, payment.invoice_id, lock=True)
    require(invoice, "issued", "paid")
    uow.session.refresh(payment)
    if payment.taken_back_at is not None:
        raise Conflict("This payment is taken back already.")
    payment.taken_back_at = uow.now
    _set_paid(uow, invoice, invoice.paid - payment.amount)
    return {"payment_id": payment.id, "left": invoice.gross - invoice.paid}


def payments_of(uow: UnitOfWork, invoice: Invoice) -> Sequence[Payment]:
    """Return the payments of an invoice, oldest first, those that were taken back too."""
    statement = select(Payment).where(Payment.invoice_id == invoice.id)
    return uow.session.scalars(statement.order_by(Payment.paid_on, Payment.id)).all()


def _issue(uow: UnitOfWork, invoice: Invoice, day: date, due: date | None) -> None:
    changes = {
        "number": next_number(uow, invoice.kind, day),
        "status": "issued",
        "issued_on": day,
        "due_on": due,
    }
    change_record(uow, invoice, changes)
    uow.emit("invoice.issued", "invoice", invoice.id, kind=invoice.kind)


def _set_paid(uow: UnitOfWork, invoice: Invoice, paid: Decimal) -> None:
    status = "paid" if paid == invoice.gross else "issued"
    was = invoice.status
    change_record(uow, invoice, {"paid": paid, "status": status})
    if status == "paid" and was != "paid":
        uow.emit("invoice.paid", "invoice", invoice.id)
