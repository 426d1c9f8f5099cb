"""Lists of records: filtered, searched, sorted, and cut into pages by key.

A page begins where the last one ended, by the sorted value and the record's key, so that page
1,000 costs what page 1 does. Rows without a value come last in either direction; they are a
segment of their own, because one index scan can't cross between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
)

from services.access import row_condition
from services.errors import Invalid
from services.filtering import Filter, all_of, compile_filter, parse_arguments
from services.records.scanning import (
    Cursor,
    FirstLook,
    Order,
    Scan,
    order_by,
    read_cursor,
    write_cursor,
)
from services.records.time_limit import within_time
from services.records.types import RecordType, get_record_type
from services.search.conditions import search_condition
from services.search.narrowing import Narrowed, narrow
from services.unit_of_work import UnitOfWork

MAX_LIMIT = 200
COUNT_CAP = 1_000
LOOKED_AT = 12_000
"""So many rows of a list sorted by a text are asked for words before all that match are read.

That is the work of looking up some 15,000 records; others' records among them cost little.
"""
GLANCED_AT = 2_000
"""So many of them come first, which tell whether the others are worth it."""
HOPE = 4
"""The others may have so many times what the first ones have."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of a list.

    Attributes:
        total: How many records there are in all, at most ``COUNT_CAP``.
        total_is_capped: Whether there are more than that.
    """

    items: Sequence[Any]
    next_cursor: str | None
    previous_cursor: str | None
    total: int
    total_is_capped: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The records of a list.

    Those that were counted to the last one are read by their keys: the server need not know how
    rare they are to choose between reading the list in order until a page is full, which may be
    its end, and collecting them.

    Attributes:
        total: How many there are, at most one more than is counted; None if nobody asks.
        first: What is tried before it is read; None: nothing.
    """

    statement: Select[Any]
    total: int | None
    first: FirstLook | None = None

    @property
    def is_none(self) -> bool:
        """Whether there are none, as far as is known."""
        return self.total == 0


