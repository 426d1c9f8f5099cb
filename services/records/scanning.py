"""A way through a sorted list: its order, the edge of a page, and the query from there on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from marshmallow import ValidationError
from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from services.errors import Invalid
from services.records.schemas import argument_for
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Cursor:
    """The edge of a page: the sorted value and the key of its last (or first) record.

    Attributes:
        total: How many records the first page counted, so that the others need not; None if it
            counted none.
    """

    value: Any
    key: UUID
    backwards: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is sorted; ``expression`` is what the index of this sort holds."""

    field: Field
    expression: ColumnElement[Any]
    descending: bool
    nullable: bool

    @property
    def text(self) -> str:
        """As an address has it."""
        return f"-{self.field.name}" if self.descending else self.field.name


@dataclass(frozen=True, slots=True)
class FirstLook:
    """A look at the next rows of a table, however few of them are wanted.

    Attributes:
        rows: How many are looked at.
        narrowed: Makes the query of a list from what stands for its model.
    """

    rows: int
    narrowed: Callable[[Any], Select[Any]]


@dataclass(frozen=True, slots=True)
class Scan:
    """A way through the rows of ``statement``: in its order, or backwards.

    Attributes:
        first: Only the next rows of the whole table are looked at, and narrowed then.
        keys_first: Where many rows are sorted for a few, those few are found first, by what an
            index holds of all, and read then.
    """

    statement: Select[Any]
    key: Any
    order: Order
    backwards: bool
    first: FirstLook | None = None
    keys_first: bool = False

    @property
    def descending(self) -> bool:
        """Whether the rows come in descending order, read like this."""
        return self.order.descending != self.backwards

    def segments(self) -> list[bool]:
        """Return whether each segment is the one of rows without a value, in their order."""
        segments = [False, True] if self.order.nullable else [False]
        return segments[::-1] if self.backwards else segments

    def lies_before(self, edge: Cursor, *, empty: bool) -> bool:
        """Tell whether a whole segment comes before the edge."""
        of_edge = edge.value is None
        return of_edge is not empty and of_edge is not self.backwards

    def segment(self, edge: Cursor | None, limit: int, *, empty: bool) -> Select[Any]:
        """Return the query of the next rows of one segment, from the edge on if that lies in it."""
        value = self.order.expression
        conditions: list[ColumnElement[bool]] = []
        if self.order.nullable:
            conditions.append(value.is_(None) if empty else value.is_not(None))
        if edge is not None and (edge.value is None) == empty:
            conditions.append(self.beyond(edge))
        directed = self._directed(value, self.key, empty=empty)
        if self.first is None and self.keys_first:
            chosen = self.statement.with_only_columns(self.key, value.label("sorted_by"))
            few = chosen.where(*conditions).order_by(*directed).limit(limit).subquery()
            found = select(self.key.class_, few.c.sorted_by).join(few, few.c.id == self.key)
            return found.order_by(*self._directed(few.c.sorted_by, few.c.id, empty=empty))
        if self.first is None:
            found = self.statement.add_columns(value.label("sorted_by"))
            return found.where(*conditions).order_by(*directed).limit(limit)
        table = self.key.class_.__table__
        next_rows = select(table, value.label("sorted_by")).where(*conditions).order_by(*directed)
        part = next_rows.limit(self.first.rows).subquery()
        found = self.first.narrowed(aliased(self.key.class_, part)).add_columns(part.c.sorted_by)
        directed = self._directed(part.c.sorted_by, part.c.id, empty=empty)
        return found.order_by(*directed).limit(limit)

    def _directed(self, value: Any, key: Any, *, empty: bool) -> list[Any]:
        columns = [key] if empty else [value, key]
        return [c.desc() if self.descending else c.asc() for c in columns]

    def beyond(self, edge: Cursor) -> ColumnElement[bool]:
        """Return the condition of the rows after the edge, in the edge's segment."""
        place: Any = self.key
        value: Any = edge.key
        if edge.value is not None:
            place = tuple_(self.order.expression, self.key)
            of_type = literal(edge.value, self.order.expression.type)
            value = tuple_(of_type, edge.key)
        found: ColumnElement[bool] = place < value if self.descending else place > value
        return found


def order_by(uow: UnitOfWork, record_type: RecordType, sort: str) -> Order:
    """Return the order that ``sort`` names, one of the type's sorts.

    Raises:
        Invalid: There is none, or the actor may not see its field.
    """
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
    return Order(
        field, expression, sort.startswith("-"), bool(getattr(column, "nullable", field.is_added))
    )


def write_cursor(order: Order, row: Any, total: int | None, *, backwards: bool) -> str:
    """Return the cursor at a row, which is a record with its sorted value."""
    record, value = row
    if isinstance(value, datetime | date):
        value = value.isoformat()
    parts = [order.text, str(value) if isinstance(value, Decimal) else value, record.id.hex]
    text = orjson.dumps([*parts, backwards, total])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_cursor(order: Order, cursor: str) -> Cursor:
    """Return the edge that a cursor of ``write_cursor`` tells.

    Raises:
        Invalid: It is none, or one of another order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text, value, key, backwards, total = orjson.loads(base64.urlsafe_b64decode(padded))
        counted = None if total is None else max(0, int(total))
        found = Cursor(_typed(order, value), UUID(key), bool(backwards), counted)
    except (ValueError, TypeError, AttributeError, ValidationError, binascii.Error) as error:
        raise Invalid("This page is not there.", {"cursor": ["Not one of this list."]}) from error
    if text != order.text:
        raise Invalid("This page is sorted otherwise.", {"cursor": ["Not one of this list."]})
    return found


def _typed(order: Order, value: Any) -> Any:
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
