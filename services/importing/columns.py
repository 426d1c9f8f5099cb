"""Turning a row's cells into the values of a record, each by the check of its field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from services.duplicates.wanted import Wanted
from services.importing.cells import (
    check_result,
    is_blank,
    read_boolean,
    read_choice,
    read_date,
    read_moment,
    read_number,
    read_several,
    read_whole,
    text_of,
)
from services.importing.plan import FULL_NAME, KEY_FIELD, Column, Plan, importable_fields
from services.keepable import keepable
from services.records.contact_points import split_name
from services.records.field_kinds import FIELD_KINDS
from services.records.schemas import argument_with_rules
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

WHOLE_ROW: Final = -1
"""The place of a message that is about no single cell."""

_REMEMBERED: Final = 2_000


@dataclass(slots=True)
class Row:
    """One row on its way to a record.

    Attributes:
        number: Its number in the file.
        values: Field name → checked value; what is empty is left out.
        links: Field name → the text that stands for another record, still to be found.
        named: The same, also when it was found.
        errors: Place of the column → what is wrong.
        key: The record's own key, if the file holds it.
        wanted: What the rules of doubles compare of it, once that was asked for.
    """

    number: int
    cells: Sequence[Any]
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    key: UUID | None = None
    wanted: Wanted | None = None


class RowReader:
    """Reads rows by a plan; made once for many."""

    def __init__(
        self, uow: UnitOfWork, record_type: RecordType, plan: Plan, header: Sequence[str]
    ) -> None:
        self._width = len(header)
        self._fields = importable_fields(uow, record_type)
        self._zone = ZoneInfo(plan.zone) if plan.zone else uow.platform.settings.timezone
        self._readers = [self._reader(column) for column in plan.columns]

    def read(self, row: Sequence[Any]) -> Row:
        """Return what a row, which begins with its number, holds."""
        made = Row(row[0], row[1:])
        count = len(row) - 1
        for place, name, read in self._readers:
            if place >= count:
                continue
            cell = row[place + 1]
            if cell is None or cell == "":
                continue
            try:
                check_result(cell)
                read(made, name, cell)
            except ValidationError as error:
                made.errors[place] = _first(error)
            except ValueError as error:
                made.errors[place] = str(error)
        if count > self._width and any(not is_blank(cell) for cell in row[self._width + 1 :]):
            made.errors[WHOLE_ROW] = (
                f"This row has {count} cells, the headings are {self._width}; "
                "perhaps a delimiter stands in a text without quotes."
            )
        return made

    def _reader(self, column: Column) -> tuple[int, str, Callable[..., None]]:
        if column.field == KEY_FIELD:
            return column.column, column.field, _put_key
        if column.field == FULL_NAME and FULL_NAME not in self._fields:
            return column.column, column.field, self._put_name
        one = self._fields[column.field]
        if one.relation is not None:
            return column.column, column.field, _put_link
        return column.column, column.field, _putting(checker(one, column, self._zone))

    def _put_name(self, row: Row, _name: str, cell: Any) -> None:
        first, last = split_name(" ".join(text_of(cell).split()))
        for name, value in (("first_name", first), ("last_name", last)):
            if value and name in self._fields and name not in row.values:
                checked = argument_with_rules(self._fields[name]).deserialize(value)
                row.values[name] = checked


def checker(one: Field, column: Column, zone: ZoneInfo) -> Callable[[Any], Any]:
    """Return what turns a cell into a value of a field, by the rules of its operations.

    The result raises ValueError or ValidationError with what is wrong.
    """
    prepare = _preparing(one, column, zone)
    argument = argument_with_rules(one)

    def check(cell: Any) -> Any:
        return keepable(argument.deserialize(prepare(cell)))

    return check


def _preparing(one: Field, column: Column, zone: ZoneInfo) -> Callable[[Any], Any]:
    """Return what reads a cell before the field's own check looks at it."""
    kind = FIELD_KINDS[one.kind]
    if one.choices is not None:
        read = read_choice(one.choices)
        return read_several(read) if kind.is_several else read
    if kind.name == "date":
        return read_date(column.order)
    if kind.name == "datetime":
        return read_moment(column.order, zone)
    if kind.name == "boolean":
        return read_boolean
    if kind.name == "number":
        return read_whole
    if kind.is_numeric:
        return read_number(column.decimal)
    return read_several(text_of) if kind.is_several else text_of


def _putting(check: Callable[[Any], Any]) -> Callable[[Row, str, Any], None]:
    """Return what puts a checked value into a row; what repeats is checked once."""
    known: dict[Any, Any] = {}

    def put(row: Row, name: str, cell: Any) -> None:
        if type(cell) is not str:
            value = check(cell)
        elif cell in known:
            value = known[cell]
        else:
            value = check(cell)
            if len(known) < _REMEMBERED:
                known[cell] = value
        if value is not None and value != []:
            row.values[name] = value

    return put


def _put_link(row: Row, name: str, cell: Any) -> None:
    text = " ".join(text_of(cell).split())
    if text:
        row.links[name] = row.named[name] = text


def _put_key(row: Row, _name: str, cell: Any) -> None:
    try:
        row.key = UUID(text_of(cell))
    except ValueError:
        raise ValueError("This is not the key of a record.") from None


def _first(error: ValidationError) -> str:
    """Return the first message of a field's check."""
    messages: Any = error.messages
    while isinstance(messages, dict):
        messages = next(iter(messages.values()))
    return str(messages[0]) if messages else "This can't be kept."


def places(plan: Plan) -> dict[str, int]:
    """Return the column of each target, for messages."""
    return {column.field: column.column for column in plan.columns}


def each(rows: Sequence[Sequence[Any]], reader: RowReader) -> Iterator[Row]:
    """Read rows one after another."""
    return (reader.read(row) for row in rows)
