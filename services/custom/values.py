"""How values of added fields are kept in the column ``custom``, and how SQL reads them.

A stored value that no longer fits its field counts as none, in Python as in SQL: an expression of
SQL looks at the text before it casts, so that no row can make a list fail. Times have a form of
one length, so that they sort as texts, which an index can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Dialect,
    Numeric,
    Text,
    Uuid,
    case,
    cast,
    literal_column,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator

from services.records.field_kinds import FIELD_KINDS

_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_DECIMAL_TEXT: Final = r"^-?[0-9]{1,40}(\.[0-9]{1,20})?$"
_INTEGER_TEXT: Final = "^-?[0-9]{1,18}$"
_DAY_TEXT: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# No colons: SQLAlchemy would read them as parameters.
_MOMENT_TEXT: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}.[0-9]{2}.[0-9]{2}.[0-9]{6}Z$"
_UUID_TEXT: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


@dataclass(frozen=True, slots=True)
class Storage:
    """How values of a kind are kept.

    Attributes:
        encode: From a value to what JSON can hold.
        decode: Back again; None for what can't be read.
        column: From the stored text, as SQL sees it, to an expression of the value's type.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    column: Callable[[Any], Any]


class _DayText(TypeDecorator[date]):
    """A date that SQL compares as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, _dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> date | None:
        return _read_day(value)


class _MomentText(TypeDecorator[datetime]):
    """A time that SQL compares as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        return None if value is None else _write_moment(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> datetime | None:
        return _read_moment(value)


def storage_of(kind: str) -> Storage:
    """Return how values of ``kind`` are kept."""
    return _SPECIAL.get(kind) or (_NUMBERS if FIELD_KINDS[kind].is_decimal else _TEXTS)


def _read_text(stored: Any) -> str | None:
    return stored if isinstance(stored, str) and stored else None


def _read_decimal(stored: Any) -> Decimal | None:
    if isinstance(stored, bool) or not isinstance(stored, str | int):
        return None
    try:
        number = Decimal(stored)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _read_integer(stored: Any) -> int | None:
    number = _read_decimal(stored)
    return None if number is None or number != int(number) else int(number)


def _read_day(stored: Any) -> date | None:
    try:
        return date.fromisoformat(stored)
    except (TypeError, ValueError):
        return None


def _read_moment(stored: Any) -> datetime | None:
    try:
        return datetime.strptime(stored, _MOMENT).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None


def _write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read_key(stored: Any) -> UUID | None:
    try:
        return UUID(stored)
    except (TypeError, ValueError, AttributeError):
        return None


def _read_several(stored: Any) -> list[str] | None:
    if not isinstance(stored, list):
        return None
    return [one for one in stored if isinstance(one, str)] or None


def _matching(pattern: str, type_: Any) -> Callable[[Any], Any]:
    """Return what casts a stored text to ``type_`` where it looks like one."""
    # The texts stand in the statement itself: an index holds the very same expression.
    quoted = literal_column(f"'{pattern}'", Text)
    return lambda stored: case((stored.op("~")(quoted), cast(stored, type_)))


def _true_or_false(stored: Any) -> Any:
    true, false = literal_column("'true'", Text), literal_column("'false'", Text)
    yes, no = literal_column("true", Boolean), literal_column("false", Boolean)
    return case((stored == true, yes), (stored == false, no))


def _timely(pattern: str, type_: Any) -> Callable[[Any], Any]:
    """Return what leaves a stored text alone, but sorts it by its digits, where it is a time."""
    quoted = literal_column(f"'{pattern}'", Text)

    def column(stored: Any) -> Any:
        return type_coerce(case((stored.op("~")(quoted), stored)).collate("C"), type_)

    return column


_TEXTS: Final = Storage(str, _read_text, lambda stored: stored)
_NUMBERS: Final = Storage(
    lambda value: format(value, "f"), _read_decimal, _matching(_DECIMAL_TEXT, Numeric)
)
_KEYS: Final = Storage(str, _read_key, _matching(_UUID_TEXT, Uuid(as_uuid=True)))
_SPECIAL: Final[Mapping[str, Storage]] = {
    "number": Storage(int, _read_integer, _matching(_INTEGER_TEXT, BigInteger)),
    "date": Storage(date.isoformat, _read_day, _timely(_DAY_TEXT, _DayText())),
    "datetime": Storage(_write_moment, _read_moment, _timely(_MOMENT_TEXT, _MomentText())),
    "boolean": Storage(
        bool, lambda stored: stored if isinstance(stored, bool) else None, _true_or_false
    ),
    "multi_choice": Storage(list, _read_several, lambda stored: stored),
    "relation": _KEYS,
    "file": _KEYS,
}
