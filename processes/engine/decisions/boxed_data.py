"""Contexts, lists, relations, functions and invocations (DMN 1.5, 10.2.2.2 to 10.2.2.7)."""

from collections.abc import Mapping
from typing import Any

from feel import FeelContext, Function, Run, Value, invoke, make_parameter
from feel.errors import NullResult
from feel.types import ANY, FunctionType
from processes.engine.decisions.boxed import Boxed, Builder, find_expression, is_expression, reads
from processes.engine.decisions.elements import children, fail, find_child, get_name
from processes.engine.decisions.item_types import fit
from processes.engine.decisions.scopes import Layer, Names
from processes.engine.xml import Element


@reads("context")
def read_context(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a context; an entry without a name is the result instead of the context."""
    entries: list[tuple[str, Boxed]] = []
    for entry in children(element, "contextEntry"):
        variable = find_child(entry, "variable")
        name = get_name(variable) if variable is not None else ""
        inside = f"{place}, entry {name!r}" if name else f"{place}, result"
        boxed = builder.build_inside(entry, names, inside)
        kind = builder.find_type(variable, names) if variable is not None else None
        entries.append((name, _fitted(boxed, kind, inside)))
        if name:
            names = names.adding([name])

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        context = FeelContext()
        inside = Layer(context, scope)
        for name, boxed in entries:
            value = boxed(inside, run)
            if not name:
                return value
            context[name] = value
        return context

    return evaluate


def _fitted(boxed: Boxed, kind: Any, place: str) -> Boxed:
    return lambda scope, run: fit(boxed(scope, run), kind, run, place)


@reads("list")
def read_list(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a list of expressions."""
    items = [
        builder.build(child, names, f"{place}, item {number}")
        for number, child in enumerate(filter(is_expression, element), start=1)
    ]
    return lambda scope, run: [item(scope, run) for item in items]


@reads("relation")
def read_relation(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a relation: a list of contexts with the same entries."""
    columns = list(children(element, "column"))
    headings = [get_name(column) for column in columns]
    kinds = [builder.find_type(column, names) for column in columns]
    rows: list[list[Boxed]] = []
    for number, row in enumerate(children(element, "row"), start=1):
        cells = list(filter(is_expression, row))
        if len(cells) != len(headings):
            return builder.refuse(fail(row, f"{place}, row {number}: the cells are not as many."))
        rows.append(
            [
                _fitted(builder.build(cell, names, spot), kind, spot)
                for cell, heading, kind in zip(cells, headings, kinds, strict=True)
                for spot in [f"{place}, row {number}, column {heading!r}"]
            ]
        )

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        return [
            FeelContext(
                (heading, cell(scope, run)) for heading, cell in zip(headings, row, strict=True)
            )
            for row in rows
        ]

    return evaluate


@reads("functionDefinition")
def read_function(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a function; it sees the values around it when it is evaluated."""
    parameters = list(children(element, "formalParameter"))
    titles = [get_name(parameter) for parameter in parameters]
    kinds = [builder.find_type(parameter, names) for parameter in parameters]
    slots = tuple(make_parameter(*pair) for pair in zip(titles, kinds, strict=True))
    body = builder.build_inside(element, names.adding(titles), place)
    inner = find_expression(element)
    result = builder.find_type(inner, names) if inner is not None else None
    signature = FunctionType(tuple(kind or ANY for kind in kinds), result)
    is_external = element.get("kind", "FEEL").upper() != "FEEL"

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        del run

        def call(run: Run, values: list[Value]) -> Value:
            if is_external:
                raise NullResult("functions in Java or PMML are not run")
            return body(Layer(dict(zip(titles, values, strict=True)), scope), run)

        return Function(slots, call, name=place, type=signature)

    return evaluate


@reads("invocation")
def read_invocation(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read the call of a function with named arguments."""
    called = find_expression(element)
    if called is None:
        return builder.refuse(fail(element, f"{place}: the invocation names no function."))
    target = builder.build(called, names, f"{place}, function")
    bindings: list[tuple[str, Boxed]] = []
    for binding in children(element, "binding"):
        parameter = find_child(binding, "parameter")
        name = get_name(parameter) if parameter is not None else ""
        spot = f"{place}, argument {name!r}"
        boxed = builder.build_inside(binding, names, spot)
        kind = builder.find_type(parameter, names) if parameter is not None else None
        bindings.append((name, _fitted(boxed, kind, spot)))

    def evaluate(scope: Mapping[str, Any], run: Run) -> Value:
        arguments = {name: boxed(scope, run) for name, boxed in bindings}
        return invoke(target(scope, run), run, arguments, place)

    return evaluate
