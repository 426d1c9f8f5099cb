"""What a file may say of a new record that is later changed by steps of its own.

A deal begins in a stage of a pipeline; once it is there it is moved, with what the next stage asks
for. A row about a deal that is there may repeat its stage, and is refused another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"deal": ("pipeline_id", "stage")}


def beginning_fields(uow: UnitOfWork, record_type: RecordType) -> dict[str, Field]:
    """Return the fields that only a new record takes from a file, by name."""
    fields = (uow.readable_field(record_type, name) for name in _FIELDS.get(record_type.name, ()))
    return {one.name: one for one in fields if one is not None}


def is_of_beginning(record_type: RecordType, name: str) -> bool:
    """Tell whether only a new record takes this field."""
    return name in _FIELDS.get(record_type.name, ())
