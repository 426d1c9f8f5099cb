"""The condition of words: what the search box of a list finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true

from services.filtering.values import storable
from services.records.folding import fold
from services.records.types import RecordType

_LONGEST = 200
_WORDS = 10
_SHORTEST_NUMBER = 4


def search_condition(record_type: RecordType, text: str, model: Any = None) -> ColumnElement[bool]:
    """Return the SQL that finds every word of ``text``, and phone numbers however written."""
    column = (model or record_type.model).search_text
    words = fold(storable(text[:_LONGEST])).split()[:_WORDS]
    matches = and_(true(), *(column.contains(word, autoescape=True) for word in words))
    digits = "".join(c for c in text[:_LONGEST] if c.isdigit())
    if len(digits) >= _SHORTEST_NUMBER and not any(c.isalpha() for c in text):
        return or_(matches, column.contains(digits, autoescape=True))
    return matches
