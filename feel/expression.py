"""Compiled expressions: what other packages use."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from feel.absence import entries_of, null_for, texts_compared
from feel.builtin import BUILTINS
from feel.compiler import Code, TestCode, compile_node, compile_test_node
from feel.cursor import Cursor
from feel.errors import FeelLimitError
from feel.lexer import KnownNames, is_simple_name, normalise_name
from feel.names import names_in
from feel.nodes import Node, Tests
from feel.parser import parse, parse_tests
from feel.properties import PROPERTY_NAMES
from feel.run import Run, Scope
from feel.types import Type
from feel.values import Value, normalise

if TYPE_CHECKING:
    from feel.working_calendar import Calendars

Names = frozenset[str]

NO_NAMES: Names = frozenset()
_BASE = KnownNames([*BUILTINS, *PROPERTY_NAMES])
# Longer texts are rare, and thousands of them would fill the memory.
_MAX_CACHED_CHARACTERS = 2000
_TOO_DEEP = "The evaluation goes too deep."


class Expression:
    """An expression, ready to be evaluated any number of times, from any thread.

    Attributes:
        text: Its text.
        names: The names that it uses and does not itself bind, built-in functions excepted.
    """

    __slots__ = ("_code", "names", "text")

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.names: Names = names_in(node) - BUILTINS.keys()
        self._code: Code = compile_node(node, text)

    def __call__(
        self,
        context: Mapping[str, Any],
        now: datetime | None = None,
        calendars: "Calendars | None" = None,
    ) -> Value:
        """Evaluate it.

        Args:
            context: The values of its names; any mapping, asked for a name when it is needed.
            now: The aware time that `now()` and `today()` answer with.
            calendars: Where functions of working time find their calendars.

        Raises:
            FeelLimitError: It takes too long, goes too deep or makes too large a value.
            FeelValueError: The context holds a value of a kind that the language does not know.
            UnknownCalendarError: `calendars` insist on one that it names in vain.
        """
        return self.run(context, Run(now, calendars=calendars))

    def explain(
        self,
        context: Mapping[str, Any],
        now: datetime | None = None,
        calendars: "Calendars | None" = None,
    ) -> tuple[Value, list[str]]:
        """Evaluate it and say why anything in it became null. Arguments and errors as a call's.

        Returns:
            The value and the reasons in the order in which they came up.
        """
        run = Run(now, explain=True, calendars=calendars)
        value = self.run(context, run)
        return value, run.warnings or []

    def run(self, context: Mapping[str, Any], run: Run) -> Value:
        """Evaluate it as a part of a longer run, whose clock, budget and warnings it shares."""
        try:
            return self._code(Scope(context, None, run))
        except RecursionError as problem:
            raise FeelLimitError(_TOO_DEEP) from problem

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """Unary tests, such as a cell of a decision table holds: `< 5, > 10`, `not("a")`, `-`.

    Attributes:
        text: Their text.
        names: The names that they use and do not themselves bind, `?` and built-in functions
            excepted.
        is_any: Whether they are `-`, which holds for any value.
    """

    __slots__ = ("_code", "is_any", "names", "text")

    def __init__(self, text: str, node: Any) -> None:
        self.text = text
        self.names: Names = names_in(node) - BUILTINS.keys() - {"?"}
        self.is_any: bool = node.tests is None
        self._code: TestCode = compile_test_node(node, text)

    def __call__(
        self,
        value: Any,
        context: Mapping[str, Any],
        now: datetime | None = None,
        calendars: "Calendars | None" = None,
    ) -> bool | None:
        """Tell whether a value passes; None where it can't be compared with what is expected.

        Other arguments and errors as for `Expression`.
        """
        return self.run(normalise(value), context, Run(now, calendars=calendars))

    def run(self, value: Value, context: Mapping[str, Any], run: Run) -> bool | None:
        """Test a FEEL value as a part of a longer run."""
        try:
            return self._code(value, Scope(context, None, run))
        except RecursionError as problem:
            raise FeelLimitError(_TOO_DEEP) from problem

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


def compile_expression(
    text: str,
    names: Names = NO_NAMES,
    *,
    keys: Names = NO_NAMES,
    types: Mapping[str, Type] | None = None,
) -> Expression:
    """Compile an expression; the latest few thousand of usual length are kept.

    Args:
        text: The expression, without the `=` that marks it elsewhere.
        names: The names with spaces or operators that the context will have. Others need not be
            told.
        keys: Such names that stand only as keys in contexts of the context.
        types: Types by name, for `instance of` and typed parameters.

    Raises:
        FeelSyntaxError: The text is no expression.
    """
    if types is not None or len(text) > _MAX_CACHED_CHARACTERS:
        return _compile_expression(text, names, keys, types)
    return _cached_expression(text, _special(names), _special(keys))


def compile_unary_tests(
    text: str,
    names: Names = NO_NAMES,
    *,
    keys: Names = NO_NAMES,
    types: Mapping[str, Type] | None = None,
) -> UnaryTests:
    """Compile unary tests; the latest few thousand are kept. Arguments as `compile_expression`.

    Raises:
        FeelSyntaxError: The text is none.
    """
    if types is not None or len(text) > _MAX_CACHED_CHARACTERS:
        return _compile_tests(text, names, keys, types)
    return _cached_tests(text, _special(names), _special(keys))


def compile_test_list(
    text: str,
    names: Names = NO_NAMES,
    *,
    keys: Names = NO_NAMES,
    types: Mapping[str, Type] | None = None,
) -> list[UnaryTests]:
    """Compile unary tests one by one: where their order counts, as that of output values does.

    Arguments and errors as for `compile_unary_tests`. `-` and `not(…)` are a list of one.
    """
    whole = parse_tests(make_base_cursor(text, names, keys, types))
    if whole.tests is None or whole.negated:
        return [compile_unary_tests(text, names, keys=keys, types=types)]
    return [
        UnaryTests(text, Tests(node.start, node.end, [node], negated=False)) for node in whole.tests
    ]


def make_base_cursor(
    text: str,
    names: Names = NO_NAMES,
    keys: Names = NO_NAMES,
    types: Mapping[str, Type] | None = None,
) -> Cursor:
    """Begin to read a text in which built-in functions and properties are known.

    Arguments and errors as for `compile_expression`.
    """
    known = KnownNames(names, base=_BASE)
    return Cursor(text, known, KnownNames(names, base=_known_keys(keys)), types or {})


# Shared by all texts of a model, of which there may be as many as it has keys.
@lru_cache(maxsize=64)
def _known_keys(keys: Names) -> KnownNames:
    return KnownNames(keys, base=_BASE)


def null_without(text: str, root: str) -> list[str]:
    """Return those entries of the context `root` without which alone an expression may be null.

    They are told in the order in which they stand; for a condition that is to be true or false.

    Raises:
        FeelSyntaxError: It can't be read.
        FeelLimitError: It is nested too deep.
    """
    return _guard(  # type: ignore[no-any-return]
        lambda: null_for(parse(make_base_cursor(text)), root)
    )


def entries_used(text: str, root: str) -> list[str]:
    """Return the entries of the context `root` that an expression reads, in their order.

    Errors as for `null_without`.
    """
    return _guard(  # type: ignore[no-any-return]
        lambda: entries_of(parse(make_base_cursor(text)), root)
    )


def comparisons(text: str, root: str) -> list[tuple[str, str]]:
    """Return the entries of the context `root` that are compared with a text, each with that.

    Errors as for `null_without`.
    """
    return _guard(  # type: ignore[no-any-return]
        lambda: texts_compared(parse(make_base_cursor(text)), root)
    )


def names_used(expression: Expression | UnaryTests) -> Names:
    """Return the names that an expression takes from its context, for checks while modelling.

    Names inside of a filter count, although the items may have them.
    """
    return expression.names


def _guard(parse_text: Callable[[], Any]) -> Any:
    try:
        return parse_text()
    except RecursionError as problem:
        raise FeelLimitError("The expression is nested too deep.") from problem


def _compile_expression(
    text: str, names: Names, keys: Names, types: Mapping[str, Type] | None
) -> Expression:
    return _guard(  # type: ignore[no-any-return]
        lambda: Expression(text, parse(make_base_cursor(text, names, keys, types)))
    )


def _compile_tests(
    text: str, names: Names, keys: Names, types: Mapping[str, Type] | None
) -> UnaryTests:
    return _guard(  # type: ignore[no-any-return]
        lambda: UnaryTests(text, parse_tests(make_base_cursor(text, names, keys, types)))
    )


@lru_cache(maxsize=4096)
def _cached_expression(text: str, names: Names, keys: Names) -> Expression:
    return _compile_expression(text, names, keys, None)


@lru_cache(maxsize=4096)
def _cached_tests(text: str, names: Names, keys: Names) -> UnaryTests:
    return _compile_tests(text, names, keys, None)


def _special(names: Names) -> Names:
    if not names:
        return names
    return frozenset(normalise_name(name) for name in names if not is_simple_name(name))


_MAX_KEYS = 1000
_MAX_KEY_DEPTH = 4


def special_names(context: Mapping[str, Any]) -> tuple[Names, Names]:
    """Return the names with spaces or operators of a context: its own, and those of contexts in it.

    Only plain dictionaries are looked into: other mappings may load what they are asked for.
    """
    own = frozenset(key for key in context if not is_simple_name(key))
    inner: set[str] = set()
    for value in context.values() if isinstance(context, dict) else ():
        _collect_keys(value, inner, _MAX_KEY_DEPTH)
    return own, frozenset(inner)


def _collect_keys(value: Any, found: set[str], depth: int) -> None:
    if depth == 0 or len(found) > _MAX_KEYS:
        return
    if isinstance(value, dict):
        found.update(key for key in value if not is_simple_name(key))
        for inner in value.values():
            _collect_keys(inner, found, depth - 1)
    elif isinstance(value, list):
        for item in value[:_MAX_KEYS]:
            _collect_keys(item, found, depth - 1)


def evaluate(text: str, context: Mapping[str, Any], now: datetime | None = None) -> Value:
    """Compile and evaluate an expression, taking its names from the context.

    Raises:
        FeelSyntaxError: The text is no expression.
        FeelLimitError: As for `Expression`.
    """
    names, keys = special_names(context)
    return compile_expression(text, names, keys=keys)(context, now)
