"""Literals, names, paths, conditions, lists, contexts, ranges."""

from feel import nodes
from feel.builtin import BUILTINS
from feel.compare import compare
from feel.compiler.unit import Code, Unit, compiles, find_variable
from feel.nodes import Node
from feel.properties import get_property
from feel.run import Run, Scope
from feel.types import is_instance
from feel.values import (
    NATIVE,
    FeelContext,
    Range,
    Value,
    normalise,
    type_name,
    yields_values,
)


@compiles(nodes.Literal)
def compile_literal(node: nodes.Literal, unit: Unit) -> Code:
    """Compile a constant."""
    del unit
    value = node.value
    return lambda _: value


@compiles(nodes.Name)
def compile_name(node: nodes.Name, unit: Unit) -> Code:
    """Compile a reference to a variable or function."""
    name = node.name
    if unit.depth:

        def search(scope: Scope) -> Value:
            found, value = find_variable(scope, name)
            return value if found else _find_builtin(name, scope.run)

        return search

    def read(scope: Scope) -> Value:
        try:
            value = scope.values[name]
        except KeyError:
            return _find_builtin(name, scope.run)
        if type(value) in NATIVE or yields_values(scope.values):
            return value
        return normalise(value, scope.run)

    return read


def _find_builtin(name: str, run: Run) -> Value:
    function = BUILTINS.get(name)
    if function is None:
        run.warn(f"there is no variable {name!r}")
    return function


@compiles(nodes.Path)
def compile_path(node: nodes.Path, unit: Unit) -> Code:
    """Compile `target.name`."""
    target, name = unit.compile(node.target), node.name
    return lambda scope: get_property(target(scope), name, scope.run)


@compiles(nodes.InstanceOf)
def compile_instance_of(node: nodes.InstanceOf, unit: Unit) -> Code:
    """Compile `value instance of type`."""
    operand, kind = unit.compile(node.value), node.type
    return lambda scope: is_instance(operand(scope), kind, scope.run)


@compiles(nodes.If)
def compile_if(node: nodes.If, unit: Unit) -> Code:
    """Compile a condition: all but true leads to `else` (DMN 1.5, 10.3.2.15)."""
    condition = unit.compile(node.condition)
    then, otherwise = unit.compile(node.then), unit.compile(node.otherwise)
    text = unit.excerpt(node.condition)

    def choose(scope: Scope) -> Value:
        value = condition(scope)
        if value is True:
            return then(scope)
        if value is not False and value is not None:
            scope.run.warn(f"a condition can't be {type_name(value)}", text)
        return otherwise(scope)

    return choose


@compiles(nodes.ListLiteral)
def compile_list(node: nodes.ListLiteral, unit: Unit) -> Code:
    """Compile a list."""
    items = [unit.compile(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


@compiles(nodes.ContextLiteral)
def compile_context(node: nodes.ContextLiteral, unit: Unit) -> Code:
    """Compile a context, whose entries see those before them (DMN 1.5, 10.3.2.6)."""
    keys = [key for key, _ in node.entries]
    if len(set(keys)) < len(keys):
        text = unit.excerpt(node)
        return lambda scope: scope.run.warn("a key stands twice", text)
    entries = [(key, unit.compile_inside(value)) for key, value in node.entries]

    def make(scope: Scope) -> FeelContext:
        context = FeelContext()
        inside = Scope(context, scope, scope.run)
        for key, value in entries:
            context[key] = value(inside)
        return context

    return make


@compiles(nodes.RangeLiteral)
def compile_range(node: nodes.RangeLiteral, unit: Unit) -> Code:
    """Compile a range; one without meaning, such as `[2..1]`, is null."""
    low = unit.compile(node.low) if node.low else None
    high = unit.compile(node.high) if node.high else None
    low_included, high_included = node.low_included, node.high_included
    text = unit.excerpt(node)

    def make(scope: Scope) -> Value:
        start = low(scope) if low else None
        end = high(scope) if high else None
        if (low and start is None) or (high and end is None):
            return scope.run.null("an end of the range is null", text)
        if low and high:
            order = compare(start, end)
            if order is None or order > 0:
                return scope.run.null("the ends of the range have no order", text)
        return Range(start, end, low_included, high_included)

    if _is_constant(node.low) and _is_constant(node.high):
        constant = make(Scope({}, None, Run()))
        return make if constant is None else lambda _: constant
    return make


def _is_constant(node: Node | None) -> bool:
    return node is None or isinstance(node, nodes.Literal)
