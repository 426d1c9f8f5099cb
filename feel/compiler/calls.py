"""Calls and function literals."""

from typing import NoReturn

from feel import nodes
from feel.builtin import BUILTINS
from feel.compiler.unit import Code, Unit, compiles, find_variable
from feel.errors import NullResult
from feel.nodes import Node
from feel.run import Run, Scope
from feel.types import ANY, FunctionType, Type, coerce
from feel.values import Function, Parameter, Value, type_name


@compiles(nodes.Call)
def compile_call(node: nodes.Call, unit: Unit) -> Code:
    """Compile a call with arguments by position or by name."""
    target = _compile_callee(node.target, unit)
    arguments = [unit.compile(argument) for argument in node.arguments]
    names, text = node.names, unit.excerpt(node)

    def call(scope: Scope) -> Value:
        function = target(scope)
        if not isinstance(function, Function):
            return scope.run.null(f"{type_name(function)} is no function", text)
        values = [argument(scope) for argument in arguments]
        try:
            if names is None:
                return function.call(scope.run, values)
            return function.call_named(scope.run, dict(zip(names, values, strict=True)))
        except NullResult as reason:
            return scope.run.null(str(reason), text)

    return call


def _compile_callee(node: Node, unit: Unit) -> Code:
    """Compile what is called: a variable that is no function hides no built-in one."""
    if not isinstance(node, nodes.Name) or node.name not in BUILTINS:
        return unit.compile(node)
    name, builtin, is_global = node.name, BUILTINS[node.name], unit.depth == 0

    def find(scope: Scope) -> Value:
        if is_global and name not in scope.values:
            return builtin
        _, value = find_variable(scope, name)
        return value if isinstance(value, Function) else builtin

    return find


@compiles(nodes.FunctionLiteral)
def compile_function(node: nodes.FunctionLiteral, unit: Unit) -> Code:
    """Compile a function, which sees the scope it stands in (DMN 1.5, 10.3.2.12)."""
    names = [name for name, _ in node.parameters]
    parameters = tuple(make_parameter(name, kind) for name, kind in node.parameters)
    signature = FunctionType(tuple(kind or ANY for _, kind in node.parameters))
    if node.body is None:
        return lambda _: Function(parameters, _refuse_external, type=signature)
    body = unit.compile_inside(node.body)

    def make(scope: Scope) -> Function:
        def run_body(run: Run, values: list[Value]) -> Value:
            return body(Scope(dict(zip(names, values, strict=True)), scope, run))

        return Function(parameters, run_body, type=signature)

    return make


def make_parameter(name: str, kind: Type | None) -> Parameter:
    """Make a parameter that takes values of one type only."""
    if kind is None or kind == ANY:
        return Parameter(name)

    def check(value: Value, run: Run) -> Value:
        fits, fitted = coerce(value, kind, run)
        if not fits:
            raise NullResult(f"{type_name(value)} is not what parameter {name!r} takes")
        return fitted

    return Parameter(name, check)


def _refuse_external(run: Run, values: list[Value]) -> NoReturn:
    del run, values
    raise NullResult("external functions are not run")
