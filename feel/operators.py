"""Arithmetic (DMN 1.5, 10.3.2.5 and table 55)."""

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any

from feel.compare import date_time_keys, time_keys
from feel.dates import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    date_of_day,
    date_time_of_local,
    date_time_of_utc,
    shift_months,
    time_of_nanos,
)
from feel.durations import (
    NANOS_PER_DAY,
    DayTimeDuration,
    YearMonthDuration,
    make_months,
    make_nanos,
)
from feel.errors import NullResult
from feel.numbers import CONTEXT, NO_NUMBER, ONE
from feel.run import check_string_size
from feel.values import Value, type_name

_Table = dict[tuple[type, type], Callable[[Any, Any], Value]]


def apply_operator(operator: str, left: Value, right: Value) -> Value:
    """Compute `left operator right` for `+ - * / **`.

    Raises:
        NullResult: The operator has no meaning for these two, or its result no value.
    """
    function = _TABLES[operator].get((type(left), type(right)))
    if function is None:
        names = f"{type_name(left)} {operator} {type_name(right)}"
        raise NullResult(f"{names} has no meaning")
    try:
        result = function(left, right)
    except NO_NUMBER:
        result = None
    if result is None:
        raise NullResult(f"the result of {operator} is out of bounds")
    return result


def negate(value: Value) -> Value:
    """Compute `-value`.

    Raises:
        NullResult: The value has no negative.
    """
    if isinstance(value, Decimal):
        return CONTEXT.minus(value)
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(-value.nanos)
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(-value.total)
    raise NullResult(f"- {type_name(value)} has no meaning")


def _join(left: str, right: str) -> str:
    check_string_size(len(left) + len(right))
    return left + right


