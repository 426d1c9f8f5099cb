"""Credit notes that take no invoice back, set off against what their client has still to pay."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from services.actors import Permission
from services.arguments import Key
from services.errors import Conflict, Invalid
from services.money import show_money
from services.operations import Arguments, operation
from services.records.schemas import key_argument
from services.sales.documents import require
from services.sales.model import INVOICE, Invoice
from services.sales.payments import add_payment, check_amount, check_stands_alone, hold_papers
from services.unit_of_work import UnitOfWork

OFFERED: Final = 100


class OffsetNote(Arguments):
    """Which credit note lowers what is to be paid of which invoice."""

    invoice_id = key_argument(INVOICE)
    against_id = Key(
        required=True,
        metadata={
            "title": "Set off against",
            "description": "An open invoice of the same account.",
            "record_type": "invoice",
        },
    )
    amount = fields.Decimal(
        load_default=None,
        allow_none=True,
        metadata={"title": "Amount", "description": "As much as goes if it is left out."},
    )


@operation("payment.offset", Permission.RECORD_WRITE, OffsetNote, in_diagrams=True)
def offset_note(
    uow: UnitOfWork, *, invoice_id: UUID, against_id: UUID, amount: Decimal | None = None
) -> dict[str, Any]:
    """Set a credit note off against an open invoice; no money goes, both are settled by as much."""
    papers = hold_papers(uow, [invoice_id, against_id])
    note, invoice = papers[invoice_id], papers[against_id]
    if note.kind != "credit_note":
        raise Conflict("Only a credit note is set off against an invoice.")
    check_stands_alone(note)
    _check_pair(note, invoice)
    most = min(note.open, invoice.open)
    wanted = most if amount is None else amount
    check_amount(wanted, note)
    if wanted > most:
        message = f"Only {show_money(most, note.currency)} can be set off."
        raise Invalid(message, {"amount": [message]})
    told = "Settled"
    taken = add_payment(
        uow, note, -wanted, told=told, reference=f"Set off against {invoice.number}"
    )
    given = add_payment(uow, invoice, wanted, told=told, reference=f"Set off against {note.number}")
    taken.counterpart_id, given.counterpart_id = given.id, taken.id
    uow.session.flush()
    return {"payment_id": given.id, "left": note.open, "to_pay": invoice.open}


def invoices_to_offset(uow: UnitOfWork, note: Invoice) -> Sequence[Invoice]:
    """Return the open invoices that a credit note can be set off against, the first due first."""
    statement = uow.select(Invoice).where(
        Invoice.account_id == note.account_id,
        Invoice.currency == note.currency,
        Invoice.kind == "invoice",
        Invoice.status == "issued",
    )
    return uow.session.scalars(statement.order_by(Invoice.due_on, Invoice.id).limit(OFFERED)).all()


def _check_pair(note: Invoice, invoice: Invoice) -> None:
    """Refuse an invoice that a note can't be set off against.

    Raises:
        Invalid: It is another account's, in another currency, or not open.
    """
    problem = None
    if invoice.kind != "invoice":
        problem = "Choose an invoice."
    elif invoice.account_id != note.account_id:
        problem = "This invoice is another account's."
    elif invoice.currency != note.currency:
        problem = f"This invoice is in {invoice.currency}."
    if problem is not None:
        raise Invalid(problem, {"against_id": [problem]})
    require(invoice, "issued")
