"""The parts of the parser for what binds tightest, and for what begins with a keyword."""

from collections.abc import Callable
from typing import Protocol

from feel import nodes
from feel.cursor import Cursor
from feel.errors import FeelSyntaxError
from feel.lexer import FREE_NAME, Token, next_token, normalise_name, unescape
from feel.nodes import Node
from feel.numbers import read_number
from feel.parse_types import TypeParser
from feel.temporal import parse_temporal
from feel.types import Type

_CONSTANTS = {"true": True, "false": False, "null": None}
_RESERVED = frozenset({"then", "else", "return", "satisfies", "and", "or", "between", "in"})
_UNARY_RANGES = {
    "<": (False, False),
    "<=": (False, True),
    ">": (False, False),
    ">=": (True, False),
    "=": (True, True),
}


class Rules(Protocol):
    """What this part needs of the other."""

    def parse_expression(self) -> Node:
        """Parse an expression."""

    def parse_sum(self) -> Node:
        """Parse what may stand beside a comparison."""

    def parse_iterations(self) -> list[nodes.Iteration]:
        """Parse `name in source, …`."""


class PrimaryParser:
    """Parses literals, names, brackets, keywords and what follows them."""

    def __init__(self, cursor: Cursor, rules: Rules) -> None:
        self.cursor = cursor
        self.rules = rules
        self.types = TypeParser(cursor)
        self._in_range_end = False
        self._by_sign: dict[str, Callable[[], Node]] = {
            "(": self._parse_parenthesis,
            "[": self._parse_bracket,
            "]": self._parse_open_range,
            "{": self._parse_context,
            "@": self._parse_at_literal,
            "?": self._parse_question_mark,
            **dict.fromkeys(_UNARY_RANGES, self._parse_unary_range),
        }
        self._by_word: dict[str, Callable[[], Node]] = {
            "if": self._parse_if,
            "for": self._parse_for,
            "some": self._parse_quantified,
            "every": self._parse_quantified,
        }

    def parse_postfix(self) -> Node:
        """Parse a primary with the paths, filters and calls that follow it."""
        node = self._parse_primary()
        cursor = self.cursor
        added = 0
        while cursor.at(".", "[", "("):
            cursor.deeper()
            added += 1
            if cursor.at("."):
                node = self._parse_path(node)
            elif cursor.at("("):
                node = self._parse_call(node)
            else:
                filtered = self._parse_filter(node)
                if filtered is None:
                    break
                node = filtered
        cursor.depth -= added
        return node

    def _parse_primary(self) -> Node:
        token = self.cursor.token
        if token.kind == "number":
            self.cursor.advance()
            return nodes.Literal(token.start, token.end, read_number(token.text))
        if token.kind == "string":
            self.cursor.advance()
            return nodes.Literal(token.start, token.end, unescape(token.text))
        if token.kind == "word":
            return self._parse_word(token)
        parse = self._by_sign.get(token.text)
        if parse is None:
            self.cursor.fail("A value is expected")
        return parse()

    def _parse_word(self, token: Token) -> Node:
        cursor = self.cursor
        names = cursor.keys if cursor.filters else cursor.known
        found = names.match(cursor.text, token)
        if found:
            cursor.move_to(found[1])
            return nodes.Name(token.start, found[1], found[0])
        if token.text in _CONSTANTS:
            cursor.advance()
            return nodes.Literal(token.start, token.end, _CONSTANTS[token.text])
        if token.text in self._by_word:
            return self._by_word[token.text]()
        if token.text in _RESERVED:
            cursor.fail("A value is expected")
        if token.text == "function" and next_token(cursor.text, token.end).text == "(":
            return self._parse_function()
        cursor.advance()
        return nodes.Name(token.start, token.end, token.text)

    def _parse_question_mark(self) -> Node:
        token = self.cursor.advance()
        return nodes.Name(token.start, token.end, "?")

    def _parse_at_literal(self) -> Node:
        start = self.cursor.advance().start
        token = self.cursor.token
        if token.kind != "string":
            self.cursor.fail("A string is expected after `@`")
        value = parse_temporal(unescape(token.text))
        if value is None:
            self.cursor.fail("A date, time or duration is expected after `@`")
        self.cursor.advance()
        return nodes.Literal(start, token.end, value)

    def _parse_path(self, target: Node) -> Node:
        cursor = self.cursor
        cursor.expect(".")
        word = cursor.token
        if word.kind != "word":
            cursor.fail("A name is expected after `.`")
        name, end = cursor.keys.match(cursor.text, word) or (word.text, word.end)
        cursor.move_to(end)
        return nodes.Path(target.start, end, target, name)

    def _parse_filter(self, target: Node) -> Node | None:
        """Parse `[condition]`; None where the bracket closes a range such as `[1..5[`."""
        cursor = self.cursor
        mark = cursor.mark()
        closes_range, self._in_range_end = self._in_range_end, False
        try:
            cursor.expect("[")
            cursor.filters += 1
            condition = self.rules.parse_expression()
            cursor.filters -= 1
            cursor.expect("]")
        except FeelSyntaxError:
            if not closes_range:
                raise
            cursor.reset(mark)
            return None
        finally:
            self._in_range_end = closes_range
        return nodes.Filter(target.start, cursor.last_end, target, condition)

    def _parse_call(self, target: Node) -> Node:
        cursor = self.cursor
        cursor.expect("(")
        arguments: list[Node] = []
        names: list[str] = []

        def take_argument() -> None:
            name = self._take_argument_name()
            if name is not None:
                names.append(name)
            arguments.append(self.rules.parse_expression())

        cursor.take_list(")", take_argument)
        if names and len(names) < len(arguments):
            raise FeelSyntaxError("Either all arguments have names or none.", target.start)
        return nodes.Call(target.start, cursor.last_end, target, arguments, names or None)

    def _take_argument_name(self) -> str | None:
        cursor = self.cursor
        match = FREE_NAME.match(cursor.text, cursor.token.start)
        if match is None or next_token(cursor.text, match.end()).text != ":":
            return None
        cursor.move_to(match.end())
        cursor.expect(":")
        return normalise_name(match[0])

    def _parse_parenthesis(self) -> Node:
        cursor = self.cursor
        start = cursor.advance().start
        inner = self.rules.parse_expression()
        if cursor.at(".."):
            return self._parse_range_end(start, inner, low_included=False)
        cursor.expect(")")
        inner.start, inner.end = start, cursor.last_end
        return inner

    def _parse_unary_range(self) -> Node:
        """Parse a range with one end, such as `< 10` (grammar rules 2.h and 7.a)."""
        sign = self.cursor.advance()
        end = self.rules.parse_sum()
        low = end if sign.text in {">", ">=", "="} else None
        high = end if sign.text in {"<", "<=", "="} else None
        return nodes.RangeLiteral(sign.start, end.end, low, high, *_UNARY_RANGES[sign.text])

    def _parse_bracket(self) -> Node:
        cursor = self.cursor
        start = cursor.advance().start
        if cursor.take("]"):
            return nodes.ListLiteral(start, cursor.last_end, [])
        items = [self.rules.parse_expression()]
        if cursor.at(".."):
            return self._parse_range_end(start, items[0], low_included=True)
        while cursor.take(","):
            items.append(self.rules.parse_expression())
        cursor.expect("]")
        return nodes.ListLiteral(start, cursor.last_end, items)

    def _parse_open_range(self) -> Node:
        start = self.cursor.advance().start
        low = self.rules.parse_sum()
        return self._parse_range_end(start, low, low_included=False)

    def _parse_range_end(self, start: int, low: Node, *, low_included: bool) -> Node:
        cursor = self.cursor
        cursor.expect("..")
        outer, self._in_range_end = self._in_range_end, True
        high = self.rules.parse_sum()
        self._in_range_end = outer
        if not cursor.at("]", ")", "["):
            cursor.fail("The end of the range is expected")
        included = cursor.advance().text == "]"
        return nodes.RangeLiteral(start, cursor.last_end, low, high, low_included, included)

    def _parse_context(self) -> Node:
        cursor = self.cursor
        start = cursor.advance().start
        entries: list[tuple[str, Node]] = []

        def take_entry() -> None:
            key = self._parse_key()
            cursor.expect(":")
            entries.append((key, self.rules.parse_expression()))
            # An entry does not see itself (DMN 1.5, 10.3.2.6).
            cursor.declare(key)

        cursor.take_list("}", take_entry)
        return nodes.ContextLiteral(start, cursor.last_end, entries)

    def _parse_key(self) -> str:
        cursor = self.cursor
        if cursor.token.kind == "string":
            return unescape(cursor.advance().text)
        key = cursor.take_free_name()
        if key is None:
            cursor.fail("A key is expected")
        return key

    def _parse_if(self) -> Node:
        cursor = self.cursor
        start = cursor.advance().start
        condition = self.rules.parse_expression()
        cursor.expect("then")
        then = self.rules.parse_expression()
        cursor.expect("else")
        otherwise = self.rules.parse_expression()
        return nodes.If(start, otherwise.end, condition, then, otherwise)

    def _parse_for(self) -> Node:
        start = self.cursor.advance().start
        iterations = self.rules.parse_iterations()
        self.cursor.expect("return")
        body = self.rules.parse_expression()
        return nodes.For(start, body.end, iterations, body)

    def _parse_quantified(self) -> Node:
        word = self.cursor.advance()
        iterations = self.rules.parse_iterations()
        self.cursor.expect("satisfies")
        condition = self.rules.parse_expression()
        every = word.text == "every"
        return nodes.Quantified(word.start, condition.end, every, iterations, condition)

    def _parse_function(self) -> Node:
        cursor = self.cursor
        start = cursor.advance().start
        cursor.expect("(")
        parameters: list[tuple[str, Type | None]] = []

        def take_parameter() -> None:
            name = cursor.take_free_name()
            if name is None:
                cursor.fail("The name of a parameter is expected")
            kind = self.types.parse_type() if cursor.take(":") else None
            parameters.append((cursor.declare(name), kind))

        cursor.take_list(")", take_parameter)
        if cursor.take("external"):
            self.rules.parse_expression()
            return nodes.FunctionLiteral(start, cursor.last_end, parameters, None)
        body = self.rules.parse_expression()
        return nodes.FunctionLiteral(start, body.end, parameters, body)
