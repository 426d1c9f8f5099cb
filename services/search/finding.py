"""One search over all record types: what is called so first, then what begins so, newest first.

In short, ``berg`` finds Berg, then Anna Berg, then Berglund, then who works at Berg.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.errors import Invalid
from services.records.types import RecordType, all_record_types, get_record_type, title_of
from services.search.conditions import Searched, searched_part
from services.search.reading import Rank, Searching
from services.search.words import Query, read_query, split_words
from services.unit_of_work import UnitOfWork

__all__ = ["MAX_HITS", "Hit", "Rank", "find_records"]

MAX_HITS: Final = 100
_ONE_BY_ONE: Final = (
    Rank.TITLE,
    Rank.TITLE_RESPELLED,
    Rank.ELSEWHERE,
    Rank.ELSEWHERE_RESPELLED,
)
"""Ranks of which all that match are collected, as long as the better ones are too few."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found, and that the actor may see."""

    record_type: str
    id: UUID
    title: str
    rank: Rank
    record: Any


def find_records(
    uow: UnitOfWork, text: str, *, types: Collection[str] = (), limit: int = 20
) -> list[Hit]:
    """Return the records that match ``text`` best.

    Those whose title, number, address or phone number is just this come first, then those whose
    titles have all the words, then those whose titles have words that begin so, then those that
    have them elsewhere; the newest first in each. What is spelled otherwise, Müller for Mueller,
    comes after what is spelled so.
    ``types`` are the record types to look among, all if there are none.

    Raises:
        Invalid: The limit is not 1 to ``MAX_HITS``.
        NotFound: There is no such record type.
    """
    if not 1 <= limit <= MAX_HITS:
        raise Invalid(f"Use 1 to {MAX_HITS}.", {"limit": [f"Use 1 to {MAX_HITS}."]})
    wanted = [get_record_type(name) for name in types] or list(all_record_types())
    query = read_query(text)
    if query is None:
        return []
    scope = searching(uow, query, wanted)
    if not scope.types:
        return []
    rows = scope.newest(limit)
    for rank in _ONE_BY_ONE:
        if len({row.id for row in rows if row.rank <= rank}) < limit:
            rows += scope.all_by(rank, limit)
    return _loaded(uow, query, _first_of_each(sorted(rows, key=_order), limit))


def searching(uow: UnitOfWork, query: Query, wanted: Sequence[RecordType]) -> Searching:
    """Return the search for ``query`` among records of some types, as far as the actor may."""
    parts = [(found, searched_part(uow, found)) for found in wanted]
    every = {found.name for found in all_record_types() if found.model.__search__}
    return Searching(
        uow,
        query,
        fully=tuple(found for found, part in parts if part is Searched.EVERYTHING),
        by_title=tuple(found for found, part in parts if part is Searched.TITLE),
        is_everything=every <= {found.name for found in wanted},
    )


def _order(row: Any) -> tuple[int, int]:
    return row.rank, -row.id.int


def _first_of_each(rows: Iterable[Any], limit: int) -> list[Any]:
    """Return the best row of each record, at most ``limit``."""
    best: dict[UUID, Any] = {}
    for row in rows:
        best.setdefault(row.id, row)
    return list(best.values())[:limit]


def _loaded(uow: UnitOfWork, query: Query, rows: Sequence[Any]) -> list[Hit]:
    """Return the hits with their records, read as always: what may not be seen falls out."""
    records = {record.id: record for record in _records(uow, rows)}
    hits = [
        Hit(row.record_type, row.id, title_of(records[row.id]), Rank(row.rank), records[row.id])
        for row in rows
        if row.id in records
    ]
    beginning = "".join(query.words)
    return sorted(hits, key=lambda hit: (hit.rank, not _begins(hit, beginning)))


def _records(uow: UnitOfWork, rows: Sequence[Any]) -> Iterator[Any]:
    for name in dict.fromkeys(row.record_type for row in rows):
        model = get_record_type(name).model
        keys = [row.id for row in rows if row.record_type == name]
        yield from uow.session.scalars(uow.select(model).where(model.id.in_(keys)))


def _begins(hit: Hit, beginning: str) -> bool:
    return "".join(split_words(hit.title)).startswith(beginning)
