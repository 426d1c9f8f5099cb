"""Functions that turn values into others, and those that fit nowhere else (DMN 1.5, 10.3.4.1)."""

import re
from decimal import Decimal

from feel import nodes
from feel.builtin.registry import BUILTINS, builtin
from feel.compare import compare, is_identical
from feel.errors import FeelSyntaxError, NullResult
from feel.format import format_value
from feel.lexer import KnownNames
from feel.nodes import Node
from feel.numbers import CONTEXT, to_number
from feel.parser import make_cursor, parse
from feel.run import Run
from feel.values import Range, Value

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER_CHARACTERS = 10_000


@builtin("not", "negand: boolean")
def negate_boolean(negand: bool) -> bool:  # noqa: FBT001 - it is what FEEL says
    """Return the opposite of a boolean."""
    return not negand


@builtin("is", "value1: any, value2: any", wants_run=True)
def is_same(run: Run, value1: Value, value2: Value) -> bool:
    """Tell whether two values are the very same, zones included."""
    return is_identical(value1, value2, run)


@builtin("string", "from: any", wants_run=True)
def string(run: Run, source: Value) -> str | None:
    """Return a value as text."""
    return None if source is None else format_value(source, run)


@builtin("number", "from: number")
def number_of_number(source: Decimal) -> Decimal:
    """Return a number as it is."""
    return source


@builtin("number", "from: string, grouping separator?: string?, decimal separator?: string?")
def number(source: str, grouping: str | None = None, point: str | None = None) -> Decimal:
    """Return the number in a text."""
    if grouping not in {None, " ", ",", "."} or point not in {None, ",", "."}:
        raise NullResult("a separator is none of space, comma and point")
    if grouping is not None and grouping == point:
        raise NullResult("the separators are the same")
    text = source.replace(grouping, "") if grouping else source
    if point and point != ".":
        text = text.replace(".", "?").replace(point, ".")
    if len(text) > _MAX_NUMBER_CHARACTERS or not _NUMBER.fullmatch(text):
        raise NullResult(f"{source[:40]!r} is no number")
    result = to_number(Decimal(text, CONTEXT))
    if result is None:
        raise NullResult(f"{source[:40]!r} is out of bounds")
    return result


_LITERAL_CALLS = frozenset({"date", "time", "date and time", "duration"})


@builtin("range", "from: string", wants_run=True)
def range_of(run: Run, source: str) -> Range:
    """Return the range in a text, whose ends must be literals."""
    # Grammar rule 66, but for what its ends are. No string literal of sense holds two points.
    text = source.strip()
    low, points, high = text[1:-1].partition("..")
    if not points or text[0] not in "[(]" or text[-1] not in "])[":
        raise NullResult(f"{source[:40]!r} is no range")
    included = text[0] == "[", text[-1] == "]"
    start, end = _read_end(low, run), _read_end(high, run)
    if (start is None and (included[0] or end is None)) or (end is None and included[1]):
        raise NullResult("an end of the range is missing")
    if start is not None and end is not None:
        order = compare(start, end)
        if order is None or order > 0:
            raise NullResult("the ends of the range have no order")
    return Range(start, end, *included)


def _read_end(text: str, run: Run) -> Value:
    """Return the value of a literal; null for nothing."""
    if not text.strip():
        return None
    try:
        node = parse(make_cursor(text, KnownNames(_LITERAL_CALLS)))
    except FeelSyntaxError as problem:
        raise NullResult(f"{text[:40]!r} is no literal") from problem
    value = _read_literal(node, run)
    if value is None or isinstance(value, bool):
        raise NullResult("an end of the range is null or boolean")
    return value


def _read_literal(node: Node, run: Run) -> Value:
    if isinstance(node, nodes.Literal):
        return node.value
    if isinstance(node, nodes.Negation):
        value = _read_literal(node.operand, run)
        if isinstance(value, Decimal):
            return CONTEXT.minus(value)
    if (
        isinstance(node, nodes.Call)
        and isinstance(node.target, nodes.Name)
        and node.target.name in _LITERAL_CALLS
        and all(isinstance(argument, nodes.Literal) for argument in node.arguments)
    ):
        arguments = [_read_literal(argument, run) for argument in node.arguments]
        return BUILTINS[node.target.name].call(run, arguments)
    raise NullResult("an end of the range is no literal")
