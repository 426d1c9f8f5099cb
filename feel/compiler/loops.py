"""Iterations and filters."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from feel import nodes
from feel.compiler.unit import Code, Unit, compiles
from feel.dates import FeelDate, date_of_day
from feel.names import names_in
from feel.numbers import to_integer
from feel.run import Scope, check_list_size
from feel.values import Range, Value, type_name

# Called with a scope in which all iteration variables are set; a true result ends the loop.
_Turn = Callable[[Scope], bool]


@compiles(nodes.For)
def compile_for(node: nodes.For, unit: Unit) -> Code:
    """Compile `for`; its results so far are visible as `partial` (DMN 1.5, 10.3.2.14)."""
    sources = _compile_sources(node.iterations, unit)
    unit.depth += len(sources)
    body = unit.compile_inside(node.body)
    unit.depth -= len(sources)
    text = unit.excerpt(node)
    # The list that is visible must not change later: it is copied, but only for who looks.
    needs_partial = "partial" in names_in(node.body)

    def run(scope: Scope) -> Value:
        results: list[Value] = []

        def turn(inner: Scope) -> bool:
            partial: dict[str, Value] = {}
            if needs_partial:
                inner.run.spend(len(results) >> 4)
                inner.run.allocate(results)
                partial["partial"] = list(results)
            results.append(body(Scope(partial, inner, inner.run)))
            check_list_size(len(results))
            return False

        try:
            _iterate(sources, scope, turn)
        except NotIterableError as reason:
            return scope.run.null(str(reason), text)
        return results

    return run


@compiles(nodes.Quantified)
def compile_quantified(node: nodes.Quantified, unit: Unit) -> Code:
    """Compile `some` and `every`, three-valued."""
    sources = _compile_sources(node.iterations, unit)
    unit.depth += len(sources)
    condition = unit.compile(node.condition)
    unit.depth -= len(sources)
    text = unit.excerpt(node)
    decisive = not node.every

    def run(scope: Scope) -> Value:
        result: bool | None = not decisive

        def turn(inner: Scope) -> bool:
            nonlocal result
            value = condition(inner)
            if value is decisive:
                result = decisive
                return True
            if not isinstance(value, bool):
                # Anything else counts as it does for `and` and `or` (DMN 1.5, table 49).
                result = None
                if value is not None:
                    inner.run.warn(f"a condition can't be {type_name(value)}", text)
            return False

        try:
            _iterate(sources, scope, turn)
        except NotIterableError as reason:
            return scope.run.null(str(reason), text)
        return result

    return run


class NotIterableError(Exception):
    """What an iteration is to go through has no items."""


_Source = tuple[str, Code, Code | None]


def _compile_sources(iterations: list[nodes.Iteration], unit: Unit) -> list[_Source]:
    sources: list[_Source] = []
    for iteration in iterations:
        source = unit.compile(iteration.source)
        stop = unit.compile(iteration.stop) if iteration.stop else None
        sources.append((iteration.name, source, stop))
        # Later iterations see the variables of earlier ones.
        unit.depth += 1
    unit.depth -= len(iterations)
    return sources


def _iterate(sources: list[_Source], scope: Scope, turn: _Turn) -> bool:
    name, source, stop = sources[0]
    rest = sources[1:]
    run = scope.run
    items = _items_between(source(scope), stop(scope)) if stop else items_of(source(scope))
    for item in items:
        run.spend(1)
        inner = Scope({name: item}, scope, run)
        if _iterate(rest, inner, turn) if rest else turn(inner):
            return True
    return False


def items_of(value: Value) -> Iterable[Value]:
    """Return what an iteration goes through: items, the integers or days of a range, or one value.

    Raises:
        NotIterableError: There is nothing to go through.
    """
    if isinstance(value, list):
        return value
    if value is None:
        raise NotIterableError("null has no items")
    if not isinstance(value, Range):
        return [value]
    items = _range_items(value)
    if items is None:
        raise NotIterableError("the range has no items that could be counted")
    return items


def _items_between(start: Value, stop: Value) -> Iterable[Value]:
    items = _bounds(start, stop)
    if items is None:
        raise NotIterableError(f"{type_name(start)}..{type_name(stop)} has no items")
    return _count(*items)


def _bounds(start: Value, stop: Value) -> tuple[int, int, Callable[[int], Value]] | None:
    if isinstance(start, Decimal) and isinstance(stop, Decimal):
        first, last = to_integer(start), to_integer(stop)
        return None if first is None or last is None else (first, last, Decimal)
    if isinstance(start, FeelDate) and isinstance(stop, FeelDate):
        return start.day_number, stop.day_number, date_of_day
    return None


def _range_items(interval: Range) -> Iterable[Value] | None:
    bounds = _bounds(interval.start, interval.end)
    if bounds is None:
        return None
    first, last, make = bounds
    first += not interval.start_included
    last -= not interval.end_included
    # An interval never counts down: (1..2) has no items.
    return _count(first, last, make) if first <= last else []


def _count(first: int, last: int, make: Callable[[int], Value]) -> Iterator[Value]:
    step = 1 if first <= last else -1
    for number in range(first, last + step, step):
        yield make(number)
