"""Relations between points and ranges (DMN 1.5, 10.3.4.9, table 80)."""

from typing import NamedTuple

from feel.builtin.registry import builtin
from feel.compare import compare
from feel.errors import NullResult
from feel.values import Range, Value


class _End(NamedTuple):
    """An end of a range; `side` is -1 or 1 where the range is open to infinity there."""

    value: Value
    included: bool
    side: int = 0


def _low(interval: Range) -> _End:
    return _End(interval.start, interval.start_included, 0 if interval.start is not None else -1)


def _high(interval: Range) -> _End:
    return _End(interval.end, interval.end_included, 0 if interval.end is not None else 1)


def _order(one: _End, other: _End) -> int:
    """Return -1, 0 or 1 as one end is below, at or above another, whether included or not."""
    if one.side or other.side:
        return (one.side > other.side) - (one.side < other.side)
    return _order_points(one.value, other.value)


def _order_points(one: Value, other: Value) -> int:
    order = compare(one, other)
    if order is None:
        raise NullResult("the values have no order")
    return order


def _point(value: Value) -> _End:
    return _End(value, included=True)


@builtin("before", "point1: point, point2: point")
def before(one: Value, other: Value) -> bool:
    """Tell whether a point lies before another."""
    return _order_points(one, other) < 0


@builtin("before", "point: point, range: range")
def point_before_range(point: Value, interval: Range) -> bool:
    """Tell whether a point lies before all of a range."""
    return _is_before(_point(point), _low(interval))


@builtin("before", "range: range, point: point")
def range_before_point(interval: Range, point: Value) -> bool:
    """Tell whether all of a range lies before a point."""
    return _is_before(_high(interval), _point(point))


@builtin("before", "range1: range, range2: range")
def range_before(one: Range, other: Range) -> bool:
    """Tell whether all of a range lies before all of another."""
    return _is_before(_high(one), _low(other))


def _is_before(one: _End, other: _End) -> bool:
    order = _order(one, other)
    return order < 0 or (order == 0 and not (one.included and other.included))


@builtin("after", "point1: point, point2: point")
def after(one: Value, other: Value) -> bool:
    """Tell whether a point lies after another."""
    return _order_points(one, other) > 0


@builtin("after", "point: point, range: range")
def point_after_range(point: Value, interval: Range) -> bool:
    """Tell whether a point lies after all of a range."""
    return range_before_point(interval, point)


@builtin("after", "range: range, point: point")
def range_after_point(interval: Range, point: Value) -> bool:
    """Tell whether all of a range lies after a point."""
    return point_before_range(point, interval)


@builtin("after", "range1: range, range2: range")
def range_after(one: Range, other: Range) -> bool:
    """Tell whether all of a range lies after all of another."""
    return range_before(other, one)


@builtin("meets", "range1: range, range2: range")
def meets(one: Range, other: Range) -> bool:
    """Tell whether a range ends in the very point in which another starts."""
    end, start = _high(one), _low(other)
    return end.included and start.included and _order(end, start) == 0


@builtin("met by", "range1: range, range2: range")
def met_by(one: Range, other: Range) -> bool:
    """Tell whether a range starts in the very point in which another ends."""
    return meets(other, one)


@builtin("overlaps", "range1: range, range2: range")
def overlaps(one: Range, other: Range) -> bool:
    """Tell whether two ranges have a point in common."""
    return not range_before(one, other) and not range_before(other, one)


@builtin("overlaps before", "range1: range, range2: range")
def overlaps_before(one: Range, other: Range) -> bool:
    """Tell whether a range starts before another and ends within it."""
    starts = _order(_low(one), _low(other))
    ends = _order(_high(one), _high(other))
    return (
        (starts < 0 or (starts == 0 and one.start_included and not other.start_included))
        and not range_before(one, other)
        and (ends < 0 or (ends == 0 and (not one.end_included or other.end_included)))
    )


