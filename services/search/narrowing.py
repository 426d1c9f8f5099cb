"""Narrowing a sorted list to what is found by words, by whichever way costs less.

If few records match, they are looked up and sorted. If many do, the list is read in its order and
each row asked whether it matches: one soon does. How many it is, is counted first, as the server's
own estimate is worth little for beginnings of words.

In the order of a text, those that match may all stand together, far from where the list
begins. So only its next rows are asked at first. If they don't fill a page, those that match are
looked up even if they are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, false, func, select, true

from services.database import is_among
from services.records.types import RecordType
from services.search.conditions import entry_condition
from services.search.model import SearchEntry
from services.search.reading import visible_entries
from services.unit_of_work import UnitOfWork

FEW: Final = 4_000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of a list.

    Attributes:
        looked_up: The condition of a query that collects all that match.
        words: That of entries; None if nothing can match.
        total: How many records match of those that the actor may see; if too many
            to look up, some number above that.
    """

    looked_up: ColumnElement[bool]
    words: ColumnElement[bool] | None
    total: int

    @property
    def is_few(self) -> bool:
        """Whether all that match are looked up."""
        return self.total <= FEW

    def asked(self, key: Any) -> ColumnElement[bool]:
        """Return the condition of a query that asks each row, by its key, in the list's order."""
        if self.words is None:
            return false()
        matches = select(self.words).where(SearchEntry.id == key).scalar_subquery()
        return matches.is_(true())


def narrow(
    uow: UnitOfWork, record_type: RecordType, text: str, *, total: int | None = None
) -> Narrowed:
    """Return how a list of the records of a type is narrowed to those that ``text`` finds.

    ``total`` is how many those are, if they were counted before.
    """
    words = entry_condition(uow, record_type, text)
    if words is None:
        return Narrowed(false(), None, 0)
    matching = select(SearchEntry.id).where(words, visible_entries(uow, record_type))
    if total is None:
        some = matching.limit(FEW + 1).subquery()
        total = uow.session.scalar(select(func.count()).select_from(some)) or 0
    key: Any = record_type.model.id
    return Narrowed(is_among(key, matching), words, total)
