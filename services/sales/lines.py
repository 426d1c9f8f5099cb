"""The lines of quotes, orders and invoices: kept, copied, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from marshmallow import fields, validate
from sqlalchemy import delete, func, select

from services.arguments import MAX_AMOUNT
from services.errors import Invalid
from services.money import PricedLine, Totals, total, total_of_nets
from services.sales.filling import LineArguments, fill_lines
from services.sales.model import LINES, SalesDocument, SalesLine
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork

MAX_LINES = 10_000
_COPIED = (
    "product_id",
    "title",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "tax_category",
    "tax_percent",
    "net",
)
# What a line costs can be told from each of these.
_SUMS: Final = frozenset({"net", "taxable", "tax", "gross", "value", "mrr"})


def lines_argument(**options: Any) -> fields.List[Any]:
    """Return the argument that takes all lines of a document."""
    return fields.List(
        fields.Nested(LineArguments),
        validate=validate.Length(max=MAX_LINES),
        metadata={"title": "Lines"},
        **options,
    )


def lines_of(uow: UnitOfWork, document: Any, limit: int | None = None) -> Sequence[SalesLine]:
    """Return the lines of a document, or the first of them, in order."""
    model: Any = LINES[document.record_type]
    statement = select(model).where(model.document_id == document.id).order_by(model.position)
    return uow.session.scalars(statement.limit(limit)).all()


def sees_prices(uow: UnitOfWork, record_type: str) -> bool:
    """Tell whether the actor may see what the lines of such documents cost: no sum is hidden."""
    return not _SUMS & uow.actor.hidden_fields(record_type)


def totals_of(uow: UnitOfWork, document: SalesDocument) -> Totals:
    """Return the sums of a document with its tax groups."""
    return kept_totals(document, lines_of(uow, document))


def count_and_sums(uow: UnitOfWork, document: SalesDocument) -> tuple[int, Totals]:
    """Return how many lines a document has and its sums, without reading the lines.

    The sums' own ``lines`` are the net amounts of the tax groups.
    """
    model: Any = LINES[document.record_type]
    columns = (model.tax_category, model.tax_percent, func.sum(model.net))
    statement = select(*columns, func.count()).where(model.document_id == document.id)
    rows = uow.session.execute(statement.group_by(*columns[:2])).all()
    nets = [(category, percent, net) for category, percent, net, _ in rows]
    return sum(row[3] for row in rows), _kept(document, nets)


def kept_totals(document: SalesDocument, lines: Sequence[SalesLine]) -> Totals:
    """Return the sums of a document as they were kept, with the tax groups of its lines."""
    return _kept(document, [(line.tax_category, line.tax_percent, line.net) for line in lines])


def _kept(document: SalesDocument, nets: Sequence[tuple[str, Decimal, Decimal]]) -> Totals:
    """Return the sums of a document as they were kept, with the tax groups of net amounts.

    A credit note that takes the rest of an invoice back may be a cent off what its own lines
    come to, so that all notes together are what was invoiced; its largest group holds that cent.
    """
    found = total_of_nets(nets, document.currency, document.discount_percent)
    if (found.taxable, found.tax) == (document.taxable, document.tax) or not found.groups:
        return found
    largest = max(found.groups, key=lambda group: group.taxable)
    groups = tuple(
        replace(
            group,
            taxable=group.taxable + document.taxable - found.taxable,
            tax=group.tax + document.tax - found.tax,
        )
        if group is largest
        else group
        for group in found.groups
    )
    return Totals(
        found.lines,
        document.net,
        document.net - document.taxable,
        document.taxable,
        document.tax,
        document.gross,
        groups,
    )


def set_lines(uow: UnitOfWork, document: Any, given: Sequence[Mapping[str, Any]], on: date) -> None:
    """Replace the lines of a document and add it up.

    Args:
        uow: Of whoever does it.
        document: Stored already.
        given: As ``LineArguments`` loads them.
        on: The day whose prices count.

    Raises:
        Invalid: A line has no title or price, or its tax makes no sense; ``fields`` says which.
    """
    price_list = None
    if document.price_list_id is not None:
        price_list = uow.session.get_one(PriceList, document.price_list_id)
        if price_list.currency != document.currency:
            message = f"This price list is in {price_list.currency}."
            raise Invalid(message, {"currency": [message]})
    write_lines(uow, document, fill_lines(uow, given, price_list, document.currency, on))


def write_lines(uow: UnitOfWork, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store complete lines in place of those that are there, and add the document up."""
    priced = [priced_line(row) for row in rows]
    store_lines(uow, document, rows, total(priced, document.currency, document.discount_percent))


def store_lines(
    uow: UnitOfWork, document: Any, rows: Sequence[Mapping[str, Any]], sums: Totals
) -> None:
    """Store complete lines in place of those that are there, with sums that were made already."""
    model: Any = LINES[document.record_type]
    if sums.gross > MAX_AMOUNT:
        raise Invalid("The sum is out of range.", {"lines": ["The sum is out of range."]})
    uow.session.execute(delete(model).where(model.document_id == document.id))
    uow.session.add_all(
        model(**{**row, "document_id": document.id, "position": number, "net": net})
        for number, (row, net) in enumerate(zip(rows, sums.lines, strict=True), start=1)
    )
    document.net, document.taxable = sums.net, sums.taxable
    document.tax, document.gross = sums.tax, sums.gross
    uow.session.flush()


def content_of(line: SalesLine) -> tuple[Any, ...]:
    """Return all that a line says, to be compared."""
    return tuple(getattr(line, name) for name in _COPIED)


def copied(line: SalesLine) -> dict[str, Any]:
    """Return a line's content for another document; its source is the line itself."""
    return {**{name: getattr(line, name) for name in _COPIED}, "source_id": line.id}


def present_lines(uow: UnitOfWork, document: Any) -> list[dict[str, Any]]:
    """Return the lines as plain values, in order."""
    return [
        {"position": line.position, **{name: getattr(line, name) for name in _COPIED}}
        for line in lines_of(uow, document)
    ]


def priced_line(line: Any) -> PricedLine:
    """Return what the net amount of a complete line is made of."""
    values = line if isinstance(line, Mapping) else vars(line)
    return PricedLine(
        values["quantity"],
        values["unit_price"],
        values["discount_percent"],
        values["tax_category"],
        values["tax_percent"],
    )