@builtin("overlaps after", "range1: range, range2: range")
def overlaps_after(one: Range, other: Range) -> bool:
    """Tell whether a range starts within another and ends after it."""
    starts = _order(_low(other), _low(one))
    ends = _order(_high(other), _high(one))
    return (
        (starts < 0 or (starts == 0 and other.start_included and not one.start_included))
        and not range_before(other, one)
        and (ends < 0 or (ends == 0 and (not other.end_included or one.end_included)))
    )


@builtin("finishes", "point: point, range: range")
def point_finishes(point: Value, interval: Range) -> bool:
    """Tell whether a point is the last of a range."""
    return interval.end_included and _order(_point(point), _high(interval)) == 0


@builtin("finishes", "range1: range, range2: range")
def finishes(one: Range, other: Range) -> bool:
    """Tell whether a range lies in another and ends with it."""
    starts = _order(_low(one), _low(other))
    return (
        one.end_included == other.end_included
        and _order(_high(one), _high(other)) == 0
        and (starts > 0 or (starts == 0 and (not one.start_included or other.start_included)))
    )


@builtin("finished by", "range: range, point: point")
def finished_by_point(interval: Range, point: Value) -> bool:
    """Tell whether the last point of a range is a given one."""
    return point_finishes(point, interval)


@builtin("finished by", "range1: range, range2: range")
def finished_by(one: Range, other: Range) -> bool:
    """Tell whether a range holds another and ends with it."""
    return finishes(other, one)


@builtin("includes", "range: range, point: point")
def includes_point(interval: Range, point: Value) -> bool:
    """Tell whether a range holds a point."""
    here = _point(point)
    return not _is_before(here, _low(interval)) and not _is_before(_high(interval), here)


@builtin("includes", "range1: range, range2: range")
def includes(one: Range, other: Range) -> bool:
    """Tell whether a range holds all of another."""
    starts = _order(_low(one), _low(other))
    ends = _order(_high(one), _high(other))
    return (starts < 0 or (starts == 0 and (one.start_included or not other.start_included))) and (
        ends > 0 or (ends == 0 and (one.end_included or not other.end_included))
    )


@builtin("during", "point: point, range: range")
def point_during(point: Value, interval: Range) -> bool:
    """Tell whether a point lies in a range."""
    return includes_point(interval, point)


@builtin("during", "range1: range, range2: range")
def during(one: Range, other: Range) -> bool:
    """Tell whether all of a range lies in another."""
    return includes(other, one)


@builtin("starts", "point: point, range: range")
def point_starts(point: Value, interval: Range) -> bool:
    """Tell whether a point is the first of a range."""
    return interval.start_included and _order(_point(point), _low(interval)) == 0


@builtin("starts", "range1: range, range2: range")
def starts(one: Range, other: Range) -> bool:
    """Tell whether a range lies in another and starts with it."""
    ends = _order(_high(one), _high(other))
    return (
        one.start_included == other.start_included
        and _order(_low(one), _low(other)) == 0
        and (ends < 0 or (ends == 0 and (not one.end_included or other.end_included)))
    )


@builtin("started by", "range: range, point: point")
def started_by_point(interval: Range, point: Value) -> bool:
    """Tell whether the first point of a range is a given one."""
    return point_starts(point, interval)


@builtin("started by", "range1: range, range2: range")
def started_by(one: Range, other: Range) -> bool:
    """Tell whether a range holds another and starts with it."""
    return starts(other, one)


@builtin("coincides", "point1: point, point2: point")
def points_coincide(one: Value, other: Value) -> bool:
    """Tell whether two points are the same."""
    return _order_points(one, other) == 0


@builtin("coincides", "range1: range, range2: range")
def coincides(one: Range, other: Range) -> bool:
    """Tell whether two ranges are the same."""
    return (
        (one.start_included, one.end_included) == (other.start_included, other.end_included)
        and _order(_low(one), _low(other)) == 0
        and _order(_high(one), _high(other)) == 0
    )
