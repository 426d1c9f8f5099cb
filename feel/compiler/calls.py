"""Calls and function literals."""

from typing import NoReturn

from feel import nodes
from feel.builtin import BUILTINS
from feel.compiler.unit import Code, Unit, compiles, find_variable
from feel.errors import NullResult
from feel.nodes import Node
from feel.run import Run, Scope
from feel.types import ANY, FunctionType, make_parameter
from feel.values import Function, Value, invoke

_LITERAL_FUNCTIONS = frozenset({"date", "time", "date and time", "duration"})


@compiles(nodes.Call)
def compile_call(node: nodes.Call, unit: Unit) -> Code:
    """Compile a call with arguments by position or by name."""
    target = _compile_callee(node.target, unit)
    constant = _compute_literal(node)
    if constant is not None:
        builtin, result = constant
        general = _compile_general_call(node, unit, target)
        # Unless a variable hides the function, its result is known.
        return lambda scope: result if target(scope) is builtin else general(scope)
    return _compile_general_call(node, unit, target)


def _compute_literal(node: nodes.Call) -> tuple[Function, Value] | None:
    """Compute a date time literal, such as `date("2026-03-14")` (grammar rule 60)."""
    if not isinstance(node.target, nodes.Name) or node.target.name not in _LITERAL_FUNCTIONS:
        return None
    if node.names or not all(_is_string(argument) for argument in node.arguments):
        return None
    builtin = BUILTINS[node.target.name]
    values = [argument.value for argument in node.arguments if isinstance(argument, nodes.Literal)]
    result = invoke(builtin, Run(), values)
    return None if result is None else (builtin, result)


def _is_string(node: Node) -> bool:
    return isinstance(node, nodes.Literal) and isinstance(node.value, str)


def _compile_general_call(node: nodes.Call, unit: Unit, target: Code) -> Code:
    arguments = [unit.compile(argument) for argument in node.arguments]
    names, text = node.names, unit.excerpt(node)

    def call(scope: Scope) -> Value:
        function = target(scope)
        values = [argument(scope) for argument in arguments]
        if names is None:
            return invoke(function, scope.run, values, text)
        return invoke(function, scope.run, dict(zip(names, values, strict=True)), text)

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


def _refuse_external(run: Run, values: list[Value]) -> NoReturn:
    del run, values
    raise NullResult("external functions are not run")
