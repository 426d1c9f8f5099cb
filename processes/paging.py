"""Keyset pages: a cursor names the last row seen, so every page costs the same."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import Select

from services.errors import Invalid

Statement: TypeAlias = Select[*tuple[Any, ...]]
"""A query for rows of any columns."""

MAX_LIMIT = 200
COUNT_CAP = 1000
"""Totals are counted up to one more than this; lists say "more than 1,000" then."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a sorted list.

    Attributes:
        is_backward: The page before it is wanted, not the one after.
        value: The sorted column's; None where rows are sorted by key alone.
        key: The row's key.
    """

    is_backward: bool
    value: datetime | int | None
    key: UUID

    def encode(self) -> str:
        """Return it as text for a link."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        raw = orjson.dumps([self.is_backward, value, str(self.key)])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Read a cursor.

    Raises:
        Invalid: It is none of ours.
    """
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        is_backward, value, key = raw
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return Cursor(bool(is_backward), _checked(value), UUID(key))
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        message = "This page can't be found; start again from the first."
        raise Invalid(message, {"cursor": [message]}) from error


def _checked(value: Any) -> datetime | int | None:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if value is None or (isinstance(value, int) and abs(value) < 2**31):
        return value
    raise ValueError("no sorted column holds this")


def check_limit(limit: int) -> int:
    """Return ``limit`` if a page may have so many rows.

    Raises:
        Invalid: It may not.
    """
    if not 1 <= limit <= MAX_LIMIT:
        message = f"A page has 1 to {MAX_LIMIT} rows."
        raise Invalid(message, {"limit": [message]})
    return limit


def cut(
    rows: Sequence[Any], limit: int, cursor: Cursor | None
) -> tuple[list[Any], Any | None, Any | None]:
    """Cut one row too many off, put the page in order, and name its neighbours.

    Args:
        rows: At most ``limit + 1`` rows in the order of reading.
        limit: How many rows a page has.
        cursor: That the page was asked for with; None for the first.

    Returns:
        The page, the row that a previous page ends before, and the one that a next page begins
        after; None where there is no such page.
    """
    has_more = len(rows) > limit
    page = list(rows[:limit])
    is_backward = cursor is not None and cursor.is_backward
    if is_backward:
        page.reverse()
    if not page:
        return [], None, None
    has_previous = has_more if is_backward else cursor is not None
    has_next = True if is_backward else has_more
    return page, page[0] if has_previous else None, page[-1] if has_next else None
