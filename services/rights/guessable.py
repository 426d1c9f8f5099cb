"""Fields that can be guessed from others: who may not see the one, may not see the others either.

A deal's probability tells of its stage, and what it is expected to bring of its amount. Fields
say so themselves (``Field.tells_of``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.records.types import RecordType, all_record_types
from services.rights.reach import follow_hidden


def telling_fields(hidden: Callable[[str], frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """Return the fields of each type that tell of what ``hidden`` says is hidden of it."""
    types = (one for one in all_record_types() if any(field.tells_of for field in one.fields))
    return {one.name: _telling(one, hidden(one.name)) for one in types}


def _telling(record_type: RecordType, hidden: frozenset[str]) -> frozenset[str]:
    found = set(hidden)
    while True:
        more = {
            field.name
            for field in record_type.fields
            if field.name not in found and not found.isdisjoint(field.tells_of)
        }
        if not more:
            return frozenset(found - hidden)
        found |= more


# Shipped fields alone say what they tell of, and those stay as they are.
follow_hidden(telling_fields, lambda: 0)
