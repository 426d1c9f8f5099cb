"""The choices of a radio group, select, checklist or tag list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any


def read_options(source: Any) -> list[Any]:
    """Return the values that a list of choices offers, as the browser reads it.

    A choice is a text, number or boolean, or an object with ``value``. What is neither, or is
    empty, is not offered.
    """
    if not isinstance(source, list | tuple):
        return []
    found = []
    for option in source:
        value = option.get("value") if isinstance(option, Mapping) else option
        labelled = isinstance(option, Mapping) and bool(option.get("label"))
        if _is_plain(value) or (labelled and isinstance(value, Mapping) and value):
            found.append(value)
    return found


def option_key(value: Any) -> Hashable:
    """Return what two equal choices have in common: ``true`` is not 1, but 1 is 1.0."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, int | float | Decimal):
        return ("number", Decimal(str(value)))
    if isinstance(value, Mapping):
        pairs = [(str(name), option_key(inner)) for name, inner in value.items()]
        return ("object", frozenset(pairs))
    if isinstance(value, list | tuple):
        return ("list", tuple(option_key(inner) for inner in value))
    return ("text", str(value))


def _is_plain(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return isinstance(value, int | float | Decimal | str) and value != ""
