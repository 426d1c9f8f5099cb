"""Aggregates of lists: of one list, or of the arguments themselves (DMN 1.5, 10.3.4.4)."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from feel.builtin.registry import builtin
from feel.compare import compare
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import NullResult
from feel.numbers import CONTEXT, ONE, ZERO
from feel.operators import apply_operator
from feel.run import Run
from feel.values import Function, Value

_Aggregate = Callable[[list[Value]], Value]


def _aggregate(name: str) -> Callable[[_Aggregate], _Aggregate]:
    """Make a function of a list a built-in one that takes its items as arguments too."""

    def register(function: _Aggregate) -> _Aggregate:
        def of_arguments(*values: Value) -> Value:
            return function(list(values))

        builtin(name, "list: list")(function)
        builtin(name, "first: any, n...: any")(of_arguments)
        return function

    return register


def _numbers(items: list[Value]) -> list[Decimal]:
    if not all(isinstance(item, Decimal) for item in items):
        raise NullResult("list holds what is no number")
    return items


def _not_empty(items: list[Value]) -> None:
    if not items:
        raise NullResult("list is empty")


@_aggregate("min")
def minimum(items: list[Value]) -> Value:
    """Return the first in order of values of one type."""
    return _extreme(items, -1)


@_aggregate("max")
def maximum(items: list[Value]) -> Value:
    """Return the last in order of values of one type."""
    return _extreme(items, 1)


def _extreme(items: list[Value], sign: int) -> Value:
    _not_empty(items)
    best = items[0]
    for item in items:
        order = compare(item, best)
        if order is None:
            raise NullResult("list holds values that have no order")
        if order == sign:
            best = item
    return best


@_aggregate("sum")
def total(items: list[Value]) -> Value:
    """Return the sum of numbers, or of durations of one kind."""
    _not_empty(items)
    if not isinstance(items[0], DayTimeDuration | YearMonthDuration):
        return _sum(_numbers(items))
    result = items[0]
    for item in items[1:]:
        result = apply_operator("+", result, item)
    return result


def _sum(numbers: list[Decimal]) -> Decimal:
    result = ZERO
    for number in numbers:
        result = CONTEXT.add(result, number)
    return result


@_aggregate("mean")
def mean(items: list[Value]) -> Value:
    """Return the arithmetic mean of numbers, or of durations of one kind."""
    return apply_operator("/", total(items), Decimal(len(items)))


@_aggregate("product")
def product(items: list[Value]) -> Decimal:
    """Return the product of numbers."""
    _not_empty(items)
    result = ONE
    for number in _numbers(items):
        result = CONTEXT.multiply(result, number)
    return result


@_aggregate("median")
def median(items: list[Value]) -> Decimal:
    """Return the middle of the sorted numbers, or the mean of the two in the middle."""
    _not_empty(items)
    numbers = sorted(_numbers(items))
    half = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[half]
    return CONTEXT.divide(CONTEXT.add(numbers[half - 1], numbers[half]), Decimal(2))


@_aggregate("stddev")
def sample_deviation(items: list[Value]) -> Decimal:
    """Return the standard deviation of a sample of two or more numbers."""
    numbers = _numbers(items)
    if len(numbers) < 2:  # noqa: PLR2004 - a sample of one has no deviation
        raise NullResult("list holds fewer than two numbers")
    average = CONTEXT.divide(_sum(numbers), Decimal(len(numbers)))
    squares = [CONTEXT.power(CONTEXT.subtract(number, average), Decimal(2)) for number in numbers]
    return CONTEXT.sqrt(CONTEXT.divide(_sum(squares), Decimal(len(numbers) - 1)))


@_aggregate("mode")
def mode(items: list[Value]) -> list[Decimal]:
    """Return the numbers that occur most often, in ascending order."""
    counts = Counter(_numbers(items))
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)


@builtin("sort", "list: list, precedes?: function", wants_run=True)
def sort(run: Run, items: list[Value], precedes: Function | None = None) -> list[Value]:
    """Return a list in the order that a function of two items tells, or in the natural one."""

    def order(left: Any, right: Any) -> int:
        run.spend(1)
        if precedes is None:
            result = compare(left, right)
            if result is None:
                raise NullResult("list holds values that have no order")
            return result
        if precedes.call(run, [left, right]) is True:
            return -1
        return 1 if precedes.call(run, [right, left]) is True else 0

    return sorted(items, key=cmp_to_key(order))
