"""Single prices on a list: added, changed, ended, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select

from services.actors import Permission
from services.arguments import Day, Key, Quantity, UnitPrice
from services.days import show_day, today
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.schemas import key_argument
from services.sales.price_list_model import PRICE_LIST, Price, PriceList
from services.sales.price_lists import MAX_STEPS, PriceStep, check_days
from services.sales.product_model import PRODUCT, Product
from services.unit_of_work import UnitOfWork

LISTED = 50


class AddPrice(PriceStep):
    """What one unit of a product costs on a list, from a quantity on."""

    price_list_id = key_argument(PRICE_LIST)
    product_id = key_argument(PRODUCT)


class PriceArguments(Arguments):
    """Which price."""

    price_id = Key(required=True, metadata={"title": "Price"})


class ChangePrice(PriceArguments):
    """What changes of a price."""

    minimum_quantity = Quantity(allow_none=True, metadata={"title": "From quantity"})
    unit_price = UnitPrice(metadata={"title": "Unit price"})
    valid_from = Day(allow_none=True, metadata={"title": "Valid from"})
    valid_until = Day(allow_none=True, metadata={"title": "Valid until"})


class EndPrice(PriceArguments):
    """Until when a price holds."""

    last_day = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Last day", "description": "Today if it is left out."},
    )


@operation("price.add", Permission.CATALOGUE_WRITE, AddPrice)
def add_price(uow: UnitOfWork, *, price_list_id: UUID, product_id: UUID, **values: Any) -> Price:
    """Put a price of a product on a list."""
    price_list = uow.get(PriceList, price_list_id, lock=True)
    product = uow.get(Product, product_id)
    values["minimum_quantity"] = values["minimum_quantity"] or Decimal(0)
    price = Price(price_list_id=price_list.id, product_id=product.id, **values)
    known = select(func.count()).where(
        Price.price_list_id == price_list.id, Price.product_id == product.id
    )
    if (uow.session.scalar(known) or 0) >= MAX_STEPS:
        raise Conflict(f"A product has {MAX_STEPS} prices on a list at most; remove some first.")
    _check(uow, price)
    return uow.add(price)


@operation("price.change", Permission.CATALOGUE_WRITE, ChangePrice)
def change_price(uow: UnitOfWork, *, price_id: UUID, **values: Any) -> Price:
    """Change a price; documents keep those that they have."""
    price = _held(uow, price_id)
    if "minimum_quantity" in values:
        values["minimum_quantity"] = values["minimum_quantity"] or Decimal(0)
    with uow.session.no_autoflush:
        for name, value in values.items():
            setattr(price, name, value)
        _check(uow, price)
    uow.session.flush()
    return price


@operation("price.end", Permission.CATALOGUE_WRITE, EndPrice)
def end_price(uow: UnitOfWork, *, price_id: UUID, last_day: date | None = None) -> Price:
    """Let a price hold no longer than to a day."""
    price = _held(uow, price_id)
    day = last_day or today(uow)
    if price.valid_from is not None and day < price.valid_from:
        message = f"This price begins only on {show_day(price.valid_from)}; remove it instead."
        raise Invalid(message, {"last_day": [message]})
    price.valid_until = day
    uow.session.flush()
    return price


@operation("price.remove", Permission.CATALOGUE_WRITE, PriceArguments)
def remove_price(uow: UnitOfWork, *, price_id: UUID) -> None:
    """Remove a price that was entered by mistake; documents keep those that they have."""
    uow.session.delete(_held(uow, price_id))
    uow.session.flush()


def prices_on_list(
    uow: UnitOfWork, price_list: PriceList, *, search: str = "", page: int = 1
) -> tuple[Sequence[tuple[Price, Product]], bool]:
    """Return prices of a list with their products, by name, and whether there are more.

    Args:
        uow: Of whoever looks.
        price_list: Whose own prices; not those of the list it is based on.
        search: Only of products whose name or article number has this in it.
        page: From 1; ``LISTED`` a page.
    """
    statement = (
        select(Price, Product)
        .join(Product, Product.id == Price.product_id)
        .where(Price.price_list_id == price_list.id, Product.deleted_at.is_(None))
    )
    if search:
        columns = (Product.name, Product.code)
        statement = statement.where(
            or_(*(column.icontains(search, autoescape=True) for column in columns))
        )
    ordered = statement.order_by(
        Product.name, Product.id, Price.minimum_quantity, Price.valid_from.nulls_first(), Price.id
    )
    rows = uow.session.execute(ordered.offset((page - 1) * LISTED).limit(LISTED + 1)).all()
    return [(row[0], row[1]) for row in rows[:LISTED]], len(rows) > LISTED


def prices_of_product(uow: UnitOfWork, product_id: UUID) -> Sequence[tuple[Price, PriceList]]:
    """Return the prices of a product on all lists, by list and quantity."""
    statement = (
        select(Price, PriceList)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(Price.product_id == product_id, PriceList.deleted_at.is_(None))
        .order_by(PriceList.name, Price.minimum_quantity, Price.valid_from.nulls_first(), Price.id)
    )
    return [(row[0], row[1]) for row in uow.session.execute(statement.limit(500))]


def _held(uow: UnitOfWork, price_id: UUID) -> Price:
    """Return a price whose list nobody else changes to the commit.

    Raises:
        NotFound: There is none.
    """
    price = uow.session.get(Price, price_id)
    if price is None:
        raise NotFound("There is no such price.")
    uow.get(PriceList, price.price_list_id, lock=True)
    found = uow.session.get(Price, price_id, populate_existing=True)
    if found is None:
        raise NotFound("There is no such price.")
    return found


def _check(uow: UnitOfWork, price: Price) -> None:
    """Refuse days in the wrong order, and a second price from the same quantity and day on.

    Raises:
        Invalid: With the field.
    """
    check_days(price.valid_from, price.valid_until, "valid_until")
    same = exists().where(
        Price.price_list_id == price.price_list_id,
        Price.product_id == price.product_id,
        Price.minimum_quantity == price.minimum_quantity,
        Price.valid_from.is_not_distinct_from(price.valid_from),
        Price.id.is_distinct_from(price.id),
    )
    if uow.session.scalar(select(same)):
        message = "There is a price from this quantity and day on already; change that one."
        raise Invalid(message, {"minimum_quantity": [message]})
