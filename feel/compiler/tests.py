"""Unary tests, in cells of decision tables and after `in` (DMN 1.5, 10.3.2.8 and 7.3.5)."""

from collections.abc import Callable

from feel import nodes
from feel.compare import contains, equal
from feel.compiler.operators import compile_comparison
from feel.compiler.unit import Code, Unit, compiles
from feel.names import names_in
from feel.nodes import Node
from feel.run import Run, Scope
from feel.values import Range, Value

# Called with the tested value and the scope around the test.
TestCode = Callable[[Value, Scope], bool | None]


@compiles(nodes.In)
def compile_in(node: nodes.In, unit: Unit) -> Code:
    """Compile `value in tests`."""
    value, test = unit.compile(node.value), compile_tests(node.tests, unit)
    return lambda scope: test(value(scope), scope)


def compile_tests(node: nodes.Tests, unit: Unit) -> TestCode:
    """Compile unary tests to a function of the tested value and the scope."""
    if node.tests is None:
        return lambda _value, _scope: True
    tests = [_compile_test(test, unit) for test in node.tests]
    if len(tests) == 1 and not node.negated:
        return tests[0]
    negated = node.negated

    def run(value: Value, scope: Scope) -> bool | None:
        result: bool | None = False
        for test in tests:
            passed = test(value, scope)
            if passed is True:
                return not negated
            if passed is None:
                result = None
        return result if result is None else negated

    return run


def _compile_test(node: Node, unit: Unit) -> TestCode:
    if isinstance(node, nodes.Comparison):
        return _compile_comparison_test(node, unit)
    if isinstance(node, nodes.Literal):
        expected = node.value
        return lambda value, scope: equal(value, expected, scope.run)
    if "?" in names_in(node):
        return _compile_question(node, unit)
    code = unit.compile(node)
    if isinstance(node, nodes.RangeLiteral):
        return _compile_range_test(code)
    return lambda value, scope: _holds(value, code(scope), scope.run)


def _compile_range_test(code: Code) -> TestCode:
    """Compile the test of a range; where the range is null, so is the answer."""

    def run(value: Value, scope: Scope) -> bool | None:
        interval = code(scope)
        return None if interval is None else _holds(value, interval, scope.run)

    return run


def _compile_comparison_test(node: nodes.Comparison, unit: Unit) -> TestCode:
    comparison = compile_comparison(node.operator, unit.excerpt(node))
    if isinstance(node.operand, nodes.Literal):
        expected = node.operand.value
        return lambda value, scope: comparison(value, expected, scope.run)
    operand, asks = _compile_with_question(node.operand, unit)
    if asks:
        return lambda value, scope: comparison(
            value, operand(Scope({"?": value}, scope, scope.run)), scope.run
        )
    return lambda value, scope: comparison(value, operand(scope), scope.run)


def _compile_with_question(node: Node, unit: Unit) -> tuple[Code, bool]:
    if "?" in names_in(node):
        return unit.compile_inside(node), True
    return unit.compile(node), False


def _compile_question(node: Node, unit: Unit) -> TestCode:
    """Compile an expression that says itself, by `?`, what the value must be like."""
    code = unit.compile_inside(node)

    def run(value: Value, scope: Scope) -> bool | None:
        result = code(Scope({"?": value}, scope, scope.run))
        if isinstance(result, bool) or result is None:
            return result
        return _holds(value, result, scope.run)

    return run


def _holds(value: Value, result: Value, run: Run) -> bool | None:
    """Tell whether a value is, or is among, what an expression came to.

    A boolean that is not about a boolean value is the answer itself.
    """
    if isinstance(result, Range) and not isinstance(value, Range):
        return contains(result, value)
    if isinstance(result, list):
        return _is_among(value, result, run)
    if isinstance(result, bool) and value is not None and not isinstance(value, bool):
        return result
    return equal(value, result, run)


def _is_among(value: Value, items: list[Value], run: Run) -> bool:
    for item in items:
        run.spend(1)
        if equal(value, item, run) is True:
            return True
        if isinstance(item, Range) and contains(item, value) is True:
            return True
    return isinstance(value, list) and equal(value, items, run) is True
