"""One search over all record types: what is called so first, then what begins so, newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, union_all

from services.access import row_condition
from services.errors import Invalid
from services.records.types import RecordType, all_record_types, get_record_type, title_of
from services.search.conditions import Searched, has_words, searched_part
from services.search.model import SearchEntry
from services.search.words import (
    Query,
    as_title_tsquery,
    as_tsquery,
    as_whole_tsquery,
    read_query,
    split_words,
)
from services.unit_of_work import UnitOfWork

MAX_HITS: Final = 100


class Rank(IntEnum):
    """How well a record matches; the best comes first."""

    WHOLE = 1
    TITLE = 2
    ELSEWHERE = 3


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
    titles have all the words, then those that have them elsewhere; the newest first in each.
    ``types`` are the record types to look among, all if there are none.

    Raises:
        Invalid: The limit is not 1 to ``MAX_HITS``.
        NotFound: There is no such record type.
    """
    if not 1 <= limit <= MAX_HITS:
        raise Invalid(f"Use 1 to {MAX_HITS}.", {"limit": [f"Use 1 to {MAX_HITS}."]})
    wanted = [get_record_type(name) for name in types] or list(all_record_types())
    query = read_query(text)
    parts = [(found, searched_part(uow, found)) for found in wanted]
    fully = [found for found, part in parts if part is Searched.EVERYTHING]
    by_title = [found for found, part in parts if part is not Searched.NOTHING]
    if query is None or not by_title:
        return []
    ranked = [
        _ranked(uow, Rank.WHOLE, as_whole_tsquery(query), fully, limit),
        _ranked(uow, Rank.TITLE, as_title_tsquery(query), by_title, limit),
        _ranked(uow, Rank.ELSEWHERE, as_tsquery(query), fully, limit),
    ]
    best = union_all(*(select(one.subquery()) for one in ranked if one is not None))
    rows = uow.session.execute(best).all()
    return _loaded(uow, query, _first_of_each(sorted(rows, key=_order), limit))


def _ranked(
    uow: UnitOfWork, rank: Rank, tsquery: str, types: Sequence[RecordType], limit: int
) -> Select[Any, Any, Any] | None:
    """Return the query of the newest entries that match in one way; None if there are none."""
    if not types:
        return None
    found = select(literal(int(rank)).label("rank"), SearchEntry.record_type, SearchEntry.id)
    found = found.where(has_words(tsquery), _visible(uow, types))
    return found.order_by(SearchEntry.id.desc()).limit(limit)


def _visible(uow: UnitOfWork, types: Sequence[RecordType]) -> ColumnElement[bool]:
    """Return the condition of entries whose records the actor may see.

    Types under the same condition share it, so that there is mostly one.
    """
    shared: list[tuple[ColumnElement[bool] | None, list[str]]] = []
    for record_type in types:
        condition = row_condition(uow, _as_model(record_type))
        for known, names in shared:
            if _is_same(known, condition):
                names.append(record_type.name)
                break
        else:
            shared.append((condition, [record_type.name]))
    return or_(*(_among(names, condition) for condition, names in shared))


def _among(names: Sequence[str], condition: ColumnElement[bool] | None) -> ColumnElement[bool]:
    of_types = SearchEntry.record_type.in_(names)
    return of_types if condition is None else and_(of_types, condition)


def _is_same(one: ColumnElement[bool] | None, other: ColumnElement[bool] | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one.compare(other))


def _as_model(record_type: RecordType) -> Any:
    """Return what stands for a record type's model in conditions on the entries of its records."""
    model = record_type.model
    return SimpleNamespace(
        record_type=record_type.name,
        id=SearchEntry.id,
        owner_id=SearchEntry.owner_id,
        team_id=SearchEntry.team_id,
        __scoped__=getattr(model, "__scoped__", False),
        __participants__=getattr(model, "__participants__", None),
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
