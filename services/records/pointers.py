"""Where keys of records stand in other tables, found from the tables themselves.

A new table takes part in merging without a word: by a foreign key to the records' table, by the
columns ``record_type`` and ``record_id``, or by a key whose ``info`` names its ``type_column``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Table

from services.database import Base
from services.records.types import RecordType, get_record_type

NOT_MOVED: Final[Mapping[str, str]] = {
    "audit_entries": "Who did what stays as it was.",
    "deal_stage_stays": "Where a deal stood, and when, is its own history.",
    "dossiers": "What was handed out of a person was of that record.",
    "duplicate_pairs": "The two of a pair are one; after an undo they are two again.",
    "erasures": "The proof that a record was emptied is of that record.",
    "merges": "The note of a merge names the two that were merged.",
}
"""Tables in which keys of records stay when those are merged, and why."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A column in which keys of a record type may stand.

    Attributes:
        of_type: The column that says which record type it is, where it may be any.
    """

    table: Table
    column: Column[Any]
    of_type: Column[Any] | None = None

    @property
    def name(self) -> str:
        """Return ``table.column``."""
        return f"{self.table.name}.{self.column.name}"


@cache
def pointers_to(record_type: str) -> tuple[Pointer, ...]:
    """Return the columns of all tables in which keys of this record type stand."""
    return tuple(_find_pointers(get_record_type(record_type)))


def _find_pointers(record_type: RecordType) -> Iterator[Pointer]:
    target: Table = record_type.model.__table__
    # What hangs on others comes first, so that nothing is made for a row that is still to come.
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in NOT_MOVED:
            continue
        for column in table.columns:
            if any(key.column.table is target for key in column.foreign_keys):
                yield Pointer(table, column)
            elif "type_column" in column.info:
                yield Pointer(table, column, table.c[column.info["type_column"]])
        if "record_type" in table.columns and "record_id" in table.columns:
            yield Pointer(table, table.c.record_id, table.c.record_type)
