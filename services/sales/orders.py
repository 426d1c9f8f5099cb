"""What can be done with orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select, union_all
from sqlalchemy.orm import aliased

from services.actors import Permission
from services.arguments import Percent
from services.days import today
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.currencies import CONVERT
from services.sales.documents import add_document, change_draft, copy_document, require
from services.sales.lines import MAX_LINES, copied, lines_argument, lines_of
from services.sales.model import ORDER, Invoice, InvoiceLine, Order
from services.sales.numbering import next_number
from services.sales.parts import PartOfLine, wanted_quantities
from services.unit_of_work import UnitOfWork

_THOUSANDTH: Final = Decimal("0.001")


class OrderArguments(Arguments):
    """Which order."""

    order_id = key_argument(ORDER)


class InvoiceOrder(OrderArguments):
    """Which order is invoiced, and how much of it."""

    lines = fields.List(
        fields.Nested(PartOfLine),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MAX_LINES),
        metadata={"title": "Lines", "description": "All that is left if there are none."},
    )
    percent = Percent(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Percent",
            "description": "Of every line that was ordered, as far as it is left: a deposit, say.",
        },
    )


@operation(
    "order.create",
    Permission.RECORD_WRITE,
    create_schema(ORDER, lines=lines_argument(load_default=list)),
    in_diagrams=True,
)
def create_order(uow: UnitOfWork, *, lines: list[dict[str, Any]], **values: Any) -> Order:
    """Make an order."""
    day = values.pop("ordered_on", None) or today(uow)
    order = Order(number=next_number(uow, "order", day), ordered_on=day)
    return add_document(uow, order, values, lines)


@operation(
    "order.update",
    Permission.RECORD_WRITE,
    update_schema(ORDER, lines=lines_argument(), convert=CONVERT),
)
def update_order(
    uow: UnitOfWork,
    *,
    order_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    convert: bool = True,
    **values: Any,
) -> Order:
    """Change an order that was not confirmed yet."""
    order = uow.get(Order, order_id, lock=True)
    if "ordered_on" in values and values["ordered_on"] is None:
        del values["ordered_on"]
    change_draft(uow, order, values, lines, version, convert=convert)
    return order


@operation("order.confirm", Permission.RECORD_WRITE, OrderArguments, in_diagrams=True)
def confirm_order(uow: UnitOfWork, *, order_id: UUID) -> Order:
    """Confirm an order; it can't be changed any more."""
    order = uow.get(Order, order_id, lock=True)
    require(order, "draft")
    if not lines_of(uow, order):
        raise Conflict("This order has no lines.")
    change_record(uow, order, {"status": "confirmed", "confirmed_at": uow.now})
    uow.emit("order.confirmed", "order", order.id)
    return order


@operation("order.cancel", Permission.RECORD_WRITE, OrderArguments, in_diagrams=True)
def cancel_order(uow: UnitOfWork, *, order_id: UUID) -> Order:
    """Cancel an order of which nothing is invoiced."""
    order = uow.get(Order, order_id, lock=True)
    require(order, "draft", "confirmed")
    if any(_invoiced(uow, order).values()):
        raise Conflict("A part of this order is invoiced; take that back by a credit note first.")
    change_record(uow, order, {"status": "cancelled", "cancelled_at": uow.now})
    uow.emit("order.cancelled", "order", order.id)
    return order


@operation("order.invoice", Permission.RECORD_WRITE, InvoiceOrder, in_diagrams=True)
def invoice_order(
    uow: UnitOfWork,
    *,
    order_id: UUID,
    lines: list[dict[str, Any]] | None = None,
    percent: Decimal | None = None,
) -> Invoice:
    """Draft an invoice of a confirmed order: of all that is left, of a part, or of a percentage.

    Raises:
        Conflict: Nothing is left, or the order is not confirmed.
        Invalid: More is wanted than is left, lines and a percentage are given, or nothing comes of
            the percentage.
    """
    order = uow.get(Order, order_id, lock=True)
    require(order, "confirmed", "invoiced")
    left = quantities_left(uow, order)
    wanted = wanted_quantities(lines, left, nothing="All of this order is invoiced already.")
    if percent is not None:
        wanted = _share(uow, order, left, percent, lines)
    rows = [
        {**copied(line), "quantity": wanted[line.position]}
        for line in lines_of(uow, order)
        if wanted.get(line.position)
    ]
    invoice = copy_document(uow, order, Invoice(order_id=order.id), rows)
    if percent is not None:
        invoice.title = f"{order.title}, {percent.normalize():f} %"[:300]
    _settle(uow, order)
    return invoice


