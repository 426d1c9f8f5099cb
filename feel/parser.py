"""From text to a syntax tree (DMN 1.5, 10.3.1.2), by precedence climbing.

Names may contain spaces and operators: where a name may begin, the longest known name wins
(10.3.1.3). Known are the built-in functions, what the caller lists, and what the text itself
declares: parameters, iteration variables and the keys of context literals.
"""

from feel import nodes
from feel.cursor import Cursor
from feel.errors import FeelSyntaxError
from feel.lexer import KnownNames, match_iterator_name, next_token
from feel.nodes import Node
from feel.parse_primary import PrimaryParser

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
# From the loosest to the tightest (DMN 1.5, grammar rules 2 and 4); all are left-associative.
_RELATION = 3
_LEVELS = {
    "or": 1,
    "and": 2,
    **dict.fromkeys([*COMPARISONS, "between", "in"], _RELATION),
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "**": 6,
}


class Parser:
    """Parses one text."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.primary = PrimaryParser(cursor, self)

    def parse_whole(self) -> Node:
        """Parse a text that is one expression."""
        node = self.parse_expression()
        self._expect_end()
        return node

    def parse_whole_tests(self) -> nodes.Tests:
        """Parse a text that is unary tests (grammar rules 5 and 6)."""
        cursor = self.cursor
        start = cursor.token.start
        if cursor.at("-") and next_token(cursor.text, cursor.token.end).kind == "end":
            cursor.advance()
            return nodes.Tests(start, cursor.last_end, None, negated=False)
        negated = self._find_negation()
        if negated is not None:
            return negated
        tests = self._parse_tests()
        self._expect_end()
        return nodes.Tests(start, cursor.last_end, tests, negated=False)

    def _find_negation(self) -> nodes.Tests | None:
        cursor = self.cursor
        start, mark = cursor.token, cursor.mark()
        if start.text != "not" or next_token(cursor.text, start.end).text != "(":
            return None
        cursor.advance()
        cursor.advance()
        try:
            tests = self._parse_tests()
            cursor.expect(")")
        except FeelSyntaxError:
            tests = []
        if tests and cursor.token.kind == "end":
            return nodes.Tests(start.start, cursor.last_end, tests, negated=True)
        # Such as `not(a) and b`: an expression that begins with a call.
        cursor.reset(mark)
        return None

    def _parse_tests(self) -> list[Node]:
        tests = [self.parse_test()]
        while self.cursor.take(","):
            tests.append(self.parse_test())
        return tests

    def parse_test(self) -> Node:
        """Parse a positive unary test (grammar rule 7)."""
        if self.cursor.at(*COMPARISONS):
            return self._parse_comparison()
        return self.parse_expression()

    def _parse_comparison(self) -> Node:
        sign = self.cursor.advance()
        operand = self.parse_sum()
        return nodes.Comparison(sign.start, operand.end, sign.text, operand)

    def _expect_end(self) -> None:
        if self.cursor.token.kind != "end":
            self.cursor.fail("The end is expected")

    def parse_expression(self) -> Node:
        """Parse an expression (grammar rule 1)."""
        self.cursor.deeper()
        node = self._parse_operators(1)
        self.cursor.depth -= 1
        return node

    def _parse_operators(self, level: int) -> Node:
        """Parse operands joined by operators of a level or higher, by precedence climbing."""
        node = self._parse_negation()
        while (found := self._level_of_operator()) >= level:
            self.cursor.deeper()
            node = self._parse_operands(node, found)
            self.cursor.depth -= 1
        return node

    def _level_of_operator(self) -> int:
        token = self.cursor.token
        return _LEVELS.get(token.text, 0) if token.kind in {"sign", "word"} else 0

    def _parse_operands(self, node: Node, level: int) -> Node:
        """Parse what follows an operand: operators of one level, with operands of higher ones."""
        cursor = self.cursor
        if level == _RELATION:
            return self._parse_relation(node)
        parts: list[tuple[str, Node]] = []
        while self._level_of_operator() == level:
            sign = cursor.advance()
            parts.append((sign.text, self._parse_operators(level + 1)))
        end = parts[-1][1].end
        if level < _RELATION:
            operands = [node, *(operand for _, operand in parts)]
            return nodes.Logical(node.start, end, parts[0][0], operands)
        if len(parts) == 1:
            return nodes.Binary(node.start, end, parts[0][0], node, parts[0][1])
        return nodes.Chain(node.start, end, node, parts)

    def _parse_relation(self, node: Node) -> Node:
        cursor = self.cursor
        if cursor.at(*COMPARISONS):
            sign = cursor.advance()
            right = self.parse_sum()
            return nodes.Binary(node.start, right.end, sign.text, node, right)
        if cursor.take("between"):
            low = self.parse_sum()
            cursor.expect("and")
            high = self.parse_sum()
            return nodes.Between(node.start, high.end, node, low, high)
        cursor.expect("in")
        tests = self._parse_in_tests()
        return nodes.In(node.start, tests.end, node, tests)

    def parse_sum(self) -> Node:
        """Parse what may stand beside a comparison (grammar rules 19 and 20)."""
        return self._parse_operators(_RELATION + 1)

    def _parse_in_tests(self) -> nodes.Tests:
        cursor = self.cursor
        start, mark = cursor.token.start, cursor.mark()
        if cursor.at("("):
            tests = self._find_test_list()
            if tests is not None:
                return nodes.Tests(start, cursor.last_end, tests, negated=False)
            cursor.reset(mark)
        test = self._parse_comparison() if cursor.at(*COMPARISONS) else self.parse_sum()
        return nodes.Tests(start, test.end, [test], negated=False)

    def _find_test_list(self) -> list[Node] | None:
        """Parse `(test, …)`; None if it turns out to begin something else, such as a range."""
        self.cursor.advance()
        try:
            tests = self._parse_tests()
        except FeelSyntaxError:
            return None
        if self.cursor.at("..") or not self.cursor.take(")"):
            return None
        return tests

    def _parse_negation(self) -> Node:
        if not self.cursor.at("-"):
            return self._parse_instance_of()
        self.cursor.deeper()
        sign = self.cursor.advance()
        operand = self._parse_negation()
        self.cursor.depth -= 1
        return nodes.Negation(sign.start, operand.end, operand)

    def _parse_instance_of(self) -> Node:
        node = self.primary.parse_postfix()
        while self.cursor.take("instance"):
            self.cursor.expect("of")
            kind = self.primary.types.parse_type()
            node = nodes.InstanceOf(node.start, self.cursor.last_end, node, kind)
        return node

    def parse_iterations(self) -> list[nodes.Iteration]:
        """Parse `name in source, …` (grammar rule 46 and 47)."""
        iterations = [self._parse_iteration()]
        while self.cursor.take(","):
            iterations.append(self._parse_iteration())
        return iterations

    def _parse_iteration(self) -> nodes.Iteration:
        cursor = self.cursor
        start = cursor.token.start
        found = match_iterator_name(cursor.text, start)
        if found is None:
            cursor.fail("`name in …` is expected")
        name = cursor.declare(found[0])
        cursor.move_to(found[1])
        source = self.parse_expression()
        stop = self.parse_expression() if cursor.take("..") else None
        return nodes.Iteration(start, cursor.last_end, name, source, stop)


def parse(cursor: Cursor) -> Node:
    """Parse the text of a new cursor as an expression.

    Raises:
        FeelSyntaxError: It is none.
    """
    return Parser(cursor).parse_whole()


def parse_tests(cursor: Cursor) -> nodes.Tests:
    """Parse the text of a new cursor as unary tests: what a cell of a decision table holds.

    Raises:
        FeelSyntaxError: It is none.
    """
    return Parser(cursor).parse_whole_tests()


def make_cursor(text: str, known: KnownNames) -> Cursor:
    """Begin to read a text in which some names are known.

    Raises:
        FeelSyntaxError: The text is too long or begins with what is no token.
    """
    return Cursor(text, KnownNames(base=known), KnownNames(base=known), {})
