"""What lies in the bin, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, literal, select, union_all

from services.bin.emptying import is_kept
from services.bin.settings import deadline, find_settings
from services.documents.model import Document
from services.duplicates.finding import one_of
from services.records.types import RecordType, all_record_types, get_record_type
from services.unit_of_work import UnitOfWork

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Heap:
    """What lies in the bin of one record type.

    Attributes:
        oldest: When the first of them was deleted.
        overdue: How many would have gone by now if nothing needed them.
    """

    record_type: RecordType
    number: int
    oldest: datetime
    overdue: int


@dataclass(frozen=True, slots=True)
class Until:
    """How long something can be restored; neither: for ever.

    Attributes:
        day: The day on which it goes for good.
        is_needed: It stays as long as something else needs it.
    """

    day: date | None = None
    is_needed: bool = False


def list_heaps(uow: UnitOfWork) -> list[Heap]:
    """Return what lies in the bin, by record type; of types of which nothing does, nothing."""
    before = deadline(uow, find_settings(uow).record_days)
    parts = []
    for record_type in all_record_types():
        gone: Any = record_type.model.deleted_at
        is_over = gone.is_(None) if before is None else gone < before
        columns = (
            literal(record_type.name).label("name"),
            func.count().label("number"),
            func.min(gone).label("oldest"),
            func.count().filter(is_over).label("overdue"),
        )
        parts.append(select(*columns).select_from(record_type.model).where(gone.is_not(None)))
    rows = uow.session.execute(union_all(*parts)).all()
    return [
        Heap(get_record_type(row.name), row.number, row.oldest, row.overdue)
        for row in rows
        if row.number
    ]


def deleted_files(uow: UnitOfWork) -> Sequence[Document]:
    """Return the files that were deleted last, the newest first, without their content."""
    statement = select(Document).where(Document.deleted_at.is_not(None))
    newest = statement.order_by(Document.deleted_at.desc(), Document.id).limit(SHOWN)
    return uow.session.scalars(newest).all()


def restorable_until(
    uow: UnitOfWork, record_type: RecordType, records: Iterable[Any]
) -> dict[UUID, Until]:
    """Return until when each of some records in the bin can be restored."""
    records = list(records)
    settings = find_settings(uow)
    if settings.record_days is None or not records:
        return {record.id: Until() for record in records}
    model = record_type.model
    keys = [record.id for record in records]
    needed = set(
        uow.session.scalars(select(model.id).where(one_of(model.id, keys), is_kept(record_type)))
    )
    kept = timedelta(days=settings.record_days)
    first = settings.not_before or date.min
    return {
        one.id: Until(is_needed=True)
        if one.id in needed
        else Until(max((one.deleted_at + kept).date(), first))
        for one in records
    }
