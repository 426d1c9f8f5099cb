"""What the compilers of all kinds of nodes share."""

from collections.abc import Callable
from typing import Any, TypeVar

from feel.nodes import Node
from feel.run import Scope
from feel.values import NATIVE, Value, normalise, yields_values

Code = Callable[[Scope], Value]
NodeType = TypeVar("NodeType", bound=Node)

_COMPILERS: dict[type[Node], Callable[[Any, "Unit"], Code]] = {}
_MAX_EXCERPT = 80


class Unit:
    """One text that is being compiled.

    Attributes:
        text: The text, for warnings.
        depth: How many scopes lie around the current node, the outermost not counted; where there
            are none, names are read without a search.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0

    def compile(self, node: Node) -> Code:
        """Compile a node and all below it."""
        return _COMPILERS[type(node)](node, self)

    def compile_inside(self, node: Node) -> Code:
        """Compile a node that will be evaluated in a scope of its own."""
        self.depth += 1
        code = self.compile(node)
        self.depth -= 1
        return code

    def excerpt(self, node: Node) -> str:
        """Return the text of a node, cut where it is long, for a warning."""
        text = " ".join(self.text[node.start : node.end].split())
        return text if len(text) <= _MAX_EXCERPT else text[: _MAX_EXCERPT - 1] + "…"


def compiles(
    kind: type[NodeType],
) -> Callable[[Callable[[NodeType, Unit], Code]], Callable[[NodeType, Unit], Code]]:
    """Make a function the compiler of a kind of nodes."""

    def register(function: Callable[[NodeType, Unit], Code]) -> Callable[[NodeType, Unit], Code]:
        _COMPILERS[kind] = function
        return function

    return register


def find_variable(scope: Scope, name: str) -> tuple[bool, Value]:
    """Look a variable up from the innermost scope outwards: whether there is one, and its value."""
    inner: Scope | None = scope
    while inner is not None:
        values = inner.values
        if name in values:
            value = values[name]
            # Inner scopes are made here and hold values of FEEL; the outermost may be foreign.
            if type(value) in NATIVE or inner.parent or yields_values(values):
                return True, value
            return True, normalise(value, scope.run)
        inner = inner.parent
    return False, None
