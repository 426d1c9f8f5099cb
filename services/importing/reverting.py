"""Undoing an import: what it made goes into the bin, what it changed gets its former values back.

What somebody has touched since stays as it is, and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import or_, select

from services.errors import LanewiseError
from services.importing.types import import_type, imported_title, is_record_type, operation_for
from services.operations import run
from services.records.timeline import TimelineRow
from services.unit_of_work import UnitOfWork


def revert_chunk(
    uow: UnitOfWork, undo: Mapping[str, Any]
) -> tuple[list[list[Any]], dict[str, int]]:
    """Undo what a chunk did, as far as nobody has touched it since.

    Returns:
        The conflicts (type, key, title, why), and how many records were ``removed``,
        ``restored``, or are in ``conflict``.
    """
    conflicts: list[list[Any]] = []
    counts: Counter[str] = Counter()
    for kind, key, created, version, fields in reversed(undo["entries"]):
        record = uow.find(import_type(kind).model, UUID(key), lock=True)
        if record is None:
            reason = None if created else "It was deleted."
            verdict = "removed"
        elif created and not is_record_type(kind):
            verdict, reason = "removed", _remove_row(uow, kind, record, fields)
        elif created:
            verdict, reason = "removed", _remove(uow, record, version, UUID(undo["marker"]))
        else:
            verdict, reason = "restored", _restore(uow, kind, record, fields)
        if reason:
            title = imported_title(uow, record) if record is not None else ""
            conflicts.append([kind, key, title, reason])
            verdict = "conflict"
        counts[verdict] += 1
    return conflicts, dict(counts)


def _remove(uow: UnitOfWork, record: Any, version: int, marker: UUID) -> str | None:
    """Put a record into the bin unless it was touched; return why it was not."""
    if record.version != version:
        return "It was changed since."
    if _has_happened(uow, record, marker):
        return "Something was added to it since."
    arguments = {"record_type": record.record_type, "record_id": str(record.id)}
    return _attempt(uow, "record.delete", arguments)


def _remove_row(uow: UnitOfWork, kind: str, record: Any, fields: Mapping[str, Any]) -> str | None:
    """Remove what is no record unless it was changed; return why it was not."""
    if any(as_json(getattr(record, name)) != new for name, (_, new) in fields.items()):
        return "It was changed since."
    return _attempt(uow, f"{kind}.remove", {f"{kind}_id": str(record.id)})


def _restore(uow: UnitOfWork, name: str, record: Any, fields: Mapping[str, Any]) -> str | None:
    """Give fields their former values unless they were changed; return why some were not."""
    record_type = import_type(name)
    before: dict[str, Any] = {}
    changed = []
    for field_name, (old, new) in fields.items():
        one = record_type.field(field_name)
        if one is None or not one.writable:
            continue
        if as_json(getattr(record, field_name)) == new:
            before[field_name] = old
        else:
            changed.append(one.label)
    if before:
        arguments = {f"{name}_id": str(record.id), **before}
        refused = _attempt(uow, operation_for(name, "update"), arguments)
        if refused:
            return refused
    return f"Changed since: {', '.join(changed)}." if changed else None


def _has_happened(uow: UnitOfWork, record: Any, marker: UUID) -> bool:
    """Tell whether the record's timeline, or what belongs to it, went on after the import."""
    about: Any = TimelineRow.record_id == record.id
    if record.record_type == "account":
        about = or_(about, TimelineRow.account_id == record.id)
    later = select(TimelineRow.id).where(
        about, TimelineRow.id > marker, TimelineRow.kind != "deleted"
    )
    return uow.session.scalar(later.limit(1)) is not None


def _attempt(uow: UnitOfWork, operation: str, arguments: Mapping[str, Any]) -> str | None:
    try:
        with uow.savepoint():
            run(uow, operation, arguments)
            uow.session.flush()
    except LanewiseError as error:
        return error.message
    return None


def as_json(value: Any) -> Any:
    """Return a value as it is kept for undoing."""
    return orjson.loads(orjson.dumps(value, default=str))
