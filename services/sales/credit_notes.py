"""Credit notes: they take an issued invoice back, the whole of it or some lines.

All notes of an invoice together never come to more than the invoice. Of a line, the last note
gets what the others have left of its net amount, and the note that takes the rest of the invoice
gets what is left of its tax; so no cent is lost or given twice by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import LongText
from services.days import today
from services.errors import Conflict
from services.money import PricedLine, Totals, line_net, show_money, total_of_nets
from services.operations import operation
from services.records.changes import change_record
from services.sales.documents import add_copy, require
from services.sales.invoices import InvoiceArguments, give_number
from services.sales.lines import MAX_LINES, copied, lines_of, store_lines
from services.sales.model import Invoice, InvoiceLine, SalesLine
from services.sales.orders import settle_order
from services.sales.parts import PartOfLine, wanted_quantities
from services.sales.payments import settled_status
from services.unit_of_work import UnitOfWork


class CreditInvoice(InvoiceArguments):
    """Which invoice is taken back, and how much of it."""

    lines = fields.List(
        fields.Nested(PartOfLine),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MAX_LINES),
        metadata={"title": "Lines", "description": "All that is left if there are none."},
    )
    reason = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "Reason", "description": "Stands on the credit note."},
    )


@dataclass(frozen=True, slots=True)
class Credited:
    """What credit notes have taken back of a line."""

    quantity: Decimal = Decimal(0)
    net: Decimal = Decimal(0)


@operation("invoice.credit", Permission.RECORD_WRITE, CreditInvoice, in_diagrams=True)
def credit_invoice(
    uow: UnitOfWork,
    *,
    invoice_id: UUID,
    lines: list[dict[str, Any]] | None = None,
    reason: str | None = None,
) -> Invoice:
    """Take an issued invoice back by a credit note, or some of its lines.

    A whole invoice that is taken back a second time gives the last note again.
    """
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if invoice.kind != "invoice":
        raise Conflict("A credit note can't be taken back.")
    if invoice.status == "credited" and lines is None:
        return credit_notes_of(uow, invoice)[-1]
    require(invoice, "issued", "paid")
    note, is_rest = _make_note(uow, invoice, lines, reason)
    give_number(uow, note, today(uow), None)
    invoice.credited += note.gross
    status = "credited" if is_rest else settled_status(invoice)
    title = f"Credited {show_money(note.gross, note.currency)} by {note.number}"
    change_record(uow, invoice, {"credited": invoice.credited, "status": status}, title=title)
    if invoice.order_id is not None:
        settle_order(uow, invoice.order_id)
    uow.emit("invoice.credited", "invoice", invoice.id, credit_note_id=str(note.id), rest=is_rest)
    return note


def credit_notes_of(uow: UnitOfWork, invoice: Invoice) -> Sequence[Invoice]:
    """Return the credit notes of an invoice, oldest first."""
    statement = select(Invoice).where(Invoice.corrects_id == invoice.id)
    return uow.session.scalars(statement.order_by(Invoice.created_at, Invoice.id)).all()


def quantities_to_credit(uow: UnitOfWork, invoice: Invoice) -> dict[int, Decimal]:
    """Return how much of each line, by its position, is on no credit note yet."""
    credited = credited_lines(uow, invoice)
    return {
        line.position: line.quantity - credited.get(line.id, Credited()).quantity
        for line in lines_of(uow, invoice)
    }


def credited_lines(uow: UnitOfWork, invoice: Invoice) -> Mapping[UUID, Credited]:
    """Return what was taken back of each line, by the line's key."""
    statement = (
        select(InvoiceLine.source_id, func.sum(InvoiceLine.quantity), func.sum(InvoiceLine.net))
        .join(Invoice, Invoice.id == InvoiceLine.document_id)
        .where(Invoice.corrects_id == invoice.id)
        .group_by(InvoiceLine.source_id)
    )
    return {
        source: Credited(quantity, net)
        for source, quantity, net in uow.session.execute(statement)
        if source is not None
    }


def _make_note(
    uow: UnitOfWork,
    invoice: Invoice,
    parts: list[dict[str, Any]] | None,
    reason: str | None,
) -> tuple[Invoice, bool]:
    """Store the draft of a credit note; tell whether it takes all that was left.

    Raises:
        Invalid: More of a line is wanted than is left.
        Conflict: Nothing is left.
    """
    lines = lines_of(uow, invoice)
    credited = credited_lines(uow, invoice)
    left = {
        line.position: line.quantity - credited.get(line.id, Credited()).quantity for line in lines
    }
    wanted = wanted_quantities(parts, left, nothing="All of this invoice is taken back already.")
    is_rest = all(wanted.get(position, Decimal(0)) == left[position] for position in left)
    taken = [line for line in lines if wanted.get(line.position)]
    rows = [{**copied(line), "quantity": wanted[line.position]} for line in taken]
    nets = [
        (
            line.tax_category,
            line.tax_percent,
            _net(line, wanted[line.position], credited.get(line.id, Credited()), invoice.currency),
        )
        for line in taken
    ]
    sums = total_of_nets(nets, invoice.currency, invoice.discount_percent)
    note = Invoice(kind="credit_note", corrects_id=invoice.id, order_id=invoice.order_id)
    add_copy(uow, invoice, note, note=reason)
    store_lines(uow, note, rows, _within(uow, invoice, note, sums, is_rest=is_rest))
    return note, is_rest


def _net(line: SalesLine, quantity: Decimal, credited: Credited, currency: str) -> Decimal:
    """Return the net amount of a part of a line, at most what is left of the line's."""
    left = line.net - credited.net
    if quantity + credited.quantity == line.quantity:
        return left
    part = PricedLine(quantity, line.unit_price, line.discount_percent)
    return min(line_net(part, currency), left)


def _within(
    uow: UnitOfWork, invoice: Invoice, note: Invoice, sums: Totals, *, is_rest: bool
) -> Totals:
    """Return the sums of a note as far as the invoice still has that much, or all that it has."""
    others = select(func.sum(Invoice.taxable), func.sum(Invoice.tax)).where(
        Invoice.corrects_id == invoice.id, Invoice.id != note.id
    )
    row = uow.session.execute(others).one()
    taxable = invoice.taxable - (row[0] or 0)
    tax = invoice.tax - (row[1] or 0)
    if not is_rest:
        taxable, tax = min(sums.taxable, taxable), min(sums.tax, tax)
    return Totals(
        sums.lines, sums.net, sums.net - taxable, taxable, tax, taxable + tax, sums.groups
    )
