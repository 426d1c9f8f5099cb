"""Arithmetic, comparison and logic."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from feel import nodes
from feel.compare import compare, equal, lack_one_zone
from feel.compiler.unit import Code, Unit, compiles
from feel.errors import NullResult
from feel.numbers import CONTEXT, NO_NUMBER
from feel.operators import apply_operator, negate
from feel.run import Run, Scope
from feel.values import Value, type_name

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_POWER_STEPS = 100  # a power with a fraction takes about as long
_DECIMAL_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
    "/": CONTEXT.divide,
}


@compiles(nodes.Binary)
def compile_binary(node: nodes.Binary, unit: Unit) -> Code:
    """Compile an operator between two operands."""
    left, right = unit.compile(node.left), unit.compile(node.right)
    sign, text = node.operator, unit.excerpt(node)
    if sign in {"=", "!="}:
        return _compile_equality(left, right, text, negated=sign == "!=")
    if sign in _ORDERS:
        return _compile_order(_ORDERS[sign], left, right, text)
    return _compile_arithmetic(sign, left, right, text)


def _compile_order(order: Callable[[Any, Any], bool], left: Code, right: Code, text: str) -> Code:
    def run(scope: Scope) -> bool | None:
        one, other = left(scope), right(scope)
        if type(one) is Decimal and type(other) is Decimal:
            return order(one, other)
        return order_values(order, one, other, scope.run, text)

    return run


def order_values(
    order: Callable[[Any, Any], bool], one: Value, other: Value, run: Run, text: str
) -> bool | None:
    """Tell whether two values are in an order; null, with a warning, if they have none."""
    result = compare(one, other)
    if result is None:
        run.warn(f"{type_name(one)} and {type_name(other)} have no order", text)
        return None
    # `<=` is `<` or `=` (DMN 1.5, 10.3.2.15), and these two are not equal.
    return not (result == 0 and lack_one_zone(one, other)) and order(result, 0)


def _compile_equality(left: Code, right: Code, text: str, *, negated: bool) -> Code:
    def run(scope: Scope) -> bool | None:
        return equate(left(scope), right(scope), scope.run, text, negated=negated)

    return run


def equate(one: Value, other: Value, run: Run, text: str, *, negated: bool) -> bool | None:
    """Tell whether two values are equal, or differ if negated; null if of different kinds."""
    result = equal(one, other, run)
    if result is None:
        run.warn(f"{type_name(one)} and {type_name(other)} can't be equal", text)
        return None
    return result is not negated


def compile_comparison(sign: str, text: str) -> Callable[[Value, Value, Run], bool | None]:
    """Make the comparison of two values that a sign stands for."""
    if sign in _ORDERS:
        order = _ORDERS[sign]
        return lambda one, other, run: order_values(order, one, other, run, text)
    negated = sign == "!="
    return lambda one, other, run: equate(one, other, run, text, negated=negated)


def _compile_arithmetic(sign: str, left: Code, right: Code, text: str) -> Code:
    compute = _make_arithmetic(sign, text)
    return lambda scope: compute(left(scope), right(scope), scope.run)


def _make_arithmetic(sign: str, text: str) -> Callable[[Value, Value, Run], Value]:
    decimal = _DECIMAL_ARITHMETIC.get(sign)

    def compute(one: Value, other: Value, run: Run) -> Value:
        try:
            if decimal and type(one) is Decimal and type(other) is Decimal:
                return decimal(one, other)
            if sign == "**":
                run.spend(_POWER_STEPS)
            result = apply_operator(sign, one, other)
        except NO_NUMBER:
            return run.null(f"the result of {sign} is no number", text)
        except NullResult as reason:
            return run.null(str(reason), text)
        if type(result) is str:
            run.allocate(result)
        return result

    return compute


@compiles(nodes.Chain)
def compile_chain(node: nodes.Chain, unit: Unit) -> Code:
    """Compile operators between three and more operands, from left to right."""
    first, text = unit.compile(node.first), unit.excerpt(node)
    steps = [(_make_arithmetic(sign, text), unit.compile(operand)) for sign, operand in node.rest]

    def run(scope: Scope) -> Value:
        value = first(scope)
        for compute, operand in steps:
            value = compute(value, operand(scope), scope.run)
        return value

    return run


@compiles(nodes.Negation)
def compile_negation(node: nodes.Negation, unit: Unit) -> Code:
    """Compile `-operand`."""
    operand, text = unit.compile(node.operand), unit.excerpt(node)

    def run(scope: Scope) -> Value:
        try:
            return negate(operand(scope))
        except NullResult as reason:
            return scope.run.null(str(reason), text)

    return run


@compiles(nodes.Logical)
def compile_logical(node: nodes.Logical, unit: Unit) -> Code:
    """Compile `and` or `or`, three-valued (DMN 1.5, table 50): no boolean counts as null."""
    operands = [unit.compile(operand) for operand in node.operands]
    decisive: bool = node.operator == "or"
    neutral = not decisive
    text = unit.excerpt(node)

    def run(scope: Scope) -> bool | None:
        result: bool | None = neutral
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return not neutral
            if value is not neutral:
                result = None
                if value is not None:
                    scope.run.warn(f"{type_name(value)} is no boolean", text)
        return result

    return run


@compiles(nodes.Between)
def compile_between(node: nodes.Between, unit: Unit) -> Code:
    """Compile `value between low and high`, both ends included."""
    value, low, high = (unit.compile(part) for part in (node.value, node.low, node.high))
    text = unit.excerpt(node)

    def run(scope: Scope) -> bool | None:
        middle = value(scope)
        above = order_values(operator.ge, middle, low(scope), scope.run, text)
        below = order_values(operator.le, middle, high(scope), scope.run, text)
        if above is False or below is False:
            return False
        return None if above is None or below is None else True

    return run
