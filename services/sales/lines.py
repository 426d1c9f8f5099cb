"""The lines of quotes, orders and invoices: filled from the catalogue, checked, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import delete, select

from services.arguments import MAX_AMOUNT, Key, Line, LongText, Percent, Quantity, UnitPrice
from services.errors import Invalid
from services.money import PricedLine, Totals, total
from services.operations import Arguments
from services.people.organization import get_organization
from services.sales.model import LINES, SalesDocument, SalesLine
from services.sales.price_list_model import PriceList
from services.sales.price_lists import find_price
from services.sales.product_model import TAX_CATEGORIES, Product
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


class LineArguments(Arguments):
    """A line: a product, or a text with a price; what is left out comes from the product."""

    product_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Product", "relation": "product"},
    )
    title = Line(load_default=None, allow_none=True, metadata={"title": "Title"})
    description = LongText(load_default=None, allow_none=True, metadata={"title": "Description"})
    quantity = Quantity(load_default=Decimal(1), metadata={"title": "Quantity"})
    unit = Line(load_default=None, allow_none=True, metadata={"title": "Unit"})
    unit_price = UnitPrice(
        load_default=None,
        allow_none=True,
        metadata={"title": "Unit price", "description": "The price list's if it is left out."},
    )
    discount_percent = Percent(load_default=Decimal(0), metadata={"title": "Discount in percent"})
    tax_category = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([*TAX_CATEGORIES, None]),
        metadata={"title": "Tax category"},
    )
    tax_percent = Percent(load_default=None, allow_none=True, metadata={"title": "Tax in percent"})


def lines_argument(**options: Any) -> fields.List[Any]:
    """Return the argument that takes all lines of a document."""
    return fields.List(
        fields.Nested(LineArguments),
        validate=validate.Length(max=MAX_LINES),
        metadata={"title": "Lines"},
        **options,
    )


def lines_of(uow: UnitOfWork, document: Any) -> Sequence[SalesLine]:
    """Return the lines of a document, in order."""
    model: Any = LINES[document.record_type]
    statement = select(model).where(model.document_id == document.id).order_by(model.position)
    return uow.session.scalars(statement).all()


def totals_of(uow: UnitOfWork, document: SalesDocument) -> Totals:
    """Return the sums of a document with its tax groups."""
    priced = [_priced(line) for line in lines_of(uow, document)]
    return total(priced, document.currency, document.discount_percent)


def set_lines(uow: UnitOfWork, document: Any, given: Sequence[Mapping[str, Any]], on: date) -> None:
    """Replace the lines of a document and add it up.

    Args:
        uow: Of whoever does it.
        document: Stored already.
        given: As ``LineArguments`` loads them.
        on: The day whose prices count.

    Raises:
        Invalid: A line has no title or price, or its tax makes no sense; ``fields`` says which.
        NotFound: There is no such product.
    """
    price_list = None
    if document.price_list_id is not None:
        price_list = uow.session.get_one(PriceList, document.price_list_id)
        if price_list.currency != document.currency:
            message = f"This price list is in {price_list.currency}."
            raise Invalid(message, {"currency": [message]})
    products = _products(uow, given)
    rows = [
        _filled(uow, line, products.get(line["product_id"]), price_list, on, number)
        for number, line in enumerate(given)
    ]
    write_lines(uow, document, rows)


def write_lines(uow: UnitOfWork, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store complete lines in place of those that are there, and add the document up."""
    model: Any = LINES[document.record_type]
    sums = total([_priced(row) for row in rows], document.currency, document.discount_percent)
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


def copied(line: SalesLine) -> dict[str, Any]:
    """Return a line's content for another document; its source is the line itself."""
    return {**{name: getattr(line, name) for name in _COPIED}, "source_id": line.id}


def present_lines(uow: UnitOfWork, document: Any) -> list[dict[str, Any]]:
    """Return the lines as plain values, in order."""
    return [
        {"position": line.position, **{name: getattr(line, name) for name in _COPIED}}
        for line in lines_of(uow, document)
    ]


def _products(uow: UnitOfWork, given: Sequence[Mapping[str, Any]]) -> dict[UUID, Product]:
    wanted = {line["product_id"] for line in given} - {None}
    if not wanted:
        return {}
    found = uow.session.scalars(uow.select(Product).where(Product.id.in_(wanted)))
    return {product.id: product for product in found}


def _filled(  # noqa: PLR0917 - a line has that many sources
    uow: UnitOfWork,
    given: Mapping[str, Any],
    product: Product | None,
    price_list: PriceList | None,
    on: date,
    number: int,
) -> dict[str, Any]:
    """Return a line with what it lacks taken from its product and the price list."""
    if given["product_id"] is not None:
        if product is None:
            raise _refused(number, "product_id", "There is no such product.")
        if not product.sold:
            raise _refused(number, "product_id", f"{product.name} is not sold any more.")
    line = dict(given)
    for name, source in (("title", "name"), ("description", "description"), ("unit", "unit")):
        line[name] = line[name] or getattr(product, source, None)
    if not line["title"]:
        raise _refused(number, "title", "Choose a product or say what this is.")
    if line["unit_price"] is None:
        line["unit_price"] = _price(uow, product, price_list, line["quantity"], on)
        if line["unit_price"] is None:
            raise _refused(number, "unit_price", "There is no price for this; say what it costs.")
    return line | _tax(uow, line, product, number) | {"source_id": None}


def _price(
    uow: UnitOfWork,
    product: Product | None,
    price_list: PriceList | None,
    quantity: Decimal,
    on: date,
) -> Decimal | None:
    if product is None or price_list is None:
        return None
    found = find_price(uow, price_list, product.id, quantity, on)
    return None if found is None else found.unit_price


def _tax(
    uow: UnitOfWork, line: Mapping[str, Any], product: Product | None, number: int
) -> dict[str, Any]:
    category = line["tax_category"] or getattr(product, "tax_category", "S")
    percent = line["tax_percent"]
    if category != "S":
        if percent:
            raise _refused(number, "tax_percent", "Only the standard rate goes with a tax.")
        return {"tax_category": category, "tax_percent": Decimal(0)}
    if percent is None:
        percent = getattr(product, "tax_percent", None)
    if percent is None:
        percent = get_organization(uow).tax_percent
    return {"tax_category": category, "tax_percent": percent}


def _priced(line: Any) -> PricedLine:
    values = line if isinstance(line, Mapping) else vars(line)
    return PricedLine(
        values["quantity"],
        values["unit_price"],
        values["discount_percent"],
        values["tax_category"],
        values["tax_percent"],
    )


def _refused(number: int, field: str, message: str) -> Invalid:
    return Invalid(message, {f"lines.{number}.{field}": [message]})
