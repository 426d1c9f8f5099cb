"""What becomes of a condition when something that it reads is not there.

Comparing and calculating with null gives null (DMN 1.5, 10.3.2.15), and a condition that gives
null is neither true nor false. `a != null and a > 5` says what holds then.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import Enum
from typing import Any, Final

from feel import nodes
from feel.nodes import Node


class _Value(Enum):
    """What is known of a value: null, true or false; or only that it is something else."""

    NULL = "null"
    TRUE = "true"
    FALSE = "false"
    OTHER = "other"


_NULL_FOR_NULL: Final = frozenset(
    {"contains", "starts with", "ends with", "matches", "substring", "string length", "trim"}
    | {"upper case", "lower case", "number", "abs", "floor", "ceiling", "decimal", "modulo"}
    | {"round up", "round down", "round half up", "round half down"}
    | {"date", "years and months duration"}
)
"""Functions that give null where an argument is."""


def null_for(node: Node, root: str) -> list[str]:
    """Return those entries of the context `root` for which alone an expression gives null."""
    found = entries_of(node, root)
    return [name for name in found if _Absence(root, name).value(node) is _Value.NULL]


def entries_of(node: Node, root: str) -> list[str]:
    """Return the entries of the context `root` that an expression reads, in their order."""
    return list(dict.fromkeys(name for one in _parts(node) if (name := _entry(one, root))))


def texts_compared(node: Node, root: str) -> list[tuple[str, str]]:
    """Return the entries of the context `root` that are compared with a text, each with that."""
    found = []
    for one in _parts(node):
        if not isinstance(one, nodes.Binary) or one.operator not in {"=", "!="}:
            continue
        for side, other in ((one.left, one.right), (one.right, one.left)):
            name = _entry(side, root)
            if name and isinstance(other, nodes.Literal) and isinstance(other.value, str):
                found.append((name, other.value))
    return found


def _entry(node: Node, root: str) -> str | None:
    """Return the entry of `root` that a node reads, if it is that."""
    return node.name if isinstance(node, nodes.Path) and _is_name(node.target, root) else None


def _parts(value: Any) -> Iterator[Node]:
    """Yield an expression with all that it is made of, in the order of the text."""
    if isinstance(value, Node):
        yield value
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)


def _is_name(node: Node, name: str) -> bool:
    return isinstance(node, nodes.Name) and node.name == name


class _Absence:
    """Tells what an expression gives when one entry of a context is null, and all else is not."""

    def __init__(self, root: str, entry: str) -> None:
        self._root = root
        self._entry = entry

    def value(self, node: Node) -> _Value:
        """Return what is known of a node's value; of loops, filters and the like nothing."""
        known = _KINDS.get(type(node))
        return _Value.OTHER if known is None else known(self, node)

    def path(self, node: nodes.Path) -> _Value:
        """An entry of what is null is null."""
        if node.name == self._entry and _is_name(node.target, self._root):
            return _Value.NULL
        return _Value.NULL if self.value(node.target) is _Value.NULL else _Value.OTHER

    def binary(self, node: nodes.Binary) -> _Value:
        """Equality knows null; other operators give null for it."""
        left, right = self.value(node.left), self.value(node.right)
        if node.operator not in {"=", "!="}:
            return _Value.NULL if _Value.NULL in {left, right} else _Value.OTHER
        if left is right is _Value.OTHER:
            return _Value.OTHER
        if _Value.OTHER in {left, right} and _Value.NULL not in {left, right}:
            return _Value.OTHER
        return _Value.TRUE if (left is right) is (node.operator == "=") else _Value.FALSE

    def chain(self, node: nodes.Chain) -> _Value:
        """Arithmetic with null gives null."""
        operands = [node.first, *(operand for _, operand in node.rest)]
        return self._null_with(operands)

    def logical(self, node: nodes.Logical) -> _Value:
        """Three-valued logic: false decides a conjunction, true a disjunction."""
        decides = _Value.FALSE if node.operator == "and" else _Value.TRUE
        found = {self.value(operand) for operand in node.operands}
        for value in (decides, _Value.NULL, _Value.OTHER):
            if value in found:
                return value
        return _Value.TRUE if decides is _Value.FALSE else _Value.FALSE

    def branch(self, node: nodes.If) -> _Value:
        """A condition that is not true leads to the other branch."""
        condition = self.value(node.condition)
        if condition is _Value.TRUE:
            return self.value(node.then)
        if condition in {_Value.FALSE, _Value.NULL}:
            return self.value(node.otherwise)
        branches = {self.value(node.then), self.value(node.otherwise)}
        return _Value.NULL if _Value.NULL in branches else _Value.OTHER

    def call(self, node: nodes.Call) -> _Value:
        """Some functions give null for null, and `not` turns what is known."""
        name = node.target.name if isinstance(node.target, nodes.Name) else ""
        if name == "not" and len(node.arguments) == 1:
            turned = {_Value.TRUE: _Value.FALSE, _Value.FALSE: _Value.TRUE}
            value = self.value(node.arguments[0])
            return turned.get(value, value)
        return self._null_with(node.arguments) if name in _NULL_FOR_NULL else _Value.OTHER

    def between(self, node: nodes.Between) -> _Value:
        """It compares."""
        return self._null_with([node.value, node.low, node.high])

    def within(self, node: nodes.In) -> _Value:
        """Null is none of several values, and neither in a range nor beyond it."""
        if self.value(node.value) is not _Value.NULL or node.tests.tests is None:
            return _Value.OTHER
        if any(isinstance(one, nodes.Comparison | nodes.RangeLiteral) for one in node.tests.tests):
            return _Value.NULL
        return _Value.TRUE if node.tests.negated else _Value.FALSE

    def negation(self, node: nodes.Negation) -> _Value:
        """It calculates."""
        return self._null_with([node.operand])

    def literal(self, node: nodes.Literal) -> _Value:
        """A constant is known."""
        if node.value is None:
            return _Value.NULL
        if isinstance(node.value, bool):
            return _Value.TRUE if node.value else _Value.FALSE
        return _Value.OTHER

    def _null_with(self, operands: list[Node]) -> _Value:
        is_null = any(self.value(operand) is _Value.NULL for operand in operands)
        return _Value.NULL if is_null else _Value.OTHER


_KINDS: dict[type[Node], Callable[[_Absence, Any], _Value]] = {
    nodes.Literal: _Absence.literal,
    nodes.Path: _Absence.path,
    nodes.Binary: _Absence.binary,
    nodes.Chain: _Absence.chain,
    nodes.Logical: _Absence.logical,
    nodes.If: _Absence.branch,
    nodes.Call: _Absence.call,
    nodes.Between: _Absence.between,
    nodes.In: _Absence.within,
    nodes.Negation: _Absence.negation,
}
