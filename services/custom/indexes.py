"""Indexes of added fields, made while everybody works on; lists are sorted by them afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Dialect, func, text
from sqlalchemy.dialects import postgresql

from services.actors import SYSTEM
from services.custom.attributes import stored_text
from services.custom.layout import change_layout, lock_layout, look_again
from services.custom.model import CustomField, CustomRecord
from services.custom.values import storage_of
from services.jobs import job
from services.platform import Platform
from services.records.field_kinds import FIELD_KINDS
from services.records.types import find_record_type
from services.unit_of_work import Job, UnitOfWork


def index_job(row: CustomField) -> Job:
    """Return the job that makes or drops the index of a field, as the field says by then."""
    return Job(task="layout.index", args={"field_id": str(row.id)}, lock=f"layout:{row.id}")


@job("layout.index")
def keep_index(platform: Platform, field_id: str) -> None:
    """Make the index that a field is to have, or drop the one that it had."""
    key = UUID(field_id)
    look_again(platform)
    wanted, is_ready = platform.transact(SYSTEM, lambda uow: _wanted(uow, key), source="job")
    name = index_name(key)
    with platform.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        # One that is there before it was noted may be that of the kind which the field had.
        if wanted is None or not is_ready or not _is_sound(alone, name):
            alone.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        if wanted is not None:
            alone.execute(text(wanted))
    if wanted is not None:
        platform.transact(SYSTEM, lambda uow: _note_ready(uow, key, wanted), source="job")


def index_name(field_id: UUID) -> str:
    """Return what the index of a field is called."""
    return f"ix_added_{field_id.hex}"


def _wanted(uow: UnitOfWork, field_id: UUID) -> tuple[str | None, bool]:
    """Return the statement that makes the index of a field, and whether it is there already.

    The statement is None if there is to be none.
    """
    row = uow.session.get(CustomField, field_id)
    record_type = None if row is None else find_record_type(row.record_type)
    if row is None or record_type is None or not row.is_indexed:
        return None, False
    model = record_type.model
    column = storage_of(row.kind).column(stored_text(model, row.key))
    # The very expression by which lists are sorted, or the planner would not know it.
    expression = func.lower(column) if FIELD_KINDS[row.kind].is_textual else column
    dialect: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    compiled = expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    first = "type, " if issubclass(model, CustomRecord) else ""
    # A percent sign or a colon would be taken for a parameter.
    columns = f"{first}({compiled}), id".replace("%%", "%").replace(":", r"\:")
    statement = (
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index_name(field_id)} "
        f"ON {model.__tablename__} ({columns})"
    )
    return statement, row.index_ready_at is not None


def _is_sound(connection: Connection, name: str) -> bool:
    """Tell whether the index is whole: one whose making was broken off stays, of no use."""
    statement = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    found: Any = connection.scalar(statement, {"name": name})
    return found is not False


def _note_ready(uow: UnitOfWork, field_id: UUID, made: str) -> None:
    """Note that an index is there, if the field still asks for this one."""
    lock_layout(uow)
    row = uow.session.get(CustomField, field_id)
    if row is not None and _wanted(uow, field_id)[0] == made:
        row.index_ready_at = uow.now
        change_layout(uow)
