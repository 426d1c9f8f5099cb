"""What a transaction changes: keeps ``updated_at`` and search text right, and collects changes.

One listener on every flush does it for all rows, so no operation can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from services.database import Timestamped, new_id
from services.records.folding import match_key
from services.search.words import search_text

if TYPE_CHECKING:
    from services.unit_of_work import UnitOfWork

_BOOKKEEPING = frozenset({"id", "version", "created_at", "updated_at", "search_text", "match_key"})


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that was made or changed.

    Attributes:
        kind: The record type, or the table's name for what is not a record.
        fields: Name → (before, after); columns marked ``info={"secret": True}`` show ``***``.
    """

    kind: str
    row_id: UUID
    created: bool
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class TouchedRecord:
    """A record that a transaction made or changed.

    Attributes:
        before: What its changed fields held before the transaction; None in all for a new one.
    """

    record_type: str
    record_id: UUID
    is_new: bool
    before: dict[str, Any] = field(default_factory=dict)


Watcher = Callable[["UnitOfWork", Sequence[TouchedRecord]], None]

_WATCHERS: list[Watcher] = []


def watcher(function: Watcher) -> Watcher:
    """Have ``function`` called before the commit of each transaction that touched records.

    It belongs to the transaction: it may read, and defer jobs. It must be quick.
    """
    _WATCHERS.append(function)
    return function


def tell_watchers(uow: UnitOfWork) -> None:
    """Flush, and tell the watchers of the records that were touched since the last time."""
    session = uow.session
    if session.new or session.dirty:
        session.flush()
    touched: dict[UUID, TouchedRecord] | None = session.info.pop("touched", None)
    if touched:
        for tell in _WATCHERS:
            tell(uow, list(touched.values()))


def begin_collecting(session: Session) -> int:
    """Return a mark; ``take_changes`` gives what was changed after it."""
    return len(session.info.setdefault("changes", []))


def take_changes(session: Session, mark: int) -> list[RowChange]:
    """Flush, and take the changes that were collected since ``mark``."""
    session.flush()
    collected: list[RowChange] = session.info["changes"]
    taken = collected[mark:]
    del collected[mark:]
    return taken


def forget_changes(session: Session, mark: int) -> None:
    """Drop the changes that were collected since ``mark``: they were rolled back."""
    del session.info["changes"][mark:]


def changed_fields(row: Any) -> dict[str, tuple[Any, Any]]:
    """Return the changes of ``row`` that were not yet flushed: name → (before, after)."""
    state = inspect(row)
    changed: dict[str, tuple[Any, Any]] = {}
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if column.key in _BOOKKEEPING or not history.has_changes():
            continue
        before = history.deleted[0] if history.deleted else None
        after = history.added[0] if history.added else None
        if before == after:
            continue
        if column.key == "custom":
            changed |= _added_changes(row, before or {}, after or {})
            continue
        secret = bool(column.columns[0].info.get("secret"))
        changed[column.key] = ("***", "***") if secret else (before, after)
    return changed


def _added_changes(
    row: Any, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the changes of fields that administrators have added, each under its own name."""
    readers = type(row).__added__
    return {
        f"c_{key}": (_read(readers.get(key), before.get(key)), _read(readers.get(key), value))
        for key in (*before, *(key for key in after if key not in before))
        if (value := after.get(key)) != before.get(key)
    }


def _read(reader: Callable[[Any], Any] | None, stored: Any) -> Any:
    return stored if stored is None or reader is None else reader(stored)


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: object, _instances: object) -> None:
    uow = session.info.get("uow")
    if uow is None:
        return
    for row in session.new:
        if isinstance(row, Timestamped) and "created_at" not in inspect(row).dict:
            row.created_at = row.updated_at = uow.now
        _note_new(session, row)
    for row in session.dirty:
        if session.is_modified(row, include_collections=False):
            if isinstance(row, Timestamped):
                row.updated_at = uow.now
            _note_changed(session, row)


def _note_new(session: Session, row: Any) -> None:
    _index_for_search(row)
    if not getattr(row, "__audited__", False):
        return
    if row.id is None:
        row.id = new_id()
    _collect(session, RowChange(_kind(row), row.id, created=True, fields=_first_values(row)))
    _touch(session, row, {}, is_new=True)


def _first_values(row: Any) -> dict[str, tuple[Any, Any]]:
    """Return what a row that was not there before holds; quicker than asking for its history."""
    state = inspect(row)
    found: dict[str, tuple[Any, Any]] = {}
    for column in state.mapper.column_attrs:
        value = state.dict.get(column.key)
        if value is None or column.key in _BOOKKEEPING:
            continue
        secret = column.columns[0].info.get("secret")
        found[column.key] = ("***", "***") if secret else (None, value)
    return found


def _note_changed(session: Session, row: Any) -> None:
    _index_for_search(row)
    if getattr(row, "__audited__", False) and (fields := changed_fields(row)):
        _collect(session, RowChange(_kind(row), row.id, created=False, fields=fields))
        _touch(session, row, {name: pair[0] for name, pair in fields.items()}, is_new=False)


def _touch(session: Session, row: Any, before: dict[str, Any], *, is_new: bool) -> None:
    record_type = getattr(type(row), "record_type", None)
    if not isinstance(record_type, str):  # no record: a column of this name, or none
        return
    touched: dict[UUID, TouchedRecord] = session.info.setdefault("touched", {})
    record = touched.setdefault(row.id, TouchedRecord(record_type, row.id, is_new))
    for name, value in before.items():
        record.before.setdefault(name, value)


def _collect(session: Session, change: RowChange) -> None:
    session.info.setdefault("changes", []).append(change)


def _kind(row: Any) -> str:
    named = getattr(type(row), "record_type", None)  # of others it is a column of this name
    return named if isinstance(named, str) else str(row.__tablename__)


def search_text_of(row: Any) -> str:
    """Return the words by which a record is found."""
    values = (getattr(row, name) for name in type(row).searched_names())
    title = getattr(row, type(row).title_field)
    return search_text(
        type(row).record_type,
        title or "",
        [str(value) for value in values if value],
        most=type(row).__most_words__,
    )


def match_key_of(row: Any) -> str:
    """Return what a record's name has in common with similar ones."""
    return match_key(getattr(row, type(row).__match__) or "")


def _index_for_search(row: Any) -> None:
    """Keep ``search_text`` and ``match_key`` in step with the columns that they are made of."""
    is_new = inspect(row).key is None
    names = getattr(row, "__search__", None)
    if names:
        added = ("custom",) if type(row).__added_texts__ else ()
        if is_new or _touches(row, (*names, type(row).title_field, *added)):
            row.search_text = search_text_of(row)
    named = getattr(row, "__match__", None)
    if named and (is_new or _touches(row, (named,))):
        row.match_key = match_key_of(row)


def _touches(row: Any, names: tuple[str, ...]) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names)
