"""The properties of values that are no contexts (DMN 1.5, table 65)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import (
    NANOS_PER_SECOND,
    DayTimeDuration,
    YearMonthDuration,
)
from feel.numbers import CONTEXT
from feel.run import Run
from feel.values import NATIVE, FeelContext, Range, Value, normalise, type_name


def get_property(value: Value, name: str, run: Run) -> Value:
    """Return `value.name`: of a context its entry, of a list one result for each item.

    What has no such property is null, with a warning.
    """
    kind = type(value)
    if kind is FeelContext or kind is dict or isinstance(value, Mapping):
        return _get_entry(value, name, run)
    if kind is list:
        run.spend(len(value))
        return [get_property(item, name, run) for item in value]
    read = _PROPERTIES.get(kind, {}).get(name)
    if read is None:
        run.warn(f"{type_name(value)} has no entry {name!r}")
        return None
    return read(value)


def _get_entry(context: Mapping[str, Any], name: str, run: Run) -> Value:
    try:
        value = context[name]
    except KeyError:
        run.warn(f"the context has no entry {name!r}")
        return None
    if type(value) in NATIVE or type(context) is FeelContext:
        return value
    return normalise(value, run)


def _second(time: FeelTime) -> Decimal:
    return Decimal(time.second) + CONTEXT.divide(Decimal(time.nano), Decimal(NANOS_PER_SECOND))


def _seconds(duration: DayTimeDuration) -> Decimal:
    fraction = abs(duration.nanos) % NANOS_PER_SECOND
    sign = -1 if duration.nanos < 0 else 1
    part = CONTEXT.divide(Decimal(sign * fraction), Decimal(NANOS_PER_SECOND))
    return CONTEXT.add(Decimal(duration.seconds), part)


def _offset(value: FeelTime | FeelDateTime) -> DayTimeDuration | None:
    offset = value.offset
    return None if offset is None else DayTimeDuration(offset * NANOS_PER_SECOND)


def _timezone(value: FeelTime | FeelDateTime) -> str | None:
    return value.zone if isinstance(value.zone, str) else None


def _of_part(part: str, read: Callable[[Any], Value]) -> Callable[[Any], Value]:
    return lambda value: read(getattr(value, part))


_Properties = dict[str, Callable[[Any], Value]]

_DATE: _Properties = {
    "year": lambda date: Decimal(date.year),
    "month": lambda date: Decimal(date.month),
    "day": lambda date: Decimal(date.day),
    "weekday": lambda date: Decimal(date.weekday),
}
_TIME: _Properties = {
    "hour": lambda time: Decimal(time.hour),
    "minute": lambda time: Decimal(time.minute),
    "second": _second,
    "time offset": _offset,
    "timezone": _timezone,
}
_DATE_TIME: _Properties = {
    **{name: _of_part("date", read) for name, read in _DATE.items()},
    **{name: _of_part("time", read) for name, read in _TIME.items()},
    "time offset": _offset,
    "timezone": _timezone,
}
_PROPERTIES: dict[type, _Properties] = {
    FeelDate: _DATE,
    FeelTime: _TIME,
    FeelDateTime: _DATE_TIME,
    DayTimeDuration: {
        "days": lambda duration: Decimal(duration.days),
        "hours": lambda duration: Decimal(duration.hours),
        "minutes": lambda duration: Decimal(duration.minutes),
        "seconds": _seconds,
    },
    YearMonthDuration: {
        "years": lambda duration: Decimal(duration.years),
        "months": lambda duration: Decimal(duration.months),
    },
    Range: {
        "start": lambda interval: interval.start,
        "end": lambda interval: interval.end,
        "start included": lambda interval: interval.start_included,
        "end included": lambda interval: interval.end_included,
    },
}
PROPERTY_NAMES = frozenset(name for table in _PROPERTIES.values() for name in table)
