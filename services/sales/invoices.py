"""What can be done with invoices.

An invoice that was issued is never changed or deleted: a credit note takes it back.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.actors import Permission
from services.arguments import Day
from services.crm.account_model import Account
from services.days import today
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.currencies import CONVERT
from services.sales.documents import add_document, change_draft, require
from services.sales.lines import lines_argument, lines_of
from services.sales.model import INVOICE, Invoice
from services.sales.numbering import next_number
from services.sales.payments import settled_status
from services.unit_of_work import UnitOfWork


class InvoiceArguments(Arguments):
    """Which invoice."""

    invoice_id = key_argument(INVOICE)


class IssueInvoice(InvoiceArguments):
    """Which invoice is issued, and until when it is to be paid."""

    due_on = Day(load_default=None, allow_none=True, metadata={"title": "Due"})


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
    "invoice.update",
    Permission.RECORD_WRITE,
    update_schema(INVOICE, lines=lines_argument(), convert=CONVERT),
)
def update_invoice(
    uow: UnitOfWork,
    *,
    invoice_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    convert: bool = True,
    **values: Any,
) -> Invoice:
    """Change an invoice that was not issued yet."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if lines is not None and invoice.order_id is not None:
        message = "The lines are the order's; make another invoice of it."
        raise Invalid(message, {"lines": [message]})
    if values.get("currency", invoice.currency) != invoice.currency:
        _refuse_currency(invoice)
    change_draft(uow, invoice, values, lines, version, convert=convert)
    return invoice


@operation("invoice.issue", Permission.RECORD_WRITE, IssueInvoice, in_diagrams=True)
def issue_invoice(uow: UnitOfWork, *, invoice_id: UUID, due_on: date | None = None) -> Invoice:
    """Issue an invoice: it gets its number and can't be changed any more."""
    invoice = uow.get(Invoice, invoice_id, lock=True)
    require(invoice, "draft")
    if not lines_of(uow, invoice):
        raise Conflict("This invoice has no lines.")
    day = today(uow)
    due = due_on or invoice.due_on
    if due is None and invoice.kind == "invoice":
        due = day + timedelta(_days_to_pay(uow, invoice))
    if due is not None and due < day:
        message = "An invoice can't be due before it is issued."
        raise Invalid(message, {"due_on": [message]})
    give_number(uow, invoice, day, due)
    if settled_status(invoice) == "paid":  # it costs nothing, and nobody will pay it
        change_record(uow, invoice, {"status": "paid"})
        if invoice.kind == "invoice":
            uow.emit("invoice.paid", "invoice", invoice.id)
    return invoice


def _days_to_pay(uow: UnitOfWork, invoice: Invoice) -> int:
    """Return how long the client has to pay: as its account says, else as all have."""
    account = None if invoice.account_id is None else uow.session.get(Account, invoice.account_id)
    own = None if account is None else account.payment_days
    return get_organization(uow).payment_days if own is None else own


def _refuse_currency(invoice: Invoice) -> None:
    """Refuse another currency for an invoice of something that was agreed in this one.

    Raises:
        Invalid: It is an order's or a subscription's.
    """
    of_what = "order" if invoice.order_id is not None else "subscription"
    if invoice.order_id is not None or invoice.subscription_id is not None:
        message = f"The currency is the {of_what}'s."
        raise Invalid(message, {"currency": [message]})


def give_number(uow: UnitOfWork, invoice: Invoice, day: date, due: date | None) -> None:
    """Give an invoice or a credit note its number; from now on it can't be changed."""
    number = next_number(uow, invoice.kind, day)
    changes = {
        "number": number,
        "status": "issued",
        "issued_on": day,
        "due_on": due,
    }
    change_record(uow, invoice, changes, title=f"Issued as {number}")
    uow.emit("invoice.issued", "invoice", invoice.id, kind=invoice.kind)
