"""Equality and order (DMN 1.5, 10.3.2.13 and 10.3.2.14), three-valued."""

from collections.abc import Mapping
from decimal import Decimal

from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import NANOS_PER_SECOND, DayTimeDuration, YearMonthDuration
from feel.run import Run
from feel.values import Function, Range, Value, read_entry


def equal(left: Value, right: Value, run: Run) -> bool | None:
    """Tell whether two values are equal; None if they are of different kinds."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is type(right) and kind in _EQUALS:
        return bool(left == right)
    if isinstance(left, list):
        return _equal_lists(left, right, run) if isinstance(right, list) else None
    if isinstance(left, Mapping):
        return _equal_contexts(left, right, run) if isinstance(right, Mapping) else None
    if kind is not type(right):
        return None
    if isinstance(left, FeelTime | FeelDateTime):
        return not lack_one_zone(left, right) and compare(left, right) == 0
    if isinstance(left, Range):
        return _equal_ranges(left, right, run)
    return left is right


_EQUALS = frozenset({Decimal, str, bool, FeelDate, DayTimeDuration, YearMonthDuration, Function})


def lack_one_zone(left: Value, right: Value) -> bool:
    """Tell whether only one of two times has a zone: then they are not equal.

    The standard says in which order they are (table 54), but not whether they are equal; the
    reference implementation takes them for different.
    """
    return isinstance(left, FeelTime | FeelDateTime) and (left.zone is None) != (right.zone is None)


def _equal_lists(left: list[Value], right: list[Value], run: Run) -> bool | None:
    if len(left) != len(right):
        return False
    result: bool | None = True
    run.enter()
    for one, other in zip(left, right, strict=True):
        run.spend(1)
        same = equal(one, other, run)
        if same is False:
            result = False
            break
        result = result and same
    run.leave()
    return result


def _equal_contexts(left: Mapping[str, Value], right: Mapping[str, Value], run: Run) -> bool | None:
    if left.keys() != right.keys():
        return False
    keys = list(left)
    return _equal_lists(
        [read_entry(left, key) for key in keys], [read_entry(right, key) for key in keys], run
    )


def _equal_ranges(left: Range, right: Range, run: Run) -> bool | None:
    if (left.start_included, left.end_included) != (right.start_included, right.end_included):
        return False
    return _equal_lists([left.start, left.end], [right.start, right.end], run)


def same(left: Value, right: Value, run: Run) -> bool:
    """Tell whether two values are equal, nulls and different kinds included: never None."""
    return equal(left, right, run) is True


def compare(left: Value, right: Value) -> int | None:
    """Return -1, 0 or 1 as the left value is before, at or after the right one.

    None if they have no order, such as values of different types.
    """
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is Decimal or kind is str:
        return -1 if left < right else int(left > right)
    pair = order_keys(left, right)
    if pair is None:
        return None
    return -1 if pair[0] < pair[1] else int(pair[0] > pair[1])


def order_keys(left: Value, right: Value) -> tuple[int, int] | None:
    """Return integers in the order of two temporal values of one type; None if there is none."""
    if isinstance(left, FeelDate):
        return left.day_number, right.day_number
    if isinstance(left, FeelDateTime):
        return date_time_keys(left, right)
    if isinstance(left, FeelTime):
        return time_keys(left, right)
    if isinstance(left, DayTimeDuration):
        return left.nanos, right.nanos
    if isinstance(left, YearMonthDuration):
        return left.total, right.total
    return None


def date_time_keys(left: FeelDateTime, right: FeelDateTime) -> tuple[int, int] | None:
    """Return both in nanoseconds on one scale; a local time takes the zone of the other."""
    if left.zone is None or right.zone is None:
        return left.local_nanos, right.local_nanos
    one, other = left.utc_nanos, right.utc_nanos
    return None if one is None or other is None else (one, other)


def time_keys(left: FeelTime, right: FeelTime) -> tuple[int, int] | None:
    """Return both in nanoseconds on one scale; a local time takes the zone of the other.

    None where the offset of a zone would take a date to know.
    """
    if left.zone == right.zone or left.zone is None or right.zone is None:
        return left.nano_of_day, right.nano_of_day
    one, other = left.offset, right.offset
    if one is None or other is None:
        return None
    return (
        left.nano_of_day - one * NANOS_PER_SECOND,
        right.nano_of_day - other * NANOS_PER_SECOND,
    )


def contains(interval: Range, value: Value) -> bool | None:
    """Tell whether a value lies in a range; None if it has no order with its ends."""
    result = True
    if interval.start is not None:
        order = compare(value, interval.start)
        if order is None:
            return None
        result = order > 0 or (order == 0 and interval.start_included)
    if interval.end is not None:
        order = compare(value, interval.end)
        if order is None:
            return None
        result = result and (order < 0 or (order == 0 and interval.end_included))
    return result


def is_identical(left: Value, right: Value, run: Run) -> bool:
    """Tell whether two values are the very same element of their type, zones included."""
    run.spend(1)
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(is_identical(a, b, run) for a, b in pairs)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            is_identical(read_entry(left, key), read_entry(right, key), run) for key in left
        )
    return type(left) is type(right) and bool(left == right)


def as_list(value: Value) -> list[Value]:
    """Return a value as a list: null is empty, anything else a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
