"""Deleting for good what has lain in the bin long enough.

It is done once a day, some at a time, each of them with an entry of the audit that says how many
went. Of papers only drafts go, and no file of one that was issued or signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, not_, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from services.actors import SYSTEM, Permission
from services.bin.belongings import delete_with_belongings, kept_by
from services.bin.model import BinEmptying
from services.bin.settings import deadline, find_settings, may_empty
from services.contracts.model import Contract
from services.days import show_day, today
from services.documents.model import Document, DocumentMaking
from services.duplicates.finding import one_of
from services.errors import Conflict
from services.operations import Arguments, operation, run
from services.records.types import RecordType, all_record_types
from services.sales.model import SalesDocument
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour_in_steps

if TYPE_CHECKING:
    from services.platform import Platform

AT_ONCE: Final = 200
"""So many records or files go in one transaction."""

FILES: Final = "document"
"""What files are called among the counts."""

_DRAFT: Final = "draft"


@operation("bin.empty", Permission.DATA_MANAGE, Arguments)
def empty_bin(uow: UnitOfWork) -> dict[str, Any]:
    """Delete for good what has lain in the bin long enough, some of it; say whether more is due.

    Raises:
        Conflict: It is not to be emptied yet.
    """
    settings = find_settings(uow, lock=True)
    if not may_empty(uow, settings):
        first = "" if settings.not_before is None else show_day(settings.not_before)
        raise Conflict(f"Nothing goes for good before {first}.")
    gone: Counter[str] = Counter()
    before = deadline(uow, settings.record_days)
    for record_type in _with_bin() if before is not None else ():
        if gone.total() < AT_ONCE and before is not None:
            gone[record_type.name] += _delete_due(uow, record_type, before, AT_ONCE - gone.total())
    before = deadline(uow, settings.file_days)
    if before is not None and gone.total() < AT_ONCE:
        gone[FILES] += _delete_files(uow, before, AT_ONCE - gone.total())
    kept = _of_today(uow)
    kept.counts = dict(Counter(kept.counts) + gone)
    kept.is_done = not gone.total()
    uow.session.flush()
    return {"gone": gone.total(), "more": not kept.is_done}


@each_hour_in_steps
def empty_bins(platform: Platform) -> None:
    """Empty the bin once a day."""

    def is_due(uow: UnitOfWork) -> bool:
        done = select(BinEmptying.is_done).where(BinEmptying.day == today(uow))
        return may_empty(uow, find_settings(uow)) and not uow.session.scalar(done)

    def empty(uow: UnitOfWork) -> bool:
        return bool(run(uow, "bin.empty", {})["more"])

    if platform.transact(SYSTEM, is_due, source="timer"):
        while platform.transact(SYSTEM, empty, source="timer"):
            pass


def list_emptyings(uow: UnitOfWork, limit: int = 30) -> Sequence[BinEmptying]:
    """Return the last days on which something went for good, the newest first."""
    statement = select(BinEmptying).where(BinEmptying.counts != {}).order_by(BinEmptying.day.desc())
    return uow.session.scalars(statement.limit(limit)).all()


def is_kept(record_type: RecordType) -> ColumnElement[bool]:
    """Return the condition of records in the bin that don't go for good: something needs them."""
    model = record_type.model
    kept = kept_by(record_type)
    if issubclass(model, SalesDocument):
        kept.append(model.status != _DRAFT)
    if issubclass(model, Contract):
        kept.append(model.signed_document_id.is_not(None))
    return or_(*kept)


def is_kept_file() -> ColumnElement[bool]:
    """Return the condition of deleted files that don't go for good."""
    kept: list[ColumnElement[bool]] = [
        select(column).where(column == Document.id).correlate(Document).exists()
        for column in _naming_files()
    ]
    for record_type in all_record_types():
        model = record_type.model
        if issubclass(model, SalesDocument):
            paper = select(model.id).where(model.id == Document.record_id, model.status != _DRAFT)
            of_type = Document.record_type == record_type.name
            kept.append(and_(of_type, paper.correlate(Document).exists()))
    return or_(*kept)


def _delete_due(uow: UnitOfWork, record_type: RecordType, before: datetime, most: int) -> int:
    """Delete records of a type for good; return how many. What is kept after all is passed over."""
    model = record_type.model
    place = (model.deleted_at, model.id)
    due = (model.deleted_at < before, not_(is_kept(record_type)))
    gone, last = 0, None
    while gone < most:
        statement = select(*place).where(*due).order_by(*place).limit(most - gone)
        if last is not None:
            statement = statement.where(tuple_(*place) > tuple_(*last))
        rows = uow.session.execute(statement.with_for_update(of=model, skip_locked=True)).all()
        if not rows:
            break
        last = tuple(rows[-1])
        keys = [row.id for row in rows]
        if _try(uow, record_type, keys):
            gone += len(keys)
        else:
            gone += sum(_try(uow, record_type, [key]) for key in keys)
    return gone


def _try(uow: UnitOfWork, record_type: RecordType, keys: Sequence[UUID]) -> bool:
    """Delete records for good, or none of them if something refers to one; tell which."""
    try:
        with uow.savepoint():
            delete_with_belongings(uow, record_type, keys)
    except IntegrityError:
        return False
    return True


def _delete_files(uow: UnitOfWork, before: datetime, most: int) -> int:
    """Delete files for good that were deleted by themselves; return how many."""
    due = (Document.deleted_at < before, not_(is_kept_file()))
    statement = select(Document.id).where(*due).order_by(Document.deleted_at).limit(most)
    held = statement.with_for_update(of=Document, skip_locked=True)
    keys = uow.session.scalars(held).all()
    if keys:
        for column in (DocumentMaking.document_id, Document.id):
            table: Any = column.table
            uow.session.execute(delete(table).where(one_of(column, keys)))
    return len(keys)


def _naming_files() -> Iterator[Any]:
    """Yield the columns by which something else needs a file."""
    own: Any = Document.__table__
    for table in own.metadata.sorted_tables:
        for column in table.columns:
            refers = any(key.column.table is own for key in column.foreign_keys)
            if refers and table is not DocumentMaking.__table__:
                yield column.table.alias().c[column.name] if table is own else column


def _with_bin() -> Iterator[RecordType]:
    """Yield the types of which records can lie in the bin."""
    return (one for one in all_record_types() if hasattr(one.model, "deleted_at"))


def _of_today(uow: UnitOfWork) -> BinEmptying:
    day = today(uow)
    found = uow.session.scalars(select(BinEmptying).where(BinEmptying.day == day)).one_or_none()
    return found or uow.add(BinEmptying(day=day, counts={}, is_done=False))
