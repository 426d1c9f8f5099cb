"""Lines as people give them, filled from the catalogue: title, unit, price and tax."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from marshmallow import validate

from services.arguments import Key, Line, LongText, Percent, Quantity, UnitPrice
from services.errors import Invalid
from services.operations import Arguments
from services.people.organization import get_organization
from services.sales.currencies import RatesOfDay
from services.sales.price_list_model import PriceList
from services.sales.pricing import PriceBook
from services.sales.product_model import TAX_CATEGORIES, Product
from services.unit_of_work import UnitOfWork


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


def fill_lines(
    uow: UnitOfWork,
    given: Sequence[Mapping[str, Any]],
    price_list: PriceList | None,
    currency: str,
    on: date,
    *,
    name: str = "lines",
) -> list[dict[str, Any]]:
    """Return complete lines, whatever there are of them in a handful of statements.

    Args:
        uow: Of whoever does it.
        given: As ``LineArguments`` loads them.
        price_list: Where prices come from that aren't given; those of another currency are
            converted.
        currency: Of the document.
        on: The day whose prices and rates count.
        name: What the argument with the lines is called, for messages.

    Raises:
        Invalid: A line has no title or price, or its tax makes no sense; ``fields`` says which.
    """
    filling = _Filling(uow, given, price_list, currency, on, name)
    return [filling.fill(number, line) for number, line in enumerate(given)]


@dataclass
class _Filling:
    """What all lines of a document are filled from, each read once."""

    uow: UnitOfWork
    given: Sequence[Mapping[str, Any]]
    price_list: PriceList | None
    currency: str
    on: date
    name: str

    def fill(self, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
        product = self._product(number, given)
        line = dict(given)
        for name, source in (("title", "name"), ("description", "description"), ("unit", "unit")):
            line[name] = line[name] or getattr(product, source, None)
        if not line["title"]:
            raise self._refused(number, "title", "Choose a product or say what this is.")
        if line["unit_price"] is None:
            line["unit_price"] = self._price(number, product, line["quantity"])
        return line | self._tax(number, line, product) | {"source_id": None}

    def _product(self, number: int, given: Mapping[str, Any]) -> Product | None:
        if given["product_id"] is None:
            return None
        product = self._products.get(given["product_id"])
        if product is None:
            raise self._refused(number, "product_id", "There is no such product.")
        if not product.sold:
            raise self._refused(number, "product_id", f"{product.name} is not sold any more.")
        return product

    def _price(self, number: int, product: Product | None, quantity: Decimal) -> Decimal:
        price = None
        if product is not None and self._book is not None and self.price_list is not None:
            try:
                found = self._book.find(product.id, quantity)
                if found is not None:
                    price = self._converted(found.unit_price, self.price_list.currency)
            except Invalid as error:
                raise self._refused(number, "unit_price", error.message) from error
        if price is None:
            message = "There is no price for this; say what it costs."
            raise self._refused(number, "unit_price", message)
        return price

    def _converted(self, price: Decimal, currency: str) -> Decimal:
        return price if currency == self.currency else self._convert(price, currency, self.currency)

    def _tax(self, number: int, line: Mapping[str, Any], product: Product | None) -> dict[str, Any]:
        category = line["tax_category"] or getattr(product, "tax_category", "S")
        percent = line["tax_percent"]
        if category != "S":
            if percent:
                message = "Only the standard rate goes with a tax."
                raise self._refused(number, "tax_percent", message)
            return {"tax_category": category, "tax_percent": Decimal(0)}
        if percent is None:
            percent = getattr(product, "tax_percent", None)
        return {
            "tax_category": category,
            "tax_percent": self._own_tax if percent is None else percent,
        }

    @cached_property
    def _products(self) -> dict[UUID, Product]:
        wanted = {line["product_id"] for line in self.given} - {None}
        statement = self.uow.select(Product).where(Product.id.in_(wanted))
        return {product.id: product for product in self.uow.session.scalars(statement)}

    @cached_property
    def _book(self) -> PriceBook | None:
        if self.price_list is None:
            return None
        return PriceBook(self.uow, self.price_list, self._products, self.on)

    @cached_property
    def _convert(self) -> Callable[[Decimal, str, str], Decimal]:
        return RatesOfDay(self.uow, self.on).convert

    @cached_property
    def _own_tax(self) -> Decimal:
        return get_organization(self.uow).tax_percent

    def _refused(self, number: int, field: str, message: str) -> Invalid:
        return Invalid(message, {f"{self.name}.{number}.{field}": [message]})
