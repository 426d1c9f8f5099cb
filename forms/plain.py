"""Values as the browser gets them: what JSON can say, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import feel


def to_plain(value: Any) -> Any:
    """Return a single value (no mapping, no list) as JSON has it.

    Numbers stay numbers, moments become ISO 8601 text (aware ones in UTC, with ``Z``), a time
    without seconds included; what JSON can't say becomes text.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return to_plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    found = feel.to_plain(value)
    return found if isinstance(found, bool | int | float | str) else str(found)


def is_leaf(value: Any) -> bool:
    """Tell whether the value is no mapping and no list."""
    return not isinstance(value, Mapping | list | tuple)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
