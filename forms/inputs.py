"""What a person may have put into one field: its type, made uniform, or a plain message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from forms.choices import option_key, read_options
from forms.numbers import read_number
from forms.schema import CHOICE_TYPES, MULTIPLE_CHOICE_TYPES, TEXT_TYPES, Component

MAX_LINE_LENGTH: Final = 2_000
MAX_TEXT_LENGTH: Final = 50_000
MAX_CHOSEN: Final = 1_000
MAX_CHOICE_DEPTH: Final = 8

# What PostgreSQL's text can't hold: NUL, and halves of UTF-16 pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"[\r\n\t\v\f\x85\u2028\u2029]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CLOCK = re.compile(r"(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:\d{2})?", re.ASCII)


class Refused(ValueError):  # noqa: N818 - what happened, not a fault of the program
    """The value is not accepted; the text is for the person who entered it."""


def read_input(component: Component, value: Any) -> Any:
    """Return the value as the field keeps it; None for nothing, and for an empty choice.

    Raises:
        Refused: It is of another type than the field's.
    """
    if value is None:
        return None
    return _READERS[component.type](component, value)


def hold_initial(component: Component, value: Any) -> Any:
    """Return a value that a form is opened with as the browser's field then holds it.

    What doesn't fit is made to fit, or dropped: a text field shows the text of a number, a tick
    box is ticked by true alone.
    """
    if value is None:
        return component.blank
    if component.type in TEXT_TYPES and not isinstance(value, str):
        plain = isinstance(value, bool | int | float)
        return (str(value).lower() if isinstance(value, bool) else str(value)) if plain else ""
    if component.type == "checkbox":
        return value is True
    if component.type == "number":
        return None if read_number(value) is None else value
    if component.type == "datetime":
        return value if isinstance(value, str) else None
    if component.type in CHOICE_TYPES and component.spec.get("values") is not None:
        return _still_offered(component, value)
    return value


def _still_offered(component: Component, value: Any) -> Any:
    offered = {option_key(option) for option in read_options(component.spec["values"])}
    if component.type in MULTIPLE_CHOICE_TYPES:
        chosen = value if isinstance(value, list) else []
        return [one for one in chosen if option_key(one) in offered]
    return value if option_key(value) in offered else None


def is_unset(component: Component, value: Any) -> bool:
    """Tell whether a required field would still be missing: nothing, blank, no choice, unticked."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return value == [] or (component.type == "checkbox" and value is False)


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise Refused("Please enter a text.")
    if len(value) > limit:
        raise Refused(f"Please use at most {limit} characters.")
    if _UNSTORABLE.search(value):
        raise Refused("This text has a character that can't be kept.")
    return value


def _line(_component: Component, value: Any) -> str:
    return _LINE_BREAKS.sub(" ", _text(value, MAX_LINE_LENGTH))


def _paragraphs(_component: Component, value: Any) -> str:
    return _text(value, MAX_TEXT_LENGTH).replace("\r\n", "\n")


def _number(component: Component, value: Any) -> Any:
    if value == "":
        return None
    as_text = bool(component.spec.get("serializeToString"))
    if isinstance(value, str) and not as_text:
        raise Refused("Please enter a number.")
    if read_number(value) is None:
        raise Refused("Please enter a number.")
    return str(value) if as_text else value


def _flag(_component: Component, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("Please tick it or leave it unticked.")
    return value


def _choice(_component: Component, value: Any) -> Any:
    return None if value == "" else _shallow(value)


def _choices(_component: Component, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("Please choose from the list.")
    if len(value) > MAX_CHOSEN:
        raise Refused(f"Please choose at most {MAX_CHOSEN}.")
    return list({option_key(_shallow(chosen)): chosen for chosen in value}.values())


def _shallow(value: Any) -> Any:
    """Return the value, refusing one that is nested deeper than any choice is."""
    level = [value]
    for _ in range(MAX_CHOICE_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return value
    raise Refused("Please choose one of the offered values.")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _moment(component: Component, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str):
        raise Refused("Please enter a date or time.")
    subtype = component.spec.get("subtype", "date")
    zone = component.spec.get("timeSerializingFormat", "no_timezone")
    try:
        return _MOMENTS[subtype](value, zone)
    except ValueError as error:
        raise Refused(_MOMENT_MESSAGES[subtype]) from error


def _date(text: str, _zone: str) -> str:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    date.fromisoformat(text)
    return text


def _time(text: str, zone: str) -> str:
    found = _CLOCK.fullmatch(text)
    # With a zone asked for, a time without one could mean any moment; and the other way round.
    if found is None or (zone == "no_timezone") != (found.group(2) is None):
        raise ValueError(text)
    time.fromisoformat(text)
    return text


def _date_time(text: str, zone: str) -> str:
    day, separator, clock = text.partition("T")
    if not separator:
        raise ValueError(text)
    _date(day, zone)
    _time(clock, zone)
    datetime.fromisoformat(text)
    return text


_MOMENTS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "date": _date,
    "time": _time,
    "datetime": _date_time,
}
_MOMENT_MESSAGES: Final[Mapping[str, str]] = {
    "date": "Please enter a date.",
    "time": "Please enter a time.",
    "datetime": "Please enter a date and a time.",
}
_READERS: Final[Mapping[str, Callable[[Component, Any], Any]]] = {
    "textfield": _line,
    "textarea": _paragraphs,
    "number": _number,
    "checkbox": _flag,
    "radio": _choice,
    "select": _choice,
    "checklist": _choices,
    "taglist": _choices,
    "datetime": _moment,
}
