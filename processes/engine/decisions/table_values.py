"""The values of an input that stand for all others, as far as the rules of a table can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from feel import (
    DayTimeDuration,
    FeelContext,
    FeelDate,
    FeelDateTime,
    FeelTime,
    Run,
    UnaryTests,
    Value,
    YearMonthDuration,
    format_value,
)
from feel.dates import date_of_day, date_time_of_local, time_of_nanos
from feel.durations import NANOS_PER_DAY
from feel.types import BUILTIN_TYPES, Type

_MAX_VALUES = 500
_ORDERED: tuple[type, ...] = (
    Decimal,
    FeelDate,
    FeelTime,
    FeelDateTime,
    DayTimeDuration,
    YearMonthDuration,
)


@dataclass(frozen=True)
class Sample:
    """A value that stands for all those with which the tests of a column do the same.

    Attributes:
        value: The value.
        shown: What it stands for, for people: `5`, `any other text`.
        is_likely: Whether somebody would hand it in: 5.5 is not where all bounds are integers.
    """

    value: Value
    shown: str
    is_likely: bool = True


def find_samples(
    bounds: Sequence[Value], kind: Type | None, allowed: UnaryTests | None
) -> list[Sample] | None:
    """Return one value for each part of an input's domain in which no test changes its answer.

    Args:
        bounds: The constants with which the tests compare, and those of the allowed values.
        kind: The type of the input; None if any.
        allowed: What tells which values are allowed; None if all are.

    Returns:
        The values; None where the bounds are of several types or have no order.
    """
    found = _samples_of(list(bounds), kind)
    if found is None or len(found) > _MAX_VALUES:
        return None
    return [sample for sample in found if _is_possible(sample.value, kind, allowed)]


def _is_possible(value: Value, kind: Type | None, allowed: UnaryTests | None) -> bool:
    run = Run()
    if value is not None and kind is not None and not kind.accepts(value, run):
        return False
    return allowed is None or allowed.run(value, FeelContext(), run) is True


def _samples_of(bounds: list[Value], kind: Type | None) -> list[Sample] | None:
    nothing = [Sample(None, "null")] if None in bounds else []
    bounds = [bound for bound in bounds if bound is not None]
    if kind == BUILTIN_TYPES["boolean"] or (bounds and isinstance(bounds[0], bool)):
        return None if _are_of(bounds, (bool,)) is None else [*_BOOLEANS, *nothing]
    if not bounds:
        return nothing or None
    if _are_of(bounds, (str,)):
        texts = [Sample(text, format_value([text], Run())[1:-1]) for text in dict.fromkeys(bounds)]
        return [*texts, Sample(_unlike(bounds), "any other text"), *nothing]
    of = _are_of(bounds, _ORDERED)
    if of is Decimal:
        return [*_numbers(sorted(set(bounds))), *nothing]
    return None if of is None else _discrete(of, bounds, nothing)


_BOOLEANS = [Sample(value=True, shown="true"), Sample(value=False, shown="false")]


def _are_of(bounds: list[Value], kinds: tuple[type, ...]) -> type | None:
    """Return the type that all values are of, if it is one of some; None otherwise."""
    if not bounds:
        return kinds[0]
    kind = type(bounds[0])
    return kind if kind in kinds and all(type(bound) is kind for bound in bounds) else None


def _unlike(texts: list[str]) -> str:
    return "other" + "-" * max(map(len, texts))


def _show(value: Value) -> Sample:
    return Sample(value, format_value(value, Run()))


def _numbers(bounds: list[Decimal]) -> list[Sample]:
    samples = [_show(bounds[0] - 1), _show(bounds[0])]
    for low, high in pairwise(bounds):
        whole = (low + 1).to_integral_value("ROUND_FLOOR")
        if whole < high:
            samples.append(_show(whole))
        else:
            middle = (low + high) / 2
            are_integers = all(bound == bound.to_integral_value() for bound in (low, high))
            samples.append(Sample(middle, format_value(middle, Run()), not are_integers))
        samples.append(_show(high))
    return [*samples, _show(bounds[-1] + 1)]


def _discrete(kind: type, bounds: list[Any], nothing: list[Sample]) -> list[Sample] | None:
    """Return the samples of a type whose values can be counted, such as days."""
    zones = {bound.zone for bound in bounds} if kind in {FeelTime, FeelDateTime} else {None}
    if len(zones) > 1:
        return None
    zone = zones.pop()
    points = sorted({_number_of(bound) for bound in bounds})
    numbers = [points[0] - 1]
    for low, high in pairwise(points):
        numbers += [low, low + (high - low) // 2] if high - low > 1 else [low]
    numbers += [points[-1], points[-1] + 1]
    values = [_value_of(kind, number, zone) for number in numbers]
    return [*(_show(value) for value in values if value is not None), *nothing]


def _number_of(value: Any) -> int:
    if isinstance(value, FeelDate):
        return value.day_number
    if isinstance(value, FeelTime):
        return value.nano_of_day
    if isinstance(value, FeelDateTime):
        return value.local_nanos
    return value.nanos if isinstance(value, DayTimeDuration) else int(value.total)


def _value_of(kind: type, number: int, zone: Any) -> Value:
    if kind is FeelDate:
        return date_of_day(number)
    if kind is FeelTime:
        return time_of_nanos(number, zone) if 0 <= number < NANOS_PER_DAY else None
    if kind is FeelDateTime:
        return date_time_of_local(number, zone)
    return DayTimeDuration(number) if kind is DayTimeDuration else YearMonthDuration(number)
