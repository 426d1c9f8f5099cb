"""What customers are worth, as tables: recency by frequency, ABC classes, ready-made groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from services.crm.account_model import Account
from services.marketing.customer_values import FIFTHS
from services.marketing.value_model import CLASSES, CustomerValue
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Cell:
    """Some customers.

    Attributes:
        amount: What they have bought, in one's own currency.
        shade: 0 to 4: how many customers that is beside the fullest cell.
    """

    count: int
    amount: Decimal
    shade: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A ready-made group of customers; ``where`` is its filter over accounts."""

    key: str
    name: str
    description: str
    where: Mapping[str, Any]


def _between(field: str, low: int, high: int) -> dict[str, Any]:
    return {"field": field, "op": "between", "value": [low, high]}


def _group(
    key: str, name: str, description: str, recency: tuple[int, int], frequency: tuple[int, int]
) -> Group:
    where = {"and": [_between("recency", *recency), _between("frequency", *frequency)]}
    return Group(key, name, description, where)


GROUPS: Final = (
    _group("champions", "Champions", "Bought lately, and often", (4, 5), (4, 5)),
    _group("loyal", "Loyal", "Buy often, not quite lately", (3, 3), (4, 5)),
    _group("promising", "Promising", "Bought lately, a few times", (4, 5), (2, 3)),
    _group("new", "New", "Bought lately for the first time", (4, 5), (1, 1)),
    _group("attention", "Need attention", "Middling in both", (3, 3), (2, 3)),
    _group("at_risk", "At risk", "Bought often, but not lately", (1, 2), (4, 5)),
    _group("sleeping", "Sleeping", "Bought some time ago, a few times", (1, 2), (2, 3)),
    _group("lost", "Nearly lost", "Bought once, long ago", (1, 3), (1, 1)),
)
"""By recency and frequency; together they hold every customer once."""

_SHADES: Final = 4


def cell_filter(recency: int, frequency: int) -> dict[str, Any]:
    """Return the filter over accounts that a cell of the heat table stands for."""
    return {
        "and": [
            {"field": "recency", "op": "eq", "value": recency},
            {"field": "frequency", "op": "eq", "value": frequency},
        ]
    }


def heat_table(uow: UnitOfWork) -> dict[tuple[int, int], Cell]:
    """Return the customers that the actor sees, by recency and frequency."""
    rows = _by(uow, CustomerValue.recency, CustomerValue.frequency)
    most = max((row.count for row in rows), default=1)
    found = {(row[0], row[1]): row for row in rows}
    spans = range(1, FIFTHS + 1)
    return {
        (r, f): Cell(row.count, row.amount, -(-row.count * _SHADES // most))
        if (row := found.get((r, f)))
        else Cell(0, Decimal(0))
        for r in spans
        for f in spans
    }


def group_sums(cells: Mapping[tuple[int, int], Cell]) -> dict[str, Cell]:
    """Return how many customers are in each ready-made group, from the heat table."""
    found = {}
    for group in GROUPS:
        (low_r, high_r), (low_f, high_f) = (part["value"] for part in group.where["and"])
        inside = [
            cell for (r, f), cell in cells.items() if low_r <= r <= high_r and low_f <= f <= high_f
        ]
        amount = sum((cell.amount for cell in inside), Decimal(0))
        found[group.key] = Cell(sum(cell.count for cell in inside), amount)
    return found


def class_sums(uow: UnitOfWork) -> dict[str, Cell]:
    """Return the customers that the actor sees, by ABC class."""
    rows = {row[0]: Cell(row.count, row.amount) for row in _by(uow, CustomerValue.abc_class)}
    return {name: rows.get(name, Cell(0, Decimal(0))) for name in CLASSES}


def find_value(uow: UnitOfWork, account: Account) -> CustomerValue | None:
    """Return what an account at hand has bought, or None if it is no customer."""
    statement = select(CustomerValue).where(CustomerValue.account_id == account.id)
    return uow.session.scalars(statement).one_or_none()


def sees_amounts(uow: UnitOfWork) -> bool:
    """Tell whether the actor may see what customers have paid."""
    actor = uow.actor
    return not (
        "amount" in actor.hidden_fields("deal") or "taxable" in actor.hidden_fields("invoice")
    )


def _by(uow: UnitOfWork, *columns: Any) -> list[Any]:
    statement = (
        uow.select(Account)
        .join(CustomerValue, CustomerValue.account_id == Account.id)
        .with_only_columns(
            *columns,
            func.count().label("count"),
            func.sum(CustomerValue.amount).label("amount"),
        )
        .group_by(*columns)
    )
    return list(uow.session.execute(statement))
