"""How values print in templates of users: money, numbers and dates in the reader's own way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from services.money import money_in_locale

LOCALE: Final = "_locale"
"""Under which name the filters below find the reader's locale among a template's values."""

ZONE: Final = "_zone"
"""Likewise the reader's time zone."""

# XML 1.0 2.2: what no document may hold; Word takes others of them for commands.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def locale_of(language: str) -> Locale:
    """Return the locale of a language such as ``nb`` or ``pt-BR``; English's for an unknown one."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


@pass_context
def _money(context: Context, value: Any, currency: str = "EUR") -> str:
    try:
        return money_in_locale(Decimal(str(value)), currency, context[LOCALE])
    except InvalidOperation:
        return ""


@pass_context
def _number(context: Context, value: Any) -> str:
    try:
        return str(format_decimal(Decimal(str(value)), locale=context[LOCALE]))
    except InvalidOperation:
        return ""


@pass_context
def _date(context: Context, value: Any) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(context[ZONE])
    if not isinstance(value, date):
        return ""
    return str(format_date(value, format="long", locale=context[LOCALE]))


@pass_context
def _datetime(context: Context, value: Any) -> str:
    if not isinstance(value, datetime):
        return ""
    local = value.astimezone(context[ZONE])
    return str(format_datetime(local, format="d MMMM y, HH:mm", locale=context[LOCALE]))


def printed(value: Any) -> Any:
    """Return what a value prints: nothing for none, and no signs that documents can't hold."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(printed(one)) for one in value)
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        return type(value)(_UNPRINTABLE.sub("", value))
    return value


def word_lines(value: Any) -> str:
    """Return a text as it is: Word keeps its line breaks."""
    return value if isinstance(value, str) else ""


def lines(value: Any) -> Markup:
    """Turn the line breaks of a text into ``<br>``, and its blank lines into two."""
    if not isinstance(value, str):
        return Markup()
    return Markup("<br>").join(escape(line) for line in value.splitlines())


FORMATS: Final[Mapping[str, Callable[..., str]]] = {
    "money": _money,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
}
"""The filters that all media have, by name."""
