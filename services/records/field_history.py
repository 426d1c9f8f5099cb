"""Who changed a field of a record, when, from what to what; read from its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from services.errors import NotFound
from services.records.timeline import TimelineRow
from services.records.types import Field, get_record, get_record_type
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change of one field, its values as people read them; None for nothing.

    Attributes:
        id: Of the timeline's entry that tells it.
        kind: ``datetime`` where the values are times, ISO 8601 in UTC.
    """

    id: UUID
    at: datetime
    actor_name: str
    field: str
    label: str
    old: str | None
    new: str | None
    kind: str | None = None


def field_history(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    field_name: str | None = None,
    *,
    before: UUID | None = None,
    limit: int = 100,
) -> list[FieldChange]:
    """Return the changes of a field, or of all that the actor may read, newest first.

    With ``before``, the key of an entry, only older ones; ``limit`` counts entries, of which one
    may tell of several fields.

    Raises:
        NotFound: There is no such record or field, or the actor may not see it.
    """
    record = get_record(uow, record_type, record_id)
    fields = readable(uow, record_type)
    if field_name is not None and field_name not in fields:
        raise NotFound(f"There is no field {field_name}.")
    told: Any = {"changes": [{"field": field_name} if field_name else {}]}
    statement = select(TimelineRow).where(
        TimelineRow.record_id == record.id, TimelineRow.details.contains(told)
    )
    if before is not None:
        edge = select(TimelineRow.at, TimelineRow.id).where(TimelineRow.id == before)
        last = edge.correlate(None).scalar_subquery()
        statement = statement.where(tuple_(TimelineRow.at, TimelineRow.id) < last)
    newest = statement.order_by(TimelineRow.at.desc(), TimelineRow.id.desc()).limit(limit)
    return [
        FieldChange(
            row.id,
            row.at,
            row.actor_name,
            change["field"],
            fields[change["field"]].label,
            change.get("old"),
            change.get("new"),
            change.get("kind"),
        )
        for row in uow.session.scalars(newest)
        for change in row.details["changes"]
        if change.get("field") in fields and field_name in {None, change["field"]}
    ]


def readable(uow: UnitOfWork, record_type: str) -> dict[str, Field]:
    """Return the fields of a type that the actor may read, by name."""
    return {field.name: field for field in uow.readable_fields(get_record_type(record_type))}
