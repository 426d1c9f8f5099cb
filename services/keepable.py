"""What of the values that are handed in the database can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.errors import Invalid

MAX_DEPTH = 100
"""How deep lists and objects may stand in one another; JSON libraries end at about 250."""

# NUL ends a text in C, and half a UTF-16 pair is no character: PostgreSQL refuses both.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def keepable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return ``value`` with U+FFFD in place of what can't be kept, in texts and in keys.

    Raises:
        Invalid: It is nested too deeply.
    """
    if isinstance(value, str):
        return _UNKEEPABLE.sub("\ufffd", value) if _UNKEEPABLE.search(value) else value
    if not isinstance(value, list | Mapping):
        return value
    if depth == 0:
        raise Invalid(f"Lists and objects are nested more than {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [keepable(part, depth - 1) for part in value]
    return {keepable(key, depth): keepable(part, depth - 1) for key, part in value.items()}
