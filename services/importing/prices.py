"""Rows that hold prices of products on price lists.

A price is no record: it has no page, no bin and no version. It is the same as one that is there if
list, product, quantity and first day agree; that is its *place*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import select

from services.duplicates.finding import one_of
from services.importing.columns import Row
from services.importing.types import PLACE
from services.sales.price_list_model import Price, PriceList
from services.sales.price_lists import PriceStep
from services.unit_of_work import UnitOfWork

_CURRENCY: Final = "currency"
_FIXED: Final = ("price_list_id", "product_id")


def round_prices(row: Row, where: Mapping[str, int]) -> None:
    """Let a row hold its numbers as prices are kept; a quantity of 0 is none.

    ``where`` are the columns of the fields, for messages.
    """
    given = {
        name: str(row.values[name])
        for name in ("minimum_quantity", "unit_price")
        if row.values.get(name) is not None and (name == "unit_price" or row.values[name])
    }
    try:
        kept = PriceStep(only=tuple(given)).load(given) if given else {}
    except ValidationError as error:
        messages: Any = error.messages
        for name, texts in messages.items():
            row.errors[where[name]] = str(texts[0])
        return
    row.values["minimum_quantity"] = Decimal(0)
    row.values.update(kept)


def check_lists(
    uow: UnitOfWork, rows: Iterable[Row], where: Mapping[str, int], *, lock: bool
) -> None:
    """Refuse rows in another currency than that of their list, which they have no column for.

    ``lock`` holds the lists to the commit, before any of their prices: whoever changes prices by
    hand does so in the same order.
    """
    named: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        if "price_list_id" in row.values:
            named[row.values["price_list_id"]].append(row)
    if not named:
        return
    statement = uow.select(PriceList).where(one_of(PriceList.id, named)).order_by(PriceList.id)
    if lock:
        statement = statement.with_for_update(of=PriceList)
    for price_list in uow.session.scalars(statement):
        for row in named[price_list.id]:
            currency = row.values.pop(_CURRENCY, None)
            if currency not in {None, price_list.currency}:
                row.errors[where[_CURRENCY]] = f"The list is in {price_list.currency}."


def fixed_fields(changed: Iterable[str]) -> list[str]:
    """Return those of the changed fields that a price which is there keeps."""
    return [name for name in changed if name in _FIXED]


def place_of(row: Row) -> Hashable | None:
    """Return what rows about the same price have in common; None if it isn't known."""
    names = [row.named.get(name, "").casefold() for name in _FIXED]
    if not all(names):
        return None
    return PLACE, *names, row.values.get("minimum_quantity"), row.values.get("valid_from")


def find_places(uow: UnitOfWork, rows: Iterable[Row]) -> Mapping[int, set[UUID]]:
    """Return row number → the prices in its place; nobody should find two."""
    wanted: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in rows:
        values = row.values
        if all(values.get(name) is not None for name in _FIXED):
            ends = values.get("minimum_quantity"), values.get("valid_from")
            wanted[*(values[name] for name in _FIXED), *ends].append(row.number)
    found: defaultdict[int, set[UUID]] = defaultdict(set)
    if not wanted:
        return found
    columns = (Price.price_list_id, Price.product_id, Price.minimum_quantity, Price.valid_from)
    statement = select(*columns, Price.id).where(
        one_of(Price.price_list_id, {place[0] for place in wanted}),
        one_of(Price.product_id, {place[1] for place in wanted}),
    )
    for *place, key in uow.session.execute(statement):
        for number in wanted.get(tuple(place), ()):
            found[number].add(key)
    return found
