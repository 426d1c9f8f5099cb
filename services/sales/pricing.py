"""What a product costs on a price list, and how that came about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.sales.currencies import RatesOfDay
from services.sales.price_list_model import Price, PriceList
from services.unit_of_work import UnitOfWork

MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class FoundPrice:
    """What one unit costs, and where that stands.

    Attributes:
        unit_price: In the currency of the list that was asked.
        price_list_id: The list that has it: the one that was asked, or one that it is based on.
    """

    unit_price: Decimal
    price_list_id: UUID


@dataclass(frozen=True, slots=True)
class Look:
    """A look into one list on the way to a price.

    Attributes:
        is_valid: Whether the list holds on the day; where not, nobody looks any further.
        step: Its price that counts; None where it has none for so many on that day.
        unit_price: What that comes to in the list's currency; of a list that is based on another,
            the other's price converted and with the list's percentage. None without a price.
        rate: What one unit of the currency below is worth in this list's; None where it is the
            same.
    """

    price_list: PriceList
    is_valid: bool
    step: Price | None = None
    unit_price: Decimal | None = None
    rate: Decimal | None = None


class PriceBook:
    """The prices of some products on one list and those it is based on, on one day.

    They are read once, so that a document of 10,000 lines asks as often as one of a single line.
    """

    def __init__(
        self, uow: UnitOfWork, price_list: PriceList, products: Iterable[UUID], on: date
    ) -> None:
        self._on = on
        self._rates = RatesOfDay(uow, on)
        self._chain = _chain(uow, price_list, on)
        self._steps: defaultdict[tuple[UUID, UUID], list[Price]] = defaultdict(list)
        lists = [one.id for one in self._chain if is_valid(one, on)]
        for step in uow.session.scalars(_steps(lists, list(products), on)):
            self._steps[step.price_list_id, step.product_id].append(step)

    def find(self, product_id: UUID, quantity: Decimal) -> FoundPrice | None:
        """Return what one unit costs when so many are bought; None if no list has a price.

        A list's own price comes before its parent's, the step with the highest quantity before
        others, a price that began later before an older one. A parent's price is converted and
        changed by the list's percentage.

        Raises:
            Invalid: There is no exchange rate for a parent's currency.
        """
        looks = self.look_up(product_id, quantity)
        price, last = looks[0].unit_price, looks[-1]
        return None if price is None else FoundPrice(price, last.price_list.id)

    def look_up(self, product_id: UUID, quantity: Decimal) -> Sequence[Look]:
        """Return the looks into the lists, the one that was asked first.

        Raises:
            Invalid: There is no exchange rate for a parent's currency.
        """
        passed: list[PriceList] = []
        for price_list in self._chain:
            if not is_valid(price_list, self._on):
                return [*(Look(one, is_valid=True) for one in passed), Look(price_list, False)]  # noqa: FBT003
            step = self._own(price_list, product_id, quantity)
            if step is not None:
                found = Look(price_list, is_valid=True, step=step, unit_price=step.unit_price)
                return self._back(passed, found)
            passed.append(price_list)
        return [Look(one, is_valid=True) for one in passed]

    def _own(self, price_list: PriceList, product_id: UUID, quantity: Decimal) -> Price | None:
        steps = self._steps.get((price_list.id, product_id), ())
        return next((step for step in steps if step.minimum_quantity <= quantity), None)

    def _back(self, passed: Sequence[PriceList], found: Look) -> list[Look]:
        """Return all looks, with what the price that was found comes to on each list."""
        looks, price, currency = [found], found.unit_price or Decimal(0), found.price_list.currency
        for one in reversed(passed):
            rate = None
            price = (price * (100 + one.percent)).scaleb(-2)
            if one.currency != currency:
                rate = self._rates.of(currency) / self._rates.of(one.currency)
                price = self._rates.convert(price, currency, one.currency)
                currency = one.currency
            looks.insert(0, Look(one, is_valid=True, unit_price=price, rate=rate))
        return looks


def find_price(
    uow: UnitOfWork, price_list: PriceList, product_id: UUID, quantity: Decimal, on: date
) -> FoundPrice | None:
    """Return what one unit of one product costs; see ``PriceBook.find``."""
    return PriceBook(uow, price_list, [product_id], on).find(product_id, quantity)


def is_valid(dated: PriceList | Price, on: date) -> bool:
    """Tell whether a price list or a price holds on a day."""
    begun = dated.valid_from is None or dated.valid_from <= on
    return begun and (dated.valid_until is None or dated.valid_until >= on)


def _chain(uow: UnitOfWork, price_list: PriceList, on: date) -> list[PriceList]:
    """Return a list and those it stands on, as far as they are looked into."""
    found = [price_list]
    while found[-1].parent_id is not None and is_valid(found[-1], on) and len(found) < MAX_DEPTH:
        found.append(uow.session.get_one(PriceList, found[-1].parent_id))
    return found


def _steps(lists: Sequence[UUID], products: Sequence[UUID], on: date) -> Select[Price]:
    """Return the query of all prices that hold, those before others that count before them."""
    return (
        select(Price)
        .where(
            Price.price_list_id.in_(lists),
            Price.product_id.in_(products),
            or_(Price.valid_from.is_(None), Price.valid_from <= on),
            or_(Price.valid_until.is_(None), Price.valid_until >= on),
        )
        .order_by(
            Price.minimum_quantity.desc(), Price.valid_from.desc().nulls_last(), Price.id.desc()
        )
    )
