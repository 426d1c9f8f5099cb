"""Prices and exchange rates as programs read them: page by page, by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from services.errors import NotFound
from services.sales.currencies import CurrencyRate
from services.sales.price_list_model import Price, PriceList
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class KeyedPage:
    """Some rows in the order of their keys.

    Attributes:
        next_cursor: The key after which the next page begins; None: there is no more.
    """

    items: Sequence[Any]
    next_cursor: UUID | None


def read_prices(  # noqa: PLR0917 - each says which of them, or where the page begins
    uow: UnitOfWork,
    price_list_id: UUID | None = None,
    product_id: UUID | None = None,
    on: date | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> KeyedPage:
    """Return prices, oldest first; those of lists and products in the bin are left out.

    Args:
        uow: Of whoever reads.
        price_list_id: Only of this list.
        product_id: Only of this product.
        on: Only prices that hold on this day, by their own days.
        after: The key of the last one that was read.
        limit: How many at most.
    """
    conditions: list[ColumnElement[bool]] = []
    if price_list_id is not None:
        conditions.append(Price.price_list_id == price_list_id)
    if product_id is not None:
        conditions.append(Price.product_id == product_id)
    if on is not None:
        conditions.append(or_(Price.valid_from.is_(None), Price.valid_from <= on))
        conditions.append(or_(Price.valid_until.is_(None), Price.valid_until >= on))
    return _page(uow, Price, _kept().where(*conditions), after, limit)


def read_price(uow: UnitOfWork, key: UUID) -> Price:
    """Return one price.

    Raises:
        NotFound: There is none, or its list or its product is in the bin.
    """
    found: Price | None = uow.session.scalars(_kept().where(Price.id == key)).one_or_none()
    if found is None:
        raise NotFound("There is no such price.")
    return found


def price_title(uow: UnitOfWork, price: Price) -> str:
    """Return what stands for a price: of what, and on which list."""
    names = (
        select(Product.name, PriceList.name)
        .select_from(Price)
        .join(Product, Product.id == Price.product_id)
        .join(PriceList, PriceList.id == Price.price_list_id)
    )
    row = uow.session.execute(names.where(Price.id == price.id)).one()
    return f"{row[0]} · {row[1]}"


def read_rates(
    uow: UnitOfWork, currency: str | None = None, after: UUID | None = None, limit: int = 50
) -> KeyedPage:
    """Return exchange rates in the order in which they were entered, maybe of one currency."""
    statement = select(CurrencyRate)
    if currency is not None:
        statement = statement.where(CurrencyRate.currency == currency.upper())
    return _page(uow, CurrencyRate, statement, after, limit)


def _kept() -> Any:
    return (
        select(Price)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .join(Product, Product.id == Price.product_id)
        .where(PriceList.deleted_at.is_(None), Product.deleted_at.is_(None))
    )


def _page(uow: UnitOfWork, model: Any, statement: Any, after: UUID | None, limit: int) -> KeyedPage:
    if after is not None:
        statement = statement.where(model.id > after)
    rows = uow.session.scalars(statement.order_by(model.id).limit(limit + 1)).all()
    shown = rows[:limit]
    return KeyedPage(shown, shown[-1].id if len(rows) > limit else None)
