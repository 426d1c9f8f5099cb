"""From an HTML form to an operation's arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from flask import request

from app.context import settings
from app.zones import reader_zone
from services.errors import Invalid, LanewiseError

_SPACES: Final = re.compile("[\\s'\u2019]")
_NUMBER: Final = re.compile(r"-?[\d.,]*\d[\d.,]*")
_MARKS: Final = re.compile(r"[.,]")
_GROUPED: Final = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3})+")


def even_if_used() -> dict[str, bool]:
    """Return that something is taken away although processes name it, if that was ticked."""
    return {"even_if_used": True} if "even_if_used" in request.form else {}


def form_arguments(names: Iterable[str], numbers: Collection[str] = ()) -> dict[str, str]:
    """Return those named fields that the form sent, without spaces at their ends.

    An emptied field is an empty text; the operation knows whether it may be empty.

    Args:
        names: Of the fields.
        numbers: Those of them that hold numbers, which are read as people write them.
    """
    given = {name: _given(name) for name in names if name in request.form}
    return {name: number_text(text) if name in numbers else text for name, text in given.items()}


def number_text(text: str) -> str:
    """Return a number that somebody typed as operations take it: ``1 234,50`` is ``1234.50``.

    Where both a point and a comma stand in it, the last one parts the decimals. One comma with
    three digits after it parts thousands for those readers only who write them so; one point
    always parts decimals, since forms show numbers like that. What is no number stays as it is.
    """
    bare = _SPACES.sub("", text).replace("\u2212", "-")
    marks = _MARKS.findall(bare)
    if not _NUMBER.fullmatch(bare):
        return text
    if not marks:
        return bare
    mark = marks[-1]
    whole, _, decimals = bare.rpartition(mark)
    is_grouped = len(set(marks)) == 1 and _GROUPED.fullmatch(bare)
    if is_grouped and (len(marks) > 1 or (mark == "," and not _reads_comma())):
        return bare.replace(mark, "")
    if len(marks) > 1 and (mark in whole or not _GROUPED.fullmatch(whole)):
        return text
    return f"{_MARKS.sub('', whole)}.{decimals}"


def moment_text(text: str) -> str:
    """Return a time that a control sent as operations take it: with the reader's zone.

    What is no time stays as it is; the operation's own check says what is wrong with it.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=_typed_zone())).isoformat()


def _typed_zone() -> ZoneInfo:
    """Return the zone in which a form's times stand: whole days are those of the installation."""
    return settings().timezone if any(request.form.getlist("all_day")) else reader_zone()


def _reads_comma() -> bool:
    """Tell whether the reader's language parts decimals by a comma."""
    for language in request.accept_languages.values():
        try:
            symbols = Locale.parse(language, sep="-").number_symbols["latn"]
            return str(symbols["decimal"]) == ","
        except (UnknownLocaleError, ValueError, KeyError):
            continue
    return False


def _given(name: str) -> str:
    """Return what was sent under a name; several choices, or a tick, come beside an empty one."""
    return ",".join(text for one in request.form.getlist(name) if (text := one.strip()))


def reason_of(error: LanewiseError) -> str:
    """Return an error as one text, the messages of its fields instead of a pointer to them."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return " ".join(text for messages in fields.values() for text in messages) or error.message
