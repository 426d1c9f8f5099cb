"""From a syntax tree to closures.

Each node becomes a Python function of the scope. What can be decided once, such as whether a name
is a local variable or which operands are constants, is decided here and not at each evaluation.
"""

from feel import nodes
from feel.compiler import basics, calls, filters, loops, operators
from feel.compiler.tests import TestCode, compile_tests
from feel.compiler.unit import Code, Unit
from feel.nodes import Node

__all__ = ["Code", "TestCode", "compile_node", "compile_test_node"]

# Each of these modules makes its functions the compilers of their kinds of nodes.
_MODULES = (basics, calls, filters, loops, operators)


def compile_node(node: Node, text: str) -> Code:
    """Compile an expression."""
    return Unit(text).compile(node)


def compile_test_node(node: nodes.Tests, text: str) -> TestCode:
    """Compile unary tests."""
    return compile_tests(node, Unit(text))