def list_records(
    uow: UnitOfWork,
    record_type: str,
    *,
    where: Filter | None = None,
    filters: Mapping[str, str] | None = None,
    search: str | None = None,
    sort: str = "-created_at",
    cursor: str | None = None,
    limit: int = 50,
    counts: bool = True,
) -> RecordPage:
    """Return a page of the records that the actor may see.

    Args:
        uow: Of whoever looks.
        record_type: Of which type.
        where: Only what fulfils this filter.
        filters: And this one, as arguments of an address; see ``filtering.parse_arguments``.
        search: Only what is found by these words.
        sort: One of the type's sorts, with ``-`` for descending.
        cursor: Of the page before or after.
        limit: How many at most.
        counts: Whether it is told how many there are in all; else that is 0.

    Raises:
        Invalid: A filter, the sort, the cursor or the limit is not one of those there are.
        TookTooLong: What the filter asks for takes too long to find.
    """
    found = get_record_type(record_type)
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"A page has 1 to {MAX_LIMIT} records.", {"limit": ["Out of range."]})
    order = order_by(uow, found, sort)
    edge = read_cursor(order, cursor) if cursor else None
    narrowed = parse_arguments(found, filters or {})
    if where is not None:
        narrowed = all_of(found, where, narrowed)
    known = None if edge is None else edge.total
    backwards = edge is not None and edge.backwards
    with within_time(uow, narrowed):
        wanted = _wanted(uow, found, narrowed, search, order, counts=counts, known=known)
        scan = Scan(wanted.statement, found.model.id, order, backwards)
        rows = _rows(uow, wanted, scan, edge, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    after = more if not backwards else True
    before = more if backwards else edge is not None
    total = wanted.total or 0
    return RecordPage(
        items=[row for row, _ in rows],
        next_cursor=write_cursor(order, rows[-1], wanted.total, backwards=False)
        if rows and after
        else None,
        previous_cursor=write_cursor(order, rows[0], wanted.total, backwards=True)
        if rows and before
        else None,
        total=min(total, COUNT_CAP),
        total_is_capped=total > COUNT_CAP,
    )


def _rows(
    uow: UnitOfWork, wanted: _Wanted, scan: Scan, edge: Cursor | None, number: int
) -> list[tuple[Any, Any]]:
    """Return up to ``number`` pairs of record and sorted value, from the edge on."""
    if wanted.is_none:
        return []
    if wanted.first is not None:
        rows = _first_rows(uow, wanted.first, scan, edge, number)
        if len(rows) >= number:
            return rows
        scan = replace(scan, keys_first=True)
    return _page(uow, scan, edge, number)


def _first_rows(
    uow: UnitOfWork, look: FirstLook, scan: Scan, edge: Cursor | None, number: int
) -> list[tuple[Any, Any]]:
    """Return the pairs that a first look finds.

    A glance at some comes first. If those that match all stand together, far from here, it finds
    few of them, and thousands more would be read for nothing.
    """
    glance = replace(look, rows=min(GLANCED_AT, look.rows))
    rows = _page(uow, replace(scan, first=glance), edge, number)
    is_promising = len(rows) * look.rows * HOPE >= number * glance.rows
    if len(rows) < number and is_promising and glance.rows < look.rows:
        rows = _page(uow, replace(scan, first=look), edge, number)
    return rows


def _page(uow: UnitOfWork, scan: Scan, edge: Cursor | None, number: int) -> list[tuple[Any, Any]]:
    """Return the next rows of all segments, or of one where this is only a first look."""
    rows: list[Any] = []
    for empty in scan.segments():
        if edge is not None and not rows and scan.lies_before(edge, empty=empty):
            continue
        part = scan.segment(edge, number - len(rows), empty=empty)
        rows += uow.session.execute(part).all()
        if len(rows) >= number or scan.first is not None:
            break
    return rows


def _wanted(
    uow: UnitOfWork,
    record_type: RecordType,
    narrowed: Filter,
    search: str | None,
    order: Order,
    *,
    counts: bool,
    known: int | None,
) -> _Wanted:
    """Return the query of a list, and how many records it has if ``counts``.

    ``known`` is how many its first page counted. If those are more than are told, or only words
    narrow the list, nothing is counted again.
    """
    everything = _everything(uow, narrowed, record_type.model)
    found, counted = _Wanted(everything, None), everything
    if search and search.strip():
        words = narrow(uow, record_type, search, total=known if narrowed.is_empty else None)
        found = _searched(uow, record_type, narrowed, words, order)
        if narrowed.is_empty:
            return found
        among = search_condition(uow, record_type, search)
        counted = found.statement if words.is_few else everything.where(among)
    if not counts:
        return replace(found, total=None)
    if known is not None and known > COUNT_CAP:
        return replace(found, total=known)
    total, keys = _counted(uow, counted, record_type.model.id)
    if keys is None or (narrowed.is_empty and row_condition(uow, record_type.model) is None):
        return replace(found, total=total)
    few = record_type.model.id == func.any(cast(literal(keys, Text), ARRAY(Uuid)))
    return _Wanted(uow.select(record_type.model).where(few), total)


def _everything(uow: UnitOfWork, narrowed: Filter, model: Any) -> Select[Any]:
    return uow.select(model).where(compile_filter(uow, narrowed, model))


def _searched(
    uow: UnitOfWork, record_type: RecordType, narrowed: Filter, words: Narrowed, order: Order
) -> _Wanted:
    """Return how what words find of a list is read."""

    def in_order(model: Any) -> Select[Any]:
        return _everything(uow, narrowed, model).where(words.asked(model.id))

    looked_up = _everything(uow, narrowed, record_type.model).where(words.looked_up)
    if words.is_few:
        return _Wanted(looked_up, words.total)
    if not order.field.traits.is_textual:
        return _Wanted(in_order(record_type.model), words.total)
    return _Wanted(looked_up, words.total, FirstLook(LOOKED_AT, in_order))


def _counted(uow: UnitOfWork, statement: Select[Any], key: Any) -> tuple[int, str | None]:
    """Return how many rows there are, and if they aren't more than are counted, which.

    A huge list costs no more than one above the cap. The keys are the text of an array, as they
    only go back to the server.
    """
    some = statement.with_only_columns(key.label("key")).limit(COUNT_CAP + 1).subquery()
    number = func.count()
    keys = cast(func.array_agg(some.c.key), Text)
    row = uow.session.execute(select(number, case((number <= COUNT_CAP, keys)))).one()
    return row[0], row[1]
