"""Templates of users run here: values are listed, filters are few, and time is bounded.

Jinja's sandbox keeps them from Python; what is added keeps them from using up memory and time:
loops run over lists only and share a budget, and there are no macros, imports or arithmetic
that could make a long text from a short one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import ChainableUndefined, TemplateError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import do_join, make_attrgetter
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from services.documents.printing import FORMATS, LOCALE, ZONE, lines, locale_of, printed, word_lines
from services.errors import Invalid

MAX_TEMPLATE_CHARACTERS = 100_000
MAX_OUTPUT_CHARACTERS = 300_000
MAX_ITERATIONS = 5_000
MAX_SECONDS = 10.0
MAX_DOCUMENT_CHARACTERS = 4_000_000
MAX_DOCUMENT_ITERATIONS = 50_000
_FORBIDDEN: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Macro: "a macro",
    nodes.CallBlock: "a call",
    nodes.Call: "a call",
    nodes.Import: "an import",
    nodes.FromImport: "an import",
    nodes.Include: "an include",
    nodes.Extends: "extends",
    nodes.Block: "a block",
    nodes.FilterBlock: "a filter block",
    nodes.Mul: "multiplication",
    nodes.Pow: "a power",
    nodes.Mod: "%",
    nodes.Concat: "~",
    nodes.Add: "addition",
    nodes.AssignBlock: "a set block",
    nodes.Dict: "a mapping",
}
_BUDGET = "_budget"


class Medium(Enum):
    """What a template's text is a part of."""

    HTML = "html"
    LINE = "line"
    WORD = "docx"


@dataclass(slots=True)
class Budget:
    """What one filling may use up."""

    iterations: int = MAX_ITERATIONS
    characters: int = MAX_OUTPUT_CHARACTERS
    seconds: float = MAX_SECONDS
    _ends_at: float = 0.0

    def start(self) -> None:
        """Begin to count the seconds: those of the processor, which other work does not take."""
        self._ends_at = time.thread_time() + self.seconds

    def take_iteration(self) -> None:
        """Count one repetition of a loop.

        Raises:
            SecurityError: There were too many, or they take too long.
        """
        self.iterations -= 1
        if self.iterations < 0:
            raise SecurityError("too many repetitions")
        if time.thread_time() > self._ends_at:
            raise SecurityError(f"it takes longer than {self.seconds:.0f} seconds")

    def take_characters(self, count: int) -> None:
        """Count what was written.

        Raises:
            SecurityError: It is too much.
        """
        self.characters -= count
        if self.characters < 0:
            raise SecurityError("it makes too long a text")


class ForbiddenError(SecurityError):
    """A template says what templates may not.

    Attributes:
        lineno: In which line, from 1.
    """

    def __init__(self, lineno: int, what: str) -> None:
        super().__init__(what)
        self.lineno = lineno


