"""Lists of records: filtered, searched, sorted, and cut into pages by key.

A page begins where the last one ended, by the sorted value and the record's key, so that page
1,000 costs what page 1 does. Rows without a value come last in either direction; they are a
segment of their own, because one index scan can't cross between the two.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from marshmallow import ValidationError
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
    tuple_,
)

from services.access import row_condition
from services.errors import Invalid
from services.filtering import Filter, all_of, compile_filter, parse_arguments
from services.records.schemas import argument_for
from services.records.types import Field, RecordType, get_record_type
from services.search.conditions import search_condition
from services.search.narrowing import Narrowed, is_common, narrow
from services.unit_of_work import UnitOfWork

MAX_LIMIT = 200
COUNT_CAP = 1_000
LOOKED_AT = 3_000
"""So many rows of a list sorted by a text are asked for words before all that match are read."""


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
class _Cursor:
    """The edge of a page: the sorted value and the key of its last (or first) record."""

    value: Any
    key: UUID
    backwards: bool


@dataclass(frozen=True, slots=True)
class _Order:
    """By what a list is sorted; ``expression`` is what the index of this sort holds."""

    field: Field
    expression: ColumnElement[Any]
    descending: bool
    nullable: bool

    @property
    def text(self) -> str:
        return f"-{self.field.name}" if self.descending else self.field.name


@dataclass(frozen=True, slots=True)
class _Scan:
    """A way through the rows of ``statement``: in its order, or backwards."""

    statement: Select[Any]
    key: Any
    order: _Order
    backwards: bool

    @property
    def descending(self) -> bool:
        return self.order.descending != self.backwards

    def segments(self) -> list[bool]:
        """Return whether each segment is the one of rows without a value, in their order."""
        segments = [False, True] if self.order.nullable else [False]
        return segments[::-1] if self.backwards else segments

    def lies_before(self, edge: _Cursor, *, empty: bool) -> bool:
        """Tell whether a whole segment comes before the edge."""
        of_edge = edge.value is None
        return of_edge is not empty and of_edge is not self.backwards

    def segment(self, edge: _Cursor | None, *, empty: bool, most: int | None = None) -> Select[Any]:
        """Return the query of one segment, sorted, from the edge on if that lies in it.

        With ``most`` it looks no further than so many rows of the whole table.
        """
        value = self.order.expression
        conditions: list[ColumnElement[bool]] = []
        if self.order.nullable:
            conditions.append(value.is_(None) if empty else value.is_not(None))
        if edge is not None and (edge.value is None) == empty:
            conditions.append(self.beyond(edge))
        if most is None:
            found = self.statement.add_columns(value.label("sorted_by")).where(*conditions)
            return found.order_by(*self._directed(value, self.key, empty=empty))
        next_rows = select(self.key.label("key"), value.label("sorted_by")).where(*conditions)
        next_rows = next_rows.order_by(*self._directed(value, self.key, empty=empty))
        place = next_rows.limit(most).subquery()
        found = self.statement.add_columns(place.c.sorted_by).join(place, place.c.key == self.key)
        return found.order_by(*self._directed(place.c.sorted_by, place.c.key, empty=empty))

    def _directed(self, value: Any, key: Any, *, empty: bool) -> list[Any]:
        columns = [key] if empty else [value, key]
        return [c.desc() if self.descending else c.asc() for c in columns]

    def beyond(self, edge: _Cursor) -> ColumnElement[bool]:
        """Return the condition of the rows after the edge, in the edge's segment."""
        place: Any = self.key
        value: Any = edge.key
        if edge.value is not None:
            place = tuple_(self.order.expression, self.key)
            of_type = literal(edge.value, self.order.expression.type)
            value = tuple_(of_type, edge.key)
        found: ColumnElement[bool] = place < value if self.descending else place > value
        return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The records of a list.

    Those that were counted to the last one are read by their keys: the server need not know how
    rare they are to choose between reading the list in order until a page is full, which may be
    its end, and collecting them.

    Attributes:
        total: How many there are, at most one more than is counted; None if nobody asks.
        otherwise: What to read where the next ``LOOKED_AT`` rows of the table don't fill a page;
            None: there is no other way.
    """

    statement: Select[Any]
    total: int | None
    otherwise: Callable[[], Select[Any]] | None = None

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
    """
    found = get_record_type(record_type)
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"A page has 1 to {MAX_LIMIT} records.", {"limit": ["Out of range."]})
    order = _order(uow, found, sort)
    edge = _read_cursor(order, cursor) if cursor else None
    narrowed = parse_arguments(found, filters or {})
    if where is not None:
        narrowed = all_of(found, where, narrowed)
    wanted = _wanted(uow, found, narrowed, search, order, counts=counts)
    backwards = edge is not None and edge.backwards
    scan = _Scan(wanted.statement, found.model.id, order, backwards)
    rows = _rows(uow, wanted, scan, edge, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    after = more if not backwards else True
    before = more if backwards else edge is not None
    total = wanted.total or 0
    return RecordPage(
        items=[row for row, _ in rows],
        next_cursor=_cursor(order, rows[-1], backwards=False) if rows and after else None,
        previous_cursor=_cursor(order, rows[0], backwards=True) if rows and before else None,
        total=min(total, COUNT_CAP),
        total_is_capped=total > COUNT_CAP,
    )


def _order(uow: UnitOfWork, record_type: RecordType, sort: str) -> _Order:
    name = sort.removeprefix("-")
    field = uow.readable_field(record_type, name)
    if name not in record_type.sorts or field is None:
        hidden = uow.actor.hidden_fields(record_type.name)
        open_ = [one for one in record_type.sorts if one not in hidden]
        message = f"Sort by one of {', '.join(open_)}."
        raise Invalid(message, {"sort": [message]})
    column = getattr(record_type.model, name)
    folds = field.traits.is_textual and name != "number"
    expression = func.lower(column) if folds else column
    return _Order(
        field, expression, sort.startswith("-"), bool(getattr(column, "nullable", field.is_added))
    )


def _rows(
    uow: UnitOfWork, wanted: _Wanted, scan: _Scan, edge: _Cursor | None, number: int
) -> list[tuple[Any, Any]]:
    """Return up to ``number`` pairs of record and sorted value, from the edge on."""
    if wanted.is_none:
        return []
    if wanted.otherwise is None:
        return _page(uow, scan, edge, number)
    rows = _page(uow, scan, edge, number, most=LOOKED_AT)
    if len(rows) < number:
        rows = _page(uow, replace(scan, statement=wanted.otherwise()), edge, number)
    return rows


def _page(
    uow: UnitOfWork, scan: _Scan, edge: _Cursor | None, number: int, *, most: int | None = None
) -> list[tuple[Any, Any]]:
    """Return the next rows, of one segment only if no more than ``most`` are looked at."""
    rows: list[Any] = []
    for empty in scan.segments():
        if edge is not None and not rows and scan.lies_before(edge, empty=empty):
            continue
        part = scan.segment(edge, empty=empty, most=most)
        rows += uow.session.execute(part.limit(number - len(rows))).all()
        if len(rows) >= number or most is not None:
            break
    return rows


def _wanted(
    uow: UnitOfWork,
    record_type: RecordType,
    narrowed: Filter,
    search: str | None,
    order: _Order,
    *,
    counts: bool,
) -> _Wanted:
    """Return the query of a list, and how many records it has if ``counts``."""
    everything = uow.select(record_type.model).where(compile_filter(uow, narrowed))
    found, counted = _Wanted(everything, None), everything
    if search and search.strip():
        words = narrow(uow, record_type, search)
        found = _searched(uow, record_type, everything, search, words, order)
        if narrowed.is_empty:
            return found
        among = search_condition(uow, record_type, search)
        counted = found.statement if words.is_few else everything.where(among)
    if not counts:
        return replace(found, total=None)
    total, keys = _counted(uow, counted, record_type.model.id)
    if keys is None or (narrowed.is_empty and row_condition(uow, record_type.model) is None):
        return replace(found, total=total)
    few = record_type.model.id == func.any(cast(literal(keys, Text), ARRAY(Uuid)))
    return _Wanted(uow.select(record_type.model).where(few), total)


def _searched(  # noqa: PLR0917 - what is searched for what, in which order
    uow: UnitOfWork,
    record_type: RecordType,
    everything: Select[Any],
    search: str,
    words: Narrowed,
    order: _Order,
) -> _Wanted:
    """Return how those of ``everything`` that words find are read."""
    looked_up, asked = everything.where(words.looked_up), everything.where(words.asked)
    if words.is_few:
        return _Wanted(looked_up, words.total)
    if not order.field.traits.is_textual:
        return _Wanted(asked, words.total)
    return _Wanted(
        asked,
        words.total,
        lambda: asked if is_common(uow, record_type, search) else looked_up,
    )


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


def _cursor(order: _Order, row: Any, *, backwards: bool) -> str:
    record, value = row
    if isinstance(value, datetime | date):
        value = value.isoformat()
    parts = [order.text, str(value) if isinstance(value, Decimal) else value, record.id.hex]
    text = orjson.dumps([*parts, backwards])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read_cursor(order: _Order, cursor: str) -> _Cursor:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text, value, key, backwards = orjson.loads(base64.urlsafe_b64decode(padded))
        found = _Cursor(_typed(order, value), UUID(key), bool(backwards))
    except (ValueError, TypeError, AttributeError, ValidationError, binascii.Error) as error:
        raise Invalid("This page is not there.", {"cursor": ["Not one of this list."]}) from error
    if text != order.text:
        raise Invalid("This page is sorted otherwise.", {"cursor": ["Not one of this list."]})
    return found


def _typed(order: _Order, value: Any) -> Any:
    """Return the value of a cursor in the type of its column.

    Raises:
        ValueError: It is of another type.
        ValidationError: Likewise.
    """
    if value is None and order.nullable:
        return None
    if not order.field.traits.is_textual:
        return argument_for(order.field, required=True).deserialize(value)
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text")
    return value
