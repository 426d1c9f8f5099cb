"""Fields that records have for filters alone: what they hold follows from something else.

A customer's class follows from what it has bought, a segment's members from its own filter. Their
subjects register them; filters compare them like any other field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

Expression = Callable[[Any], ColumnElement[Any]]
"""Makes the SQL value of a field from the filtered model."""

Belongs = Callable[[UnitOfWork, UUID, Any], ColumnElement[bool]]
"""Makes the SQL condition of rows of a model that belong to what has this key."""

Holds = Callable[[UnitOfWork, UUID, Any], bool]
"""Tells of one record, which may not be written yet, whether it belongs to what has this key."""


@dataclass(frozen=True, slots=True)
class FurtherField(Field):
    """A field that only filters know; it has either an ``expression`` or ``belongs``.

    Attributes:
        expression: It reads nothing but the key of the filtered row.
        holds: Goes with ``belongs``.
        reads: Record types and fields that it tells something of: whoever may not see one of
            them can't filter by it.
    """

    expression: Expression | None = None
    belongs: Belongs | None = None
    holds: Holds | None = None
    reads: tuple[tuple[str, str], ...] = ()

    def is_open_to(self, uow: UnitOfWork) -> bool:
        """Tell whether the actor may see all that the field tells something of."""
        return not any(name in uow.actor.hidden_fields(of_type) for of_type, name in self.reads)


_FURTHER: dict[str, dict[str, FurtherField]] = {}


def register_further_field(record_type: str, field: FurtherField) -> None:
    """Let filters of ``record_type`` compare ``field``."""
    _FURTHER.setdefault(record_type, {})[field.name] = field


def find_further_field(record_type: RecordType, name: str) -> FurtherField | None:
    """Return the further field of this type called ``name``, or None."""
    return _FURTHER.get(record_type.name, {}).get(name)


def further_fields(uow: UnitOfWork, record_type: RecordType) -> Iterator[FurtherField]:
    """Yield the further fields of a type that the actor may filter by."""
    yield from (one for one in _FURTHER.get(record_type.name, {}).values() if one.is_open_to(uow))
