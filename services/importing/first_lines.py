"""The line that a row may hold for a new paper, contract or subscription.

A row has room for one: what it is, how much, and what it costs. Papers with more get theirs by
hand or over the API; a row about a record that is there is refused its line, since nobody could
say which of the lines it has is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError

from services.errors import Invalid
from services.importing.abouts import about_fields
from services.records.types import Field, RecordType
from services.sales.filling import LineArguments
from services.sales.lines import sees_prices
from services.sales.model import LINES
from services.unit_of_work import UnitOfWork

_BEGIN: Final = "line_"
_FIELDS: Final[Mapping[str, Field]] = {
    one.name: one
    for one in (
        Field("line_product_id", "Line: product", "relation", relation="product"),
        Field("line_title", "Line: title"),
        Field("line_quantity", "Line: quantity", "quantity"),
        Field("line_unit_price", "Line: unit price", "decimal"),
        Field("line_discount_percent", "Line: discount in percent", "percent"),
    )
}


def line_fields(uow: UnitOfWork, record_type: RecordType) -> Mapping[str, Field]:
    """Return what of a line a file may fill: nothing where there are none, or they are hidden."""
    has_lines = record_type.name in LINES and sees_prices(uow, record_type.name)
    return _FIELDS if has_lines else {}


def import_field(record_type: RecordType, name: str) -> Field | None:
    """Return the field of a record, of its line or of what it is about that a column goes into."""
    found = record_type.field(name) or about_fields(record_type).get(name)
    if found is None and record_type.name in LINES:
        return _FIELDS.get(name)
    return found


def is_of_line(name: str) -> bool:
    """Tell whether a target is a part of the line."""
    return name in _FIELDS


def with_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a new record with those of its line together.

    Raises:
        Invalid: A part of the line is wrong; ``fields`` names it as ``target_of`` reads it.
    """
    plain = {name: value for name, value in values.items() if name not in _FIELDS}
    line = {name.removeprefix(_BEGIN): values[name] for name in _FIELDS if name in values}
    if not line:
        return plain
    try:
        loaded = LineArguments().load({name: str(value) for name, value in line.items()})
    except ValidationError as error:
        messages: Any = error.messages
        wrong = {f"lines.0.{name}": list(texts) for name, texts in messages.items()}
        raise Invalid("Please check the line.", wrong) from error
    return {**plain, "lines": [loaded]}


def target_of(name: str) -> str:
    """Return the target of a column that a message of an operation is about."""
    return f"{_BEGIN}{name.removeprefix('lines.0.')}" if name.startswith("lines.0.") else name
