"""What can be done with orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Quantity, WholeNumber
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.documents import add_document, change_draft, copy_document, require, today
from services.sales.lines import MAX_LINES, copied, lines_argument, lines_of
from services.sales.model import ORDER, Invoice, InvoiceLine, Order
from services.sales.numbering import next_number
from services.unit_of_work import UnitOfWork


class OrderArguments(Arguments):
    """Which order."""

    order_id = key_argument(ORDER)


class InvoicedLine(Arguments):
    """How much of a line is invoiced."""

    position = WholeNumber(required=True, metadata={"title": "Line"})
    quantity = Quantity(required=True, metadata={"title": "Quantity"})


class InvoiceOrder(OrderArguments):
    """Which order is invoiced, and how much of it."""

    lines = fields.List(
        fields.Nested(InvoicedLine),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MAX_LINES),
        metadata={"title": "Lines", "description": "All that is left if there are none."},
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


@operation("order.update", Permission.RECORD_WRITE, update_schema(ORDER, lines=lines_argument()))
def update_order(
    uow: UnitOfWork,
    *,
    order_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    **values: Any,
) -> Order:
    """Change an order that was not confirmed yet."""
    order = uow.get(Order, order_id, lock=True)
    if "ordered_on" in values and values["ordered_on"] is None:
        del values["ordered_on"]
    change_draft(uow, order, values, lines, version)
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
    uow: UnitOfWork, *, order_id: UUID, lines: list[dict[str, Any]] | None = None
) -> Invoice:
    """Draft an invoice of a confirmed order: of all that is left, or of a part."""
    order = uow.get(Order, order_id, lock=True)
    require(order, "confirmed")
    left = quantities_left(uow, order)
    wanted = _wanted(lines, left)
    rows = [
        {**copied(line), "quantity": wanted[line.position]}
        for line in lines_of(uow, order)
        if wanted.get(line.position)
    ]
    invoice = copy_document(uow, order, Invoice(order_id=order.id), rows)
    if all(left[position] == wanted.get(position, Decimal(0)) for position in left):
        change_record(uow, order, {"status": "invoiced"})
    return invoice


def quantities_left(uow: UnitOfWork, order: Order) -> dict[int, Decimal]:
    """Return how much of each line, by its position, is on no invoice yet."""
    invoiced = _invoiced(uow, order)
    return {
        line.position: line.quantity - invoiced.get(line.id, Decimal(0))
        for line in lines_of(uow, order)
    }


def _invoiced(uow: UnitOfWork, order: Order) -> Mapping[UUID, Decimal]:
    """Return how much of each line is invoiced and not taken back."""
    statement = (
        select(InvoiceLine.source_id, func.sum(InvoiceLine.quantity))
        .join(Invoice, Invoice.id == InvoiceLine.document_id)
        .where(
            Invoice.order_id == order.id, Invoice.kind == "invoice", Invoice.status != "credited"
        )
        .group_by(InvoiceLine.source_id)
    )
    return {source: sum_ for source, sum_ in uow.session.execute(statement) if source is not None}


def _wanted(
    lines: list[dict[str, Any]] | None, left: Mapping[int, Decimal]
) -> Mapping[int, Decimal]:
    """Return the quantity to invoice by position.

    Raises:
        Invalid: More is wanted than is left, or there is no such line.
        Conflict: Nothing is left.
    """
    if not any(left.values()):
        raise Conflict("All of this order is invoiced already.")
    if lines is None:
        return left
    wanted: dict[int, Decimal] = {}
    for number, line in enumerate(lines):
        position = line["position"]
        wanted[position] = wanted.get(position, Decimal(0)) + line["quantity"]
        rest = left.get(position)
        if rest is None or wanted[position] > rest:
            message = (
                "There is no such line." if rest is None else f"Only {rest.normalize():f} is left."
            )
            raise Invalid(message, {f"lines.{number}.quantity": [message]})
    return wanted
