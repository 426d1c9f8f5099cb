"""Conditions, filters and iterations (DMN 1.5, 10.2.2.8 to 10.2.2.12)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from feel import Run, Value
from feel.compare import as_list
from feel.compiler.filters import pick_item
from feel.compiler.loops import NotIterableError, items_of
from feel.run import check_list_size
from feel.values import Entries
from processes.engine.decisions.boxed import Boxed, Builder, reads
from processes.engine.decisions.elements import find_child
from processes.engine.decisions.scopes import Layer, Names
from processes.engine.xml import Element


@reads("conditional")
def read_conditional(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a condition; false and null lead to `else`, any other value to null."""
    condition, then, otherwise = (
        builder.build_inside(find_child(element, part), names, f"{place}, {part}")
        for part in ("if", "then", "else")
    )

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        value = condition(scope, run)
        if value is not None and not isinstance(value, bool):
            return run.null(f"{place}: the condition is no boolean")
        return (then if value else otherwise)(scope, run)

    return evaluate


@reads("filter")
def read_filter(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a filter; its condition sees `item` and the entries of an item that is a context."""
    source = builder.build_inside(find_child(element, "in"), names, f"{place}, in")
    inner = names.adding(["item"]).adding(names.keys)
    match = builder.build_inside(find_child(element, "match"), inner, f"{place}, match")

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        value = source(scope, run)
        if value is None:
            return run.null(f"{place}: null can't be filtered")
        items = as_list(value)
        kept: list[Value] = []
        for position, item in enumerate(items):
            run.spend(1)
            inside: Mapping[str, Any] = Layer({"item": item}, scope)
            if isinstance(item, Mapping):
                inside = Layer(Entries(item), inside)
            result = match(inside, run)
            if isinstance(result, Decimal) and position == 0:
                return pick_item(items, result, run, place)
            if result is not None and not isinstance(result, bool):
                return run.null(f"{place}: the filter gives no boolean")
            if result is True:
                kept.append(item)
        return kept

    return evaluate


class _Iteration:
    """A source, and what is evaluated for each of its items."""

    def __init__(
        self, builder: Builder, element: Element, names: Names, part: str, place: str
    ) -> None:
        self.name = " ".join((element.get("iteratorVariable") or "").split())
        self.source = builder.build_inside(find_child(element, "in"), names, f"{place}, in")
        inner = names.adding([self.name, "partial"])
        self.body = builder.build_inside(find_child(element, part), inner, f"{place}, {part}")

    def items(self, scope: Mapping[str, Any], run: Run, place: str) -> Iterable[Value] | None:
        try:
            return items_of(self.source(scope, run))
        except NotIterableError as reason:
            run.warn(f"{place}: {reason}")
            return None

    def evaluate(
        self, item: Value, scope: Mapping[str, Any], run: Run, partial: list[Value] | None = None
    ) -> Value:
        run.spend(1)
        values = {self.name: item}
        if partial is not None:
            run.spend(len(partial) >> 4)
            run.allocate(partial)
            values["partial"] = list(partial)
        return self.body(Layer(values, scope), run)


@reads("for")
def read_for(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read an iteration; its results so far are visible as `partial`."""
    iteration = _Iteration(builder, element, names, "return", place)

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        items = iteration.items(scope, run, place)
        if items is None:
            return None
        results: list[Value] = []
        for item in items:
            results.append(iteration.evaluate(item, scope, run, results))
            check_list_size(len(results))
        return results

    return evaluate


@reads("some")
def read_some(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read the question whether a condition holds for some item."""
    return _read_quantified(builder, element, names, place, decisive=True)


@reads("every")
def read_every(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read the question whether a condition holds for every item."""
    return _read_quantified(builder, element, names, place, decisive=False)


def _read_quantified(
    builder: Builder, element: Element, names: Names, place: str, *, decisive: bool
) -> Boxed:
    iteration = _Iteration(builder, element, names, "satisfies", place)

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        items = iteration.items(scope, run, place)
        if items is None:
            return None
        result: bool | None = not decisive
        for item in items:
            value = iteration.evaluate(item, scope, run)
            if value is decisive:
                return decisive
            if value is None:
                result = None
            elif not isinstance(value, bool):
                return run.null(f"{place}: the condition is no boolean")
        return result

    return evaluate
