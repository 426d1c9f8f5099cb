"""Which names an expression takes from outside."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from feel import nodes
from feel.nodes import Node


def names_in(node: Node) -> frozenset[str]:
    """Return the names that a node uses and does not itself bind.

    `item` and the keys of items are bound in a filter only when the filter runs: the names in a
    filter count as used, `item` excepted.
    """
    return frozenset(_names(node))


def _names(node: Node) -> Iterator[str]:
    special = _SPECIAL.get(type(node))
    if special:
        yield from special(node)
        return
    for field in fields(node):
        yield from _names_in_value(getattr(node, field.name))


def _names_in_value(value: Any) -> Iterator[str]:
    if isinstance(value, Node):
        yield from _names(value)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in_value(item)


def _name(node: nodes.Name) -> Iterator[str]:
    yield node.name


def _chain(node: nodes.Chain) -> Iterator[str]:
    yield from _names(node.first)
    for _, operand in node.rest:
        yield from _names(operand)


def _filter(node: nodes.Filter) -> Iterator[str]:
    yield from _names(node.target)
    yield from names_in(node.condition) - {"item"}


def _function(node: nodes.FunctionLiteral) -> Iterator[str]:
    if node.body:
        yield from names_in(node.body) - {name for name, _ in node.parameters}


def _context(node: nodes.ContextLiteral) -> Iterator[str]:
    bound: set[str] = set()
    for key, value in node.entries:
        yield from names_in(value) - bound
        bound.add(key)


def _loop(node: nodes.For | nodes.Quantified) -> Iterator[str]:
    bound: set[str] = set()
    for iteration in node.iterations:
        yield from names_in(iteration.source) - bound
        if iteration.stop:
            yield from names_in(iteration.stop) - bound
        bound.add(iteration.name)
    if isinstance(node, nodes.For):
        yield from names_in(node.body) - bound - {"partial"}
    else:
        yield from names_in(node.condition) - bound


def _in(node: nodes.In) -> Iterator[str]:
    yield from _names(node.value)
    yield from names_in(node.tests) - {"?"}


_SPECIAL: dict[type[Node], Callable[[Any], Iterator[str]]] = {
    nodes.Name: _name,
    nodes.Chain: _chain,
    nodes.Filter: _filter,
    nodes.FunctionLiteral: _function,
    nodes.ContextLiteral: _context,
    nodes.For: _loop,
    nodes.Quantified: _loop,
    nodes.In: _in,
}
