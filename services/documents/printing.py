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
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from services.money import money_in_locale

LOCALE: Final = "_locale"
"""Under which name the filters below find the reader's locale among a template's values."""

ZONE: Final = "_zone"
"""Likewise the reader's time zone."""

_BETWEEN_WORDS: Final = re.compile(r"([-\s({\[<]+)")
_DOTLESS: Final = "\u0131"
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
def _price(context: Context, value: Any, currency: str = "EUR") -> str:
    """Return a unit price with all its digits: a rounded one doesn't come to the line's total."""
    try:
        return money_in_locale(Decimal(str(value)), currency, context[LOCALE], exact=True)
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


def _default(value: Any, otherwise: Any = "", boolean: Any = False) -> Any:  # noqa: FBT002 - Jinja's
    """Return ``otherwise`` for what a record lacks, and with ``boolean`` for zero and false too."""
    is_absent = value is None or isinstance(value, Undefined) or value == ""
    return otherwise if is_absent or (boolean and not value) else value


def _length(value: Any) -> int:
    return 0 if value is None else len(value)


def _first(value: Any) -> Any:
    return "" if value is None else next(iter(value), "")


def _text_of(value: Any) -> str:
    text = printed(value)
    return text if isinstance(text, str) else str(text)


@pass_context
def _upper(context: Context, value: Any) -> str:
    text = _text_of(value)
    return (text.replace("i", "İ") if _is_turkic(context) else text).upper()


@pass_context
def _lower(context: Context, value: Any) -> str:
    text = _text_of(value)
    return (text.replace("İ", "i").replace("I", _DOTLESS) if _is_turkic(context) else text).lower()


@pass_context
def _capitalize(context: Context, value: Any) -> str:
    text = _text_of(value)
    return _upper(context, text[:1]) + _lower(context, text[1:])


@pass_context
def _title(context: Context, value: Any) -> str:
    words = _BETWEEN_WORDS.split(_text_of(value))
    return type(words[0])("").join(_capitalize(context, word) for word in words)


def _is_turkic(context: Context) -> bool:
    """Tell whether i and its capital both have a dot (Unicode SpecialCasing)."""
    return context[LOCALE].language in {"tr", "az"}


FORMATS: Final[Mapping[str, Callable[..., Any]]] = {
    "money": _money,
    "price": _price,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "default": _default,
    "length": _length,
    "first": _first,
    "upper": _upper,
    "lower": _lower,
    "capitalize": _capitalize,
    "title": _title,
    "trim": lambda value: _text_of(value).strip(),
}
"""The filters that all media have, by name."""
