"""Values as JSON: without loss for snapshots, and plainly for people."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from feel.dates import FeelDate, FeelDateTime, FeelTime, parse_date, parse_date_time, parse_time
from feel.durations import DayTimeDuration, YearMonthDuration, parse_duration
from feel.errors import FeelLimitError, FeelValueError
from feel.format import format_value
from feel.numbers import read_number, to_integer
from feel.run import Run
from feel.values import FeelContext, Function, Range, Value, entries_of, normalise

# Small enough for every reader of JSON to take it for the same integer.
_MAX_SAFE_INTEGER = 2**53 - 1
_MAX_DEPTH = 120
_MAX_VALUES = 1_000_000

_TAGS: dict[type, str] = {
    FeelDate: "date",
    FeelTime: "time",
    FeelDateTime: "dateTime",
    DayTimeDuration: "dayTimeDuration",
    YearMonthDuration: "yearMonthDuration",
}


class _Budget:
    """Counts what is written: lists that contain one list many times must not explode."""

    def __init__(self) -> None:
        self.left = _MAX_VALUES

    def take(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > _MAX_DEPTH:
            raise FeelLimitError("The value is too large or nested too deep to be written.")


def to_json(value: Any) -> Any:
    """Return the JSON form of a value, from which `from_json` makes the same value again.

    Integers become `int`; other numbers, temporal values and ranges become objects with `@type`
    and `@value`. A context that has such keys itself is wrapped likewise.

    Raises:
        FeelValueError: The value is, or holds, a function or what is no value of the language.
        FeelLimitError: It is too large.
    """
    return _encode(normalise(value), _Budget(), 0, _encode_number)


def to_exchange(value: Any) -> Any:
    """Return a value as answers to other programs show it, its numbers still decimals.

    As `to_json`, but that `feel.json_text` writes the numbers with all their digits, and that a
    function, which nothing could read back, is shown as its text.

    Raises:
        FeelLimitError: The value is too large.
    """
    return _encode(normalise(value), _Budget(), 0, None)


_Number = Callable[[Decimal], Any] | None


def _encode(value: Value, budget: _Budget, depth: int, number: _Number) -> Any:
    """Encode a value; without a way to encode numbers, they stay and functions are shown."""
    budget.take(depth)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return number(value) if number else value
    if isinstance(value, list):
        return [_encode(normalise(item), budget, depth + 1, number) for item in value]
    if isinstance(value, Mapping):
        entries = entries_of(value)
        encoded = {key: _encode(item, budget, depth + 1, number) for key, item in entries}
        return {"@type": "context", "@value": encoded} if "@type" in encoded else encoded
    if isinstance(value, Range):
        ends = [_encode(end, budget, depth + 1, number) for end in (value.start, value.end)]
        return {"@type": "range", "@value": [*ends, value.start_included, value.end_included]}
    if isinstance(value, Function) and number is None:
        return {"@type": "function", "@value": format_value(value, Run())}
    tag = _TAGS.get(type(value))
    if tag is None:
        raise FeelValueError("A function can't be stored.")
    return {"@type": tag, "@value": str(value)}


def _encode_number(value: Decimal) -> Any:
    integer = to_integer(value)
    if integer is not None and abs(integer) <= _MAX_SAFE_INTEGER:
        return integer
    return {"@type": "number", "@value": str(value)}


def from_json(value: Any) -> Value:
    """Return the value of a JSON form; plain JSON is taken as it is, floats as decimals.

    Raises:
        FeelValueError: An object says that it is of a type which it is not.
        FeelLimitError: It is nested too deep.
    """
    return _read(value, 0)


def _read(value: Any, depth: int) -> Value:
    if depth > _MAX_DEPTH:
        raise FeelLimitError("The value is nested too deep to be read.")
    if isinstance(value, list):
        return [_read(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return normalise(value)
    if value.keys() != {"@type", "@value"}:
        return FeelContext((key, _read(item, depth + 1)) for key, item in value.items())
    return _decode(value["@type"], value["@value"], depth + 1)


def _decode(tag: Any, content: Any, depth: int) -> Value:
    if tag == "context" and isinstance(content, dict):
        return FeelContext((key, _read(item, depth)) for key, item in content.items())
    if tag == "range" and isinstance(content, list) and len(content) == 4:  # noqa: PLR2004
        start, end, start_included, end_included = (_read(item, depth) for item in content)
        return Range(start, end, bool(start_included), bool(end_included))
    decode = _DECODERS.get(tag) if isinstance(tag, str) else None
    result = decode(content) if decode and isinstance(content, str) else None
    if result is None:
        raise FeelValueError(f"{str(content)[:40]!r} is no value of type {str(tag)[:40]!r}.")
    return result


def _decode_number(text: str) -> Decimal | None:
    return read_number(text)


def _decode_day_time(text: str) -> DayTimeDuration | None:
    duration = parse_duration(text)
    return duration if isinstance(duration, DayTimeDuration) else None


def _decode_year_month(text: str) -> YearMonthDuration | None:
    duration = parse_duration(text)
    return duration if isinstance(duration, YearMonthDuration) else None


_DECODERS: dict[str, Any] = {
    "number": _decode_number,
    "date": parse_date,
    "time": parse_time,
    "dateTime": parse_date_time,
    "dayTimeDuration": _decode_day_time,
    "yearMonthDuration": _decode_year_month,
}


def to_plain(value: Any) -> Any:
    """Return a value as plain JSON, for the API and for people: numbers as `int` or `float`.

    Temporal values, ranges and functions become text. Decimals may lose digits.

    Raises:
        FeelLimitError: The value is too large.
    """
    return _simplify(normalise(value), _Budget(), 0)


def _simplify(value: Value, budget: _Budget, depth: int) -> Any:
    budget.take(depth)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        integer = to_integer(value)
        return float(value) if integer is None else integer
    if isinstance(value, list):
        return [_simplify(normalise(item), budget, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {key: _simplify(item, budget, depth + 1) for key, item in entries_of(value)}
    return format_value(value, Run())