class _Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all user templates; one for each medium, as it keeps no state."""

    def __init__(self, medium: Medium) -> None:
        super().__init__(
            autoescape=True, undefined=ChainableUndefined, trim_blocks=True, finalize=printed
        )
        self.globals.clear()
        self.filters = {
            **FORMATS,
            "lines": word_lines if medium is Medium.WORD else lines,
            "join": _join,
            "_limited": _limited,
            "_flat": _flat,
        }

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for kind, called in _FORBIDDEN.items():
            if (found := tree.find(kind)) is not None:
                raise ForbiddenError(found.lineno, f"{called} is not allowed in templates")
        for used in tree.find_all(nodes.Filter):
            if used.name.startswith("_"):
                raise ForbiddenError(used.lineno, f"there is no filter {used.name}")
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise ForbiddenError(loop.lineno, "a recursive loop is not allowed in templates")
            loop.iter = _filtered(loop.iter, "_limited")
        _Flattener().visit(tree)
        return tree


class _Flattener(NodeTransformer):
    """Lets the lists that a template writes hold no lists: those could grow with each line."""

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - found by the node's name
        return _filtered(self.generic_visit(node), "_flat")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - likewise
        return _filtered(node, "_flat") if node.ctx == "load" else node


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def parse_template(source: str, medium: Medium = Medium.HTML) -> nodes.Template:
    """Return the tree of a template that can be run.

    Raises:
        TemplateError: It can't; ``lineno`` says where, if it is known.
    """
    tree = _sandbox(medium).parse(source)
    _sandbox(medium).compile(source)
    return tree


def check_template(source: str, names: Iterable[str]) -> None:
    """Check that ``source`` can be run with values of these names.

    Raises:
        Invalid: With what is wrong and in which line.
    """
    if len(source) > MAX_TEMPLATE_CHARACTERS:
        raise Invalid("The template is too long.")
    try:
        tree = parse_template(source)
    except TemplateError as error:
        raise Invalid(f"The template can't be read: {_said(error)}.") from error
    unknown = sorted(find_undeclared_variables(tree) - set(names))
    if unknown:
        raise Invalid(f"The template uses {', '.join(unknown)}, which it is not given.")


def render_document(
    source: str, values: Mapping[str, Any], *, language: str, zone: ZoneInfo
) -> str:
    """Fill the HTML of a document, which may be longer than a mail: 10,000 lines of a paper.

    Raises:
        Invalid: The template is broken, or does more than a template may.
    """
    budget = Budget(MAX_DOCUMENT_ITERATIONS, MAX_DOCUMENT_CHARACTERS)
    return fill(source, values, budget, language=language, zone=zone, medium=Medium.HTML)


def render(
    source: str, values: Mapping[str, Any], *, language: str, zone: ZoneInfo, html: bool = True
) -> str:
    """Fill ``source`` with ``values``: plain texts, numbers, dates, lists and mappings.

    With ``html`` the values are escaped; a subject line is plain text.

    Raises:
        Invalid: The template is broken, or does more than a template may.
    """
    medium = Medium.HTML if html else Medium.LINE
    text = fill(source, values, Budget(), language=language, zone=zone, medium=medium)
    return text if html else " ".join(unescape(text).split())


def fill(
    source: str,
    values: Mapping[str, Any],
    budget: Budget,
    *,
    language: str,
    zone: ZoneInfo,
    medium: Medium,
) -> str:
    """Fill ``source``; what that uses up is taken from ``budget``.

    Raises:
        Invalid: The template is broken, or does more than a template may.
    """
    budget.start()
    private = {_BUDGET: budget, LOCALE: locale_of(language), ZONE: zone}
    pieces: list[str] = []
    try:
        for piece in _sandbox(medium).from_string(source).generate({**values, **private}):
            budget.take_characters(len(piece))
            pieces.append(piece)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise Invalid(f"The template can't be filled: {_said(error)}.") from error
    return "".join(pieces)


@cache
def _sandbox(medium: Medium) -> _Sandbox:
    return _Sandbox(medium)


def _said(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error}" if line else str(error)


@pass_context
def _limited(context: Context, items: Any) -> Iterator[Any]:
    """Yield from a list until the budget of the rendering is used up."""
    if not isinstance(items, list | tuple):
        return
    budget: Budget = context[_BUDGET]
    for item in items:
        budget.take_iteration()
        yield item


def _flat(items: Any) -> Any:
    """Return a list that a template has written.

    Raises:
        SecurityError: There is another list in it.
    """
    if any(isinstance(item, list | tuple) for item in items):
        raise SecurityError("a list within a list is not allowed in templates")
    return items


@pass_context
def _join(context: Context, items: Any, between: str = "", attribute: str | None = None) -> Any:
    """Join texts, if there is room for the result: it may be joined with others in turn."""
    take = None if attribute is None else make_attrgetter(context.environment, attribute)
    given = [item if take is None else take(item) for item in items or ()]
    budget: Budget = context[_BUDGET]
    budget.take_characters(sum(len(str(item)) + len(between) for item in given))
    return do_join(context.eval_ctx, given, between)
