"""The values of a filter's conditions: read by the kind of their field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from marshmallow import ValidationError

from services.errors import Invalid
from services.filtering.model import Me, MyTeam, Period
from services.filtering.operators import TIME_KINDS, Operator
from services.filtering.periods import is_open_ended, tidy_period
from services.records.living_choices import LivingChoices
from services.records.schemas import argument_for
from services.records.types import Field

MAX_VALUES: Final = 100
MAX_TEXT: Final = 300
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PEOPLE: Final = frozenset({"user", "group"})
_BOUNDS: Final = 2


def read_values(field: Field, operator: Operator, raw: Any) -> tuple[Any, ...]:
    """Return the values of a condition, typed as its field is.

    Raises:
        Invalid: There are too many or too few, or one doesn't fit.
    """
    if operator.takes == "nothing":
        if raw is not None and raw is not True and raw != "":
            raise _refused(field, f"“{operator.label}” takes no value.")
        return ()
    if operator.takes == "text":
        return (_piece(field, raw),)
    if operator.takes == "one":
        return (_one(field, operator, raw),)
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise _refused(field, f"“{operator.label}” takes a list of values.")
    if operator.takes == "two" and len(raw) != _BOUNDS:
        raise _refused(field, "give two values, from and to.")
    if len(raw) > MAX_VALUES:
        raise _refused(field, f"give at most {MAX_VALUES} values.")
    return tuple(_one(field, operator, value) for value in raw)


def storable(text: str) -> str:
    """Return ``text`` with ``?`` for what PostgreSQL has no text for."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode()


def _piece(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not raw or len(raw) > MAX_TEXT:
        raise _refused(field, f"give a text of 1 to {MAX_TEXT} characters.")
    return storable(raw)


def _one(field: Field, operator: Operator, raw: Any) -> Any:
    if field.relation in _PEOPLE and isinstance(raw, str):
        words = " ".join(raw.lower().replace("_", " ").split())
        if words == "my team":
            return MyTeam()
        if words == "me" and field.relation == "user":
            return Me()
    if field.kind in TIME_KINDS and isinstance(raw, str):
        period = tidy_period(raw)
        if period is not None:
            if is_open_ended(period) and operator.name not in {"eq", "ne", "in", "not_in"}:
                raise _refused(field, f"“{period}” has no beginning; use “is” with it.")
            return Period(period)
        if field.kind == "datetime" and _DAY.fullmatch(raw.strip()):
            return _day(field, raw.strip())
    return _plain(field, raw)


def _day(field: Field, text: str) -> date:
    """Return a whole day, which a time is compared with."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _refused(field, "this is not a date.") from error


def _plain(field: Field, raw: Any) -> Any:
    argument = argument_for(field, required=True)
    if field.traits.is_several:
        raw = [raw]
    try:
        value = argument.deserialize(raw)
    except ValidationError as error:
        raise _refused(field, _first(error.messages)) from error
    except (TypeError, OverflowError, AttributeError) as error:
        raise _refused(field, "this value doesn't fit.") from error
    if isinstance(field.choices, LivingChoices) and value not in field.choices:
        raise _refused(field, f"choose one of {', '.join(field.choices.values())}.")
    return value[0] if field.traits.is_several else value


def _first(messages: Any) -> str:
    """Return the first of marshmallow's messages, which may be nested."""
    while isinstance(messages, dict | list):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages), "")
    return str(messages)


def _refused(field: Field, message: str) -> Invalid:
    text = f"{field.label}: {message}"
    return Invalid(text, {"filter": [text]})
