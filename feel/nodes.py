"""The syntax tree."""

from dataclasses import dataclass
from typing import Any

from feel.types import Type


@dataclass(slots=True)
class Node:
    """A part of an expression; `start` and `end` are its place in the text."""

    start: int
    end: int


@dataclass(slots=True)
class Literal(Node):
    """A constant."""

    value: Any


@dataclass(slots=True)
class Name(Node):
    """A reference to a variable or function."""

    name: str


@dataclass(slots=True)
class Path(Node):
    """`target.name`."""

    target: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    """`target[condition]`."""

    target: Node
    condition: Node


@dataclass(slots=True)
class Call(Node):
    """A call; with `names`, each argument is for the parameter of that name."""

    target: Node
    arguments: list[Node]
    names: list[str] | None


@dataclass(slots=True)
class Binary(Node):
    """An arithmetic or comparison operator between two operands."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Chain(Node):
    """Three or more operands with arithmetic operators of one level between them."""

    first: Node
    rest: list[tuple[str, Node]]


@dataclass(slots=True)
class Logical(Node):
    """`and` or `or` over two or more operands."""

    operator: str
    operands: list[Node]


@dataclass(slots=True)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(slots=True)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class Comparison(Node):
    """A unary test such as `< 5`."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Tests(Node):
    """Unary tests of which one must hold, or none of them if negated.

    A test is a `Comparison` or any other node, whose value is then compared with the tested one.
    `tests` is None for `-`, which holds always.
    """

    tests: list[Node] | None
    negated: bool


@dataclass(slots=True)
class In(Node):
    """`value in tests`."""

    value: Node
    tests: Tests


@dataclass(slots=True)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: Type


@dataclass(slots=True)
class If(Node):
    """`if condition then then otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Iteration(Node):
    """`name in source`, or `name in source..stop`."""

    name: str
    source: Node
    stop: Node | None


@dataclass(slots=True)
class For(Node):
    """`for iterations return body`."""

    iterations: list[Iteration]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some` or `every iterations satisfies condition`."""

    every: bool
    iterations: list[Iteration]
    condition: Node


@dataclass(slots=True)
class FunctionLiteral(Node):
    """`function(parameters) body`; external functions have no body."""

    parameters: list[tuple[str, Type | None]]
    body: Node | None


@dataclass(slots=True)
class ListLiteral(Node):
    """`[items]`."""

    items: list[Node]


@dataclass(slots=True)
class ContextLiteral(Node):
    """`{key: value}`."""

    entries: list[tuple[str, Node]]


@dataclass(slots=True)
class RangeLiteral(Node):
    """`[low..high]`; an end that is open is None."""

    low: Node | None
    high: Node | None
    low_included: bool
    high_included: bool
