"""Narrowing a sorted list to what is found by words, by whichever way costs less.

If few records match, they are looked up and sorted. If many do, the list is read in its order and
each row asked whether it matches: one soon does. How many it is, is counted first, as the server's
own estimate is worth little for beginnings of words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, false, func, select, true

from services.records.types import RecordType
from services.search.conditions import entry_condition
from services.search.model import SearchEntry
from services.search.reading import visible_entries
from services.unit_of_work import UnitOfWork

FEW: Final = 8_000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of a list.

    Attributes:
        condition: For a query in the order of the list.
        total: How many records match of those that the actor may see; ``FEW`` + 1 for more.
    """

    condition: ColumnElement[bool]
    total: int


def narrow(uow: UnitOfWork, record_type: RecordType, text: str) -> Narrowed:
    """Return how a list of the records of a type is narrowed to those that ``text`` finds."""
    words = entry_condition(uow, record_type, text)
    if words is None:
        return Narrowed(false(), 0)
    matching = select(SearchEntry.id).where(words, visible_entries(uow, record_type))
    some = matching.limit(FEW + 1).subquery()
    total = uow.session.scalar(select(func.count()).select_from(some)) or 0
    key: Any = record_type.model.id
    if total <= FEW:
        keys = func.array(matching.scalar_subquery())
        return Narrowed(key == func.any(keys), total)
    matches = select(words).where(SearchEntry.id == key).scalar_subquery()
    return Narrowed(matches.is_(true()), total)
