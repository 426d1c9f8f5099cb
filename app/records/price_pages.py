"""What the pages of price lists and products show beyond other records: their prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import request

from services.days import today
from services.sales.price_list_model import Price, PriceList
from services.sales.price_steps import prices_of_product, prices_on_list
from services.sales.pricing import is_valid
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PricesPage:
    """The prices that a price list's page shows.

    Attributes:
        search: What they are narrowed to.
        page: From 1.
    """

    prices: Sequence[tuple[Price, Product]]
    search: str
    page: int
    has_more: bool
    day: date
    parent: PriceList | None

    def state_of(self, price: Price) -> str:
        """Return whether a price holds today."""
        return state_of(price, self.day)


@dataclass(frozen=True, slots=True)
class ProductPage:
    """The prices that a product's page shows, on all lists."""

    prices: Sequence[tuple[Price, PriceList]]
    day: date

    def state_of(self, price: Price) -> str:
        """Return whether a price holds today."""
        return state_of(price, self.day)


def load_prices(uow: UnitOfWork, price_list: PriceList) -> PricesPage:
    """Return the prices of a list, as far as its page's address asks for them."""
    search = request.args.get("price", "").strip()[:100]
    page = max(1, min(request.args.get("prices", default=1, type=int), 10_000))
    prices, has_more = prices_on_list(uow, price_list, search=search, page=page)
    parent = price_list.parent_id and uow.find(PriceList, price_list.parent_id)
    return PricesPage(prices, search, page, has_more, today(uow), parent or None)


def load_product(uow: UnitOfWork, product: Product) -> ProductPage:
    """Return the prices of a product."""
    return ProductPage(prices_of_product(uow, product.id), today(uow))


def state_of(price: Price, day: date) -> str:
    """Return whether a price holds today: ``current``, ``coming`` or ``ended``."""
    if is_valid(price, day):
        return "current"
    return "coming" if price.valid_from is not None and price.valid_from > day else "ended"
