"""A retired field is deleted for good: its values first, a slice at a time, then the field."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, select, update
from sqlalchemy.dialects.postgresql import JSONB

from services.actors import SYSTEM, Permission
from services.custom.arguments import NameField
from services.custom.fields import get_field, present_field
from services.custom.indexes import index_job
from services.custom.layout import change_layout, lock_layout, look_again
from services.custom.model import CustomField, CustomRecord
from services.custom.options import GOING
from services.errors import Conflict
from services.jobs import job
from services.operations import operation
from services.platform import Platform
from services.records.types import find_record_type
from services.unit_of_work import Job, UnitOfWork

AT_ONCE: Final = 1_000


@operation("custom_field.delete", Permission.LAYOUT_WRITE, NameField)
def delete_field(uow: UnitOfWork, *, field_id: UUID) -> dict[str, Any]:
    """Delete a retired field for good, with the values that records have of it."""
    lock_layout(uow)
    row = get_field(uow, field_id)
    if row.retired_at is None:
        raise Conflict("Retire the field first: what is deleted for good can't be restored.")
    if GOING not in row.options:
        row.options = {**row.options, GOING: True}
        if row.is_indexed:
            row.is_indexed = row.is_unique = False
            uow.defer(index_job(row))
        uow.defer(_next_slice(field_id, None))
        change_layout(uow)
    return present_field(row)


@job("layout.delete_field")
def erase_values(platform: Platform, field_id: str, after: str | None = None) -> None:
    """Take a field's values from one slice of records, and leave the next to another job."""
    look_again(platform)
    key, last = UUID(field_id), None if after is None else UUID(after)
    platform.transact(SYSTEM, lambda uow: _erase_slice(uow, key, last), source="job")


def _next_slice(field_id: UUID, after: UUID | None) -> Job:
    arguments = {"field_id": str(field_id), "after": None if after is None else str(after)}
    return Job(task="layout.delete_field", args=arguments, lock=f"layout:{field_id}")


def _erase_slice(uow: UnitOfWork, field_id: UUID, after: UUID | None) -> None:
    row = uow.session.get(CustomField, field_id)
    if row is None or GOING not in row.options:
        return
    found = find_record_type(row.record_type)
    table: Any = (CustomRecord if found is None else found.model).__table__
    statement = select(table.c.id).where(table.c.custom.has_key(row.key))
    if table is CustomRecord.__table__:
        statement = statement.where(table.c.type == row.record_type)
    if after is not None:
        statement = statement.where(table.c.id > after)
    ordered = statement.order_by(table.c.id).limit(AT_ONCE).with_for_update()
    keys = uow.session.execute(ordered).scalars().all()
    # With its version, so that who is just writing the record does not put the former back.
    emptied = update(table).values(
        custom=table.c.custom.op("-", return_type=JSONB())(cast(row.key, Text)),
        version=table.c.version + 1,
    )
    uow.session.execute(emptied.where(table.c.id.in_(keys)))
    if len(keys) == AT_ONCE:
        uow.defer(_next_slice(field_id, keys[-1]))
        return
    lock_layout(uow)
    uow.session.delete(row)
    change_layout(uow)