def quantities_left(uow: UnitOfWork, order: Order) -> dict[int, Decimal]:
    """Return how much of each line, by its position, is on no invoice yet."""
    invoiced = _invoiced(uow, order)
    return {
        line.position: line.quantity - invoiced.get(line.id, Decimal(0))
        for line in lines_of(uow, order)
    }


def settle_order(uow: UnitOfWork, order_id: UUID) -> None:
    """Let an order say whether all of it is invoiced, after that has changed."""
    _settle(uow, uow.get(Order, order_id, lock=True))


def check_fits(uow: UnitOfWork, invoice: Invoice) -> None:
    """Refuse an invoice out of the bin when its order was invoiced otherwise meanwhile.

    Raises:
        Conflict: With it, more would be invoiced than was ordered; or the order was cancelled.
    """
    if invoice.order_id is None:
        return
    order = uow.get(Order, invoice.order_id, lock=True)
    if order.status == "cancelled":
        raise Conflict("Its order was cancelled meanwhile.")
    if any(left < 0 for left in quantities_left(uow, order).values()):
        raise Conflict("Its order was invoiced otherwise meanwhile; make another invoice of it.")
    _settle(uow, order)


def _share(
    uow: UnitOfWork,
    order: Order,
    left: Mapping[int, Decimal],
    percent: Decimal,
    lines: list[dict[str, Any]] | None,
) -> Mapping[int, Decimal]:
    """Return a percentage of the quantity of every line, at most what is left of it.

    Raises:
        Invalid: Lines are given too, or it comes to nothing.
    """
    if lines is not None:
        message = "Give lines or a percentage, not both."
        raise Invalid(message, {"percent": [message]})
    wanted = {
        line.position: min(
            (line.quantity * percent / 100).quantize(_THOUSANDTH, ROUND_HALF_UP),
            left[line.position],
        )
        for line in lines_of(uow, order)
    }
    if not any(wanted.values()):
        message = "This comes to nothing of any line."
        raise Invalid(message, {"percent": [message]})
    return wanted


def _settle(uow: UnitOfWork, order: Order) -> None:
    if order.status not in {"confirmed", "invoiced"}:
        return
    is_done = not any(quantities_left(uow, order).values())
    change_record(uow, order, {"status": "invoiced" if is_done else "confirmed"})


def _invoiced(uow: UnitOfWork, order: Order) -> Mapping[UUID, Decimal]:
    """Return how much of each line is on invoices, drafts too, and on no credit note.

    A credit note's lines name those of its invoice, which name those of the order.
    """
    uow.session.flush()
    invoiced_line = aliased(InvoiceLine)
    invoiced = (
        select(InvoiceLine.source_id.label("source"), InvoiceLine.quantity)
        .join(Invoice, Invoice.id == InvoiceLine.document_id)
        .where(
            Invoice.order_id == order.id, Invoice.kind == "invoice", Invoice.deleted_at.is_(None)
        )
    )
    credited = (
        select(invoiced_line.source_id, -InvoiceLine.quantity)
        .join(Invoice, Invoice.id == InvoiceLine.document_id)
        .join(invoiced_line, invoiced_line.id == InvoiceLine.source_id)
        .where(Invoice.order_id == order.id, Invoice.kind == "credit_note")
    )
    both = union_all(invoiced, credited).subquery()
    statement = select(both.c.source, func.sum(both.c.quantity)).group_by(both.c.source)
    return {source: sum_ for source, sum_ in uow.session.execute(statement) if source is not None}