def _add_nanos(
    value: FeelDate | FeelDateTime | FeelTime, nanos: int
) -> FeelDate | FeelDateTime | FeelTime | None:
    if isinstance(value, FeelDate):
        # The date is its midnight; what is left of a day is dropped again.
        return date_of_day(value.day_number + nanos // NANOS_PER_DAY)
    if isinstance(value, FeelTime):
        return time_of_nanos(value.nano_of_day + nanos, value.zone)
    if isinstance(value.zone, str) and value.utc_nanos is not None:
        return date_time_of_utc(value.utc_nanos + nanos, value.zone)
    return date_time_of_local(value.local_nanos + nanos, value.zone)


def _add_months(value: FeelDate | FeelDateTime, months: int) -> FeelDate | FeelDateTime | None:
    if isinstance(value, FeelDate):
        return shift_months(value, months)
    date = shift_months(value.date, months)
    return None if date is None else FeelDateTime(date, value.time)


def _refuse_mixed_zones(left: FeelDateTime | FeelTime, right: FeelDateTime | FeelTime) -> None:
    if (left.zone is None) != (right.zone is None):
        raise NullResult("only one of the two has a time zone")


def _between_moments(left: FeelDateTime, right: FeelDateTime) -> DayTimeDuration | None:
    _refuse_mixed_zones(left, right)
    keys = date_time_keys(left, right)
    return None if keys is None else make_nanos(keys[0] - keys[1])


def _between_times(left: FeelTime, right: FeelTime) -> DayTimeDuration | None:
    _refuse_mixed_zones(left, right)
    keys = time_keys(left, right)
    return None if keys is None else make_nanos(keys[0] - keys[1])


def midnight_utc(date: FeelDate) -> FeelDateTime:
    """Return the date and time that stands for a date beside dates with times."""
    return FeelDateTime(date, FeelTime(0, 0, 0, 0, 0))


def _scale_nanos(duration: DayTimeDuration, factor: Decimal) -> DayTimeDuration | None:
    return make_nanos(int(CONTEXT.multiply(Decimal(duration.nanos), factor).to_integral_value()))


def _divide_nanos(duration: DayTimeDuration, divisor: Decimal) -> DayTimeDuration | None:
    return make_nanos(int(CONTEXT.divide(Decimal(duration.nanos), divisor).to_integral_value()))


def _scale_months(duration: YearMonthDuration, factor: Decimal) -> YearMonthDuration | None:
    return _whole_months(CONTEXT.multiply(Decimal(duration.total), factor))


def _divide_months(duration: YearMonthDuration, divisor: Decimal) -> YearMonthDuration | None:
    return _whole_months(CONTEXT.divide(Decimal(duration.total), divisor))


def _whole_months(months: Decimal) -> YearMonthDuration | None:
    return make_months(int(months.to_integral_value(ROUND_DOWN)))


def _ratio(left: int, right: int) -> Decimal:
    return CONTEXT.divide(Decimal(left), Decimal(right))


def _both_ways(table: _Table, left: type, right: type, function: Callable[[Any, Any], Any]) -> None:
    table[left, right] = function
    table[right, left] = lambda one, other: function(other, one)


_ADD: _Table = {
    (Decimal, Decimal): CONTEXT.add,
    (str, str): _join,
    (DayTimeDuration, DayTimeDuration): lambda one, other: make_nanos(one.nanos + other.nanos),
    (YearMonthDuration, YearMonthDuration): lambda one, other: make_months(one.total + other.total),
}
_SUBTRACT: _Table = {
    (Decimal, Decimal): CONTEXT.subtract,
    (DayTimeDuration, DayTimeDuration): lambda one, other: make_nanos(one.nanos - other.nanos),
    (YearMonthDuration, YearMonthDuration): lambda one, other: make_months(one.total - other.total),
    (FeelDateTime, FeelDateTime): _between_moments,
    (FeelDate, FeelDate): lambda one, other: make_nanos(
        (one.day_number - other.day_number) * NANOS_PER_DAY
    ),
    (FeelDate, FeelDateTime): lambda one, other: _between_moments(midnight_utc(one), other),
    (FeelDateTime, FeelDate): lambda one, other: _between_moments(one, midnight_utc(other)),
    (FeelTime, FeelTime): _between_times,
}
for _kind in (FeelDate, FeelDateTime, FeelTime):
    _both_ways(_ADD, _kind, DayTimeDuration, lambda one, other: _add_nanos(one, other.nanos))
    _SUBTRACT[_kind, DayTimeDuration] = lambda one, other: _add_nanos(one, -other.nanos)
for _kind in (FeelDate, FeelDateTime):
    _both_ways(_ADD, _kind, YearMonthDuration, lambda one, other: _add_months(one, other.total))
    _SUBTRACT[_kind, YearMonthDuration] = lambda one, other: _add_months(one, -other.total)

_MULTIPLY: _Table = {(Decimal, Decimal): CONTEXT.multiply}
_both_ways(_MULTIPLY, DayTimeDuration, Decimal, _scale_nanos)
_both_ways(_MULTIPLY, YearMonthDuration, Decimal, _scale_months)
_DIVIDE: _Table = {
    (Decimal, Decimal): CONTEXT.divide,
    (DayTimeDuration, Decimal): _divide_nanos,
    (YearMonthDuration, Decimal): _divide_months,
    (DayTimeDuration, DayTimeDuration): lambda one, other: _ratio(one.nanos, other.nanos),
    (YearMonthDuration, YearMonthDuration): lambda one, other: _ratio(one.total, other.total),
}


# The domain of exponents (DMN 1.5, table 60).
_MAX_EXPONENT = 999_999_999


def _power(base: Decimal, exponent: Decimal) -> Decimal | None:
    if abs(exponent) > _MAX_EXPONENT:
        return None
    # Zero to the power of zero is one (IEEE 754-2008, 9.2.1); Python's decimals refuse it.
    result = CONTEXT.power(base, exponent) if exponent else ONE
    # A negative power of zero is infinite for Python, but no number here.
    return result if result.is_finite() else None


_POWER: _Table = {(Decimal, Decimal): _power}
_TABLES = {"+": _ADD, "-": _SUBTRACT, "*": _MULTIPLY, "/": _DIVIDE, "**": _POWER}
