"""Templates of users run here: values are listed, filters are few, and time is bounded.

Jinja's sandbox keeps them from Python; what is added keeps them from using up memory and time:
loops run over lists only and share a budget, and there are no macros, imports or arithmetic
that could make a long text from a short one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal
from jinja2 import ChainableUndefined, TemplateError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from services.errors import Invalid

MAX_TEMPLATE_CHARACTERS = 100_000
MAX_OUTPUT_CHARACTERS = 300_000
MAX_ITERATIONS = 5_000
_FILTERS = ("default", "upper", "lower", "capitalize", "title", "trim", "join", "length", "first")
_FORBIDDEN = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Call,
    nodes.Import,
    nodes.FromImport,
    nodes.Include,
    nodes.Extends,
    nodes.Block,
    nodes.FilterBlock,
    nodes.Mul,
    nodes.Pow,
    nodes.Mod,
    nodes.Concat,
    nodes.Add,
    nodes.AssignBlock,
)
_BUDGET = "_budget"
_LOCALE = "_locale"
_ZONE = "_zone"


class _Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all user templates; one for the program, as it keeps no state."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=ChainableUndefined, trim_blocks=True)
        self.globals.clear()
        allowed = {name: self.filters[name] for name in _FILTERS}
        self.filters = {
            **allowed,
            "money": _money,
            "number": _number,
            "date": _date,
            "datetime": _datetime,
            "lines": _lines,
            "_limited": _limited,
        }

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for kind in _FORBIDDEN:
            if (found := tree.find(kind)) is not None:
                raise SecurityError(f"line {found.lineno}: {kind.__name__.lower()} is not allowed")
        for used in tree.find_all(nodes.Filter):
            if used.name.startswith("_"):
                raise SecurityError(f"line {used.lineno}: there is no filter {used.name}")
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise SecurityError(f"line {loop.lineno}: recursive loops are not allowed")
            loop.iter = nodes.Filter(loop.iter, "_limited", [], [], None, None, lineno=loop.lineno)
        return tree


def check_template(source: str, names: Iterable[str]) -> None:
    """Check that ``source`` can be run with values of these names.

    Raises:
        Invalid: With what is wrong and in which line.
    """
    if len(source) > MAX_TEMPLATE_CHARACTERS:
        raise Invalid("The template is too long.")
    try:
        tree = _sandbox().parse(source)
        _sandbox().compile(source)
    except TemplateError as error:
        raise Invalid(f"The template can't be read: {_said(error)}.") from error
    unknown = sorted(find_undeclared_variables(tree) - set(names))
    if unknown:
        raise Invalid(f"The template uses {', '.join(unknown)}, which it is not given.")


def render(
    source: str, values: Mapping[str, Any], *, language: str, zone: ZoneInfo, html: bool = True
) -> str:
    """Fill ``source`` with ``values``: plain texts, numbers, dates, lists and mappings.

    With ``html`` the values are escaped; a subject line is plain text.

    Raises:
        Invalid: The template is broken, or does more than a template may.
    """
    private = {_BUDGET: [MAX_ITERATIONS], _LOCALE: _locale(language), _ZONE: zone}
    pieces: list[str] = []
    size = 0
    try:
        for piece in _compiled(source).generate({**values, **private}):
            size += len(piece)
            if size > MAX_OUTPUT_CHARACTERS:
                raise Invalid("The template makes too long a text.")
            pieces.append(piece)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise Invalid(f"The template can't be filled: {_said(error)}.") from error
    text = "".join(pieces)
    return text if html else " ".join(unescape(text).split())


@cache
def _sandbox() -> _Sandbox:
    return _Sandbox()


def _compiled(source: str) -> Any:
    return _sandbox().from_string(source)


def _said(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error}" if line else str(error)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


@pass_context
def _limited(context: Context, items: Any) -> Iterator[Any]:
    """Yield from a list until the budget of the rendering is used up."""
    if not isinstance(items, list | tuple):
        return
    budget = context[_BUDGET]
    for item in items:
        budget[0] -= 1
        if budget[0] < 0:
            raise SecurityError(f"more than {MAX_ITERATIONS} repetitions")
        yield item


@pass_context
def _money(context: Context, value: Any, currency: str = "EUR") -> str:
    try:
        return str(format_currency(Decimal(str(value)), currency, locale=context[_LOCALE]))
    except (InvalidOperation, UnknownCurrencyError):
        return ""


@pass_context
def _number(context: Context, value: Any) -> str:
    try:
        return str(format_decimal(Decimal(str(value)), locale=context[_LOCALE]))
    except InvalidOperation:
        return ""


@pass_context
def _date(context: Context, value: Any) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(context[_ZONE])
    if not isinstance(value, date):
        return ""
    return str(format_date(value, format="long", locale=context[_LOCALE]))


@pass_context
def _datetime(context: Context, value: Any) -> str:
    if not isinstance(value, datetime):
        return ""
    local = value.astimezone(context[_ZONE])
    return str(format_datetime(local, format="d MMMM y, HH:mm", locale=context[_LOCALE]))


def _lines(value: Any) -> Markup:
    """Turn the line breaks of a text into ``<br>``, and its blank lines into two."""
    if not isinstance(value, str):
        return Markup()
    return Markup("<br>").join(escape(line) for line in value.splitlines())
