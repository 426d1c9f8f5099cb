"""What can be done with price lists and the prices on them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import and_, delete, exists, select

from services.actors import Permission
from services.arguments import Day, Quantity, UnitPrice
from services.errors import Invalid
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import VERSION, create_schema, key_argument, update_schema
from services.sales.price_list_model import PRICE_LIST, Price, PriceList
from services.sales.pricing import MAX_DEPTH
from services.sales.product_model import PRODUCT, Product
from services.unit_of_work import UnitOfWork

MAX_STEPS = 50


class PriceStep(Arguments):
    """What one unit costs from a quantity on."""

    minimum_quantity = Quantity(
        load_default=None, allow_none=True, metadata={"title": "From quantity"}
    )
    unit_price = UnitPrice(required=True, metadata={"title": "Unit price"})
    valid_from = Day(load_default=None, allow_none=True, metadata={"title": "Valid from"})
    valid_until = Day(load_default=None, allow_none=True, metadata={"title": "Valid until"})


class SetPrices(Arguments):
    """All prices of a product on a list."""

    price_list_id = key_argument(PRICE_LIST)
    product_id = key_argument(PRODUCT)
    prices = fields.List(
        fields.Nested(PriceStep),
        required=True,
        validate=validate.Length(max=MAX_STEPS),
        metadata={"title": "Prices", "description": "None take the product off the list."},
    )
    version = VERSION


@operation("price_list.create", Permission.CATALOGUE_WRITE, create_schema(PRICE_LIST))
def create_price_list(uow: UnitOfWork, **values: Any) -> PriceList:
    """Create a price list."""
    given = {name: value for name, value in values.items() if value is not None}
    price_list = PriceList(**given)
    check_links(uow, price_list)
    _check(uow, price_list)
    add_record(uow, price_list, title=f"Created price list “{price_list.name}”")
    return price_list


@operation("price_list.update", Permission.CATALOGUE_WRITE, update_schema(PRICE_LIST))
def update_price_list(
    uow: UnitOfWork, *, price_list_id: UUID, version: int | None = None, **values: Any
) -> PriceList:
    """Change a price list; documents keep the prices that they have."""
    price_list = uow.get(PriceList, price_list_id, lock=True)
    if values.get("percent", 0) is None:
        values["percent"] = Decimal(0)
    with uow.session.no_autoflush:
        change_record(uow, price_list, values, version=version)
    _check(uow, price_list)
    return price_list


@operation("price_list.set_prices", Permission.CATALOGUE_WRITE, SetPrices)
def set_prices(
    uow: UnitOfWork,
    *,
    price_list_id: UUID,
    product_id: UUID,
    prices: list[dict[str, Any]],
    version: int | None = None,
) -> PriceList:
    """Set what a product costs on a list, by quantity and date."""
    price_list = uow.get(PriceList, price_list_id, lock=True)
    check_version(uow, price_list, version)
    product = uow.get(Product, product_id)
    for number, step in enumerate(prices):
        check_days(step["valid_from"], step["valid_until"], f"prices.{number}.valid_until")
    _refuse_doubles(prices)
    here = and_(Price.price_list_id == price_list.id, Price.product_id == product.id)
    uow.session.execute(delete(Price).where(here))
    for step in prices:
        quantity = step.pop("minimum_quantity") or Decimal(0)
        uow.session.add(
            Price(
                price_list_id=price_list.id,
                product_id=product.id,
                minimum_quantity=quantity,
                **step,
            )
        )
    uow.session.flush()
    return price_list


def _check(uow: UnitOfWork, price_list: PriceList) -> None:
    """Refuse a name that is taken, days in the wrong order, and lists based on themselves.

    Raises:
        Invalid: With the field.
    """
    check_days(price_list.valid_from, price_list.valid_until, "valid_until")
    same = exists().where(
        PriceList.name == price_list.name, PriceList.id.is_distinct_from(price_list.id)
    )
    with uow.session.no_autoflush:
        if uow.session.scalar(select(same)):
            message = f"There is a price list called {price_list.name} already."
            raise Invalid(message, {"name": [message]})
        parent_id, seen = price_list.parent_id, {price_list.id}
        for _ in range(MAX_DEPTH):
            if parent_id is None:
                return
            if parent_id in seen:
                break
            seen.add(parent_id)
            parent_id = uow.session.scalar(
                select(PriceList.parent_id).where(PriceList.id == parent_id)
            )
    message = f"A list can't be based on itself, nor stand on more than {MAX_DEPTH - 1} others."
    raise Invalid(message, {"parent_id": [message]})


def _refuse_doubles(prices: list[dict[str, Any]]) -> None:
    """Refuse two prices from the same quantity and day on: which one counts, nobody could say.

    Raises:
        Invalid: With the place of the second.
    """
    seen = set()
    for number, step in enumerate(prices):
        place = (step["minimum_quantity"] or Decimal(0), step["valid_from"])
        if place in seen:
            message = "There is a price from this quantity and day on already."
            raise Invalid(message, {f"prices.{number}.minimum_quantity": [message]})
        seen.add(place)


def check_days(first: date | None, last: date | None, field: str) -> None:
    """Refuse days in the wrong order.

    Raises:
        Invalid: With the field.
    """
    if first is not None and last is not None and last < first:
        message = "The last day is before the first."
        raise Invalid(message, {field: [message]})
