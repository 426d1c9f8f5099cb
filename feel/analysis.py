"""What can be said of a text without values: for checks while somebody models."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from feel import nodes
from feel.builtin import BUILTINS, Builtin
from feel.compiler import compile_node
from feel.errors import FeelError
from feel.expression import NO_NAMES, Names, make_base_cursor
from feel.names import names_in
from feel.nodes import Node
from feel.parser import parse, parse_tests
from feel.run import Run, Scope
from feel.types import Type
from feel.values import Value

# For each visible name the parameters of the function that it is, as far as that is known.
Visible = Mapping[str, tuple[str, ...] | None]

_NOT_CONSTANT = frozenset({"now", "today"})


@dataclass(frozen=True)
class Remark:
    """Something that will make a text null, or is likely to.

    Attributes:
        message: What, without a full stop.
        position: Where in the text, from 0.
        is_name: Whether it is about a name that nothing has.
    """

    message: str
    position: int
    is_name: bool = False

    def __str__(self) -> str:
        return f"{self.message} (at character {self.position + 1})"


def find_remarks(
    text: str,
    visible: Visible,
    *,
    keys: Names = NO_NAMES,
    types: Mapping[str, Type] | None = None,
    is_test: bool = False,
) -> list[Remark]:
    """Return the names that nothing has, and the calls that no function takes.

    Names in a filter are not looked at: the items may have them.

    Args:
        text: An expression, or unary tests.
        visible: What the context will have.
        keys: As for `compile_expression`.
        types: Likewise.
        is_test: Whether the text is unary tests.

    Raises:
        FeelSyntaxError: It is none of them.
    """
    cursor = make_base_cursor(text, frozenset(visible), keys, types)
    looker = _Looker(visible)
    if is_test:
        looker.look(parse_tests(cursor), frozenset({"?"}))
    else:
        looker.look(parse(cursor), frozenset())
    return looker.remarks


def find_bounds(text: str) -> list[Value] | None:
    """Return the constants with which unary tests compare, such as 1 and 5 of `[1..5]`.

    Between two neighbours of them, no test changes its answer.

    Returns:
        The constants; None where the tests do more than compare with constants, or are no tests.
    """
    try:
        tests = parse_tests(make_base_cursor(text)).tests
        return [bound for node in tests or [] for bound in _bounds_of(node)]
    except FeelError:
        return None


class _NotConstantError(FeelError):
    """A test depends on more than the tested value."""


def _bounds_of(node: Node) -> Iterator[Value]:
    if isinstance(node, nodes.Comparison):
        yield _constant(node.operand, ordered=node.operator not in {"=", "!="})
    elif isinstance(node, nodes.ListLiteral):
        for item in node.items:
            yield from _bounds_of(item)
    elif isinstance(node, nodes.RangeLiteral):
        yield from (_constant(end, ordered=True) for end in (node.low, node.high) if end)
    else:
        yield _constant(node, ordered=False)


def _constant(node: Node, *, ordered: bool) -> Value:
    if isinstance(node, nodes.Literal):
        value = node.value
    elif names_in(node) <= BUILTINS.keys() - _NOT_CONSTANT:
        value = compile_node(node, "")(Scope({}, None, Run()))
        # A boolean that is computed is the answer itself and no bound.
        value = None if isinstance(value, bool) else value
        ordered = ordered or value is None
    else:
        raise _NotConstantError
    if ordered and (value is None or isinstance(value, str)):
        # Texts in an order have others between them that nobody could name.
        raise _NotConstantError
    return value


class _Looker:
    """Goes through a tree with the names that are bound at each place."""

    def __init__(self, visible: Visible) -> None:
        self._visible = visible
        self.remarks: list[Remark] = []
        self._special: dict[type[Node], Callable[[Any, Names], None]] = {
            nodes.Name: self._name,
            nodes.Call: self._call,
            nodes.Filter: lambda node, bound: self.look(node.target, bound),
            nodes.FunctionLiteral: self._function,
            nodes.ContextLiteral: self._context,
            nodes.For: self._loop,
            nodes.Quantified: self._loop,
            nodes.In: self._in,
        }

    def look(self, node: Node, bound: Names) -> None:
        special = self._special.get(type(node))
        if special:
            special(node, bound)
            return
        for inner in _children(node):
            self.look(inner, bound)

    def _function(self, node: nodes.FunctionLiteral, bound: Names) -> None:
        if node.body:
            self.look(node.body, bound | {name for name, _ in node.parameters})

    def _context(self, node: nodes.ContextLiteral, bound: Names) -> None:
        # Entries see those before them, and functions in them themselves and those after.
        keys = {key for key, _ in node.entries}
        for _, value in node.entries:
            self.look(value, bound | keys)

    def _in(self, node: nodes.In, bound: Names) -> None:
        self.look(node.value, bound)
        self.look(node.tests, bound | {"?"})

    def _name(self, node: nodes.Name, bound: Names) -> None:
        name = node.name
        if name not in bound and name not in self._visible and name not in BUILTINS:
            self.remarks.append(
                Remark(f"nothing is called `{name}` here", node.start, is_name=True)
            )

    def _loop(self, node: nodes.For | nodes.Quantified, bound: Names) -> None:
        for iteration in node.iterations:
            self.look(iteration.source, bound)
            if iteration.stop:
                self.look(iteration.stop, bound)
            bound |= {iteration.name}
        if isinstance(node, nodes.For):
            self.look(node.body, bound | {"partial"})
        else:
            self.look(node.condition, bound)

    def _call(self, node: nodes.Call, bound: Names) -> None:
        self.look(node.target, bound)
        for argument in node.arguments:
            self.look(argument, bound)
        target = node.target
        if not isinstance(target, nodes.Name) or target.name in bound:
            return
        parameters = self._visible.get(target.name)
        builtin = BUILTINS.get(target.name) if target.name not in self._visible else None
        given = f"{len(node.arguments)} arguments" if node.names is None else _list(node.names)
        if builtin and not _takes(builtin, node):
            self.remarks.append(Remark(f"`{target.name}` does not take {given}", node.start))
        elif parameters is not None and not _fits(parameters, node):
            self.remarks.append(
                Remark(f"`{target.name}` takes {_list(parameters) or 'nothing'}", node.start)
            )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _takes(builtin: Builtin, node: nodes.Call) -> bool:
    if node.names is None:
        return builtin.takes(len(node.arguments))
    arguments = dict.fromkeys(node.names)
    return any(overload.bind_named(arguments) is not None for overload in builtin.overloads)


def _fits(parameters: tuple[str, ...], node: nodes.Call) -> bool:
    if node.names is None:
        return len(node.arguments) == len(parameters)
    return set(node.names) <= set(parameters)


def _children(node: Node) -> Iterator[Node]:
    for field in fields(node):
        yield from _nodes_in(getattr(node, field.name))


def _nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _nodes_in(item)
