"""What of the values that are handed in the database can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.errors import Invalid

MAX_DEPTH = 100
"""How deep lists and objects may stand in one another; JSON libraries end at about 250."""

MAX_INTEGER = 2**63 - 1
"""JSON libraries write no larger one; as text it would keep its digits."""

# NUL ends a text in C, and half a UTF-16 pair is no character: PostgreSQL refuses both.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def keepable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return ``value`` with U+FFFD in place of signs that can't be kept, in texts and in keys.

    Raises:
        Invalid: It is nested too deeply, or a number in it is too large.
    """
    if isinstance(value, str):
        return _UNKEEPABLE.sub("\ufffd", value) if _UNKEEPABLE.search(value) else value
    if type(value) is int and abs(value) > MAX_INTEGER:
        raise Invalid("A number has more digits than can be kept; give it as text.")
    if not isinstance(value, list | Mapping):
        return value
    if depth == 0:
        raise Invalid(f"Lists and objects are nested more than {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [keepable(part, depth - 1) for part in value]
    return {keepable(key, depth): keepable(part, depth - 1) for key, part in value.items()}
