"""Merging two records that are the same: fields one by one, all relations, with full undo.

The record that is given up goes to the bin. Whatever pointed to it points to the other one
afterwards, found from the tables themselves, so that a new table takes part without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Table,
    UniqueConstraint,
    and_,
    exists,
    false,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped

from services.actors import Permission, Verb
from services.arguments import Key, Line
from services.audit import AuditEntry
from services.consents.keeping import hold_stricter, release_stricter
from services.crm.account_model import Account
from services.crm.account_tree import check_circle
from services.custom.links import move_links
from services.database import Base, Keyed
from services.duplicates.anchors import can_be_double
from services.errors import Conflict, Invalid, NotAllowed, NotFound, not_found_as
from services.operations import Arguments, operation, run
from services.points.keeping import refresh_points
from services.records.reachable import Reachable
from services.records.timeline import add_entry
from services.records.types import (
    RecordType,
    find_record_type,
    get_record,
    get_record_type,
    title_of,
)
from services.unit_of_work import UnitOfWork

_WHO_SEES_IT = frozenset({"owner_id", "team_id"})
# What says who did what stays as it was; so does the note of the merge itself.
_HISTORIES = frozenset({AuditEntry.__tablename__, "merges", "deal_stage_stays"})


class Merge(Keyed, Base):
    """Two records that became one.

    Attributes:
        values: What the kept record held before, of the fields that were taken over.
        taken: What was taken over.
        moved: Table and column → keys of the rows that pointed to the other record.
    """

    __tablename__ = "merges"
    __table_args__ = (Index(None, "kept_id"), Index(None, "dropped_id"))

    record_type: Mapped[str]
    kept_id: Mapped[UUID]
    dropped_id: Mapped[UUID]
    values: Mapped[dict[str, Any]]
    taken: Mapped[dict[str, Any]]
    moved: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    merged_by: Mapped[str]
    undone_at: Mapped[datetime | None]


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


class MergeRecords(Arguments):
    """Which record is kept, which is given up, and which fields are taken over."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    kept_id = Key(required=True, metadata={"title": "Kept"})
    dropped_id = Key(required=True, metadata={"title": "Given up"})
    take = fields.List(
        Line(),
        load_default=list,
        metadata={
            "title": "Take over",
            "description": "Fields of the other record; empty ones are filled anyway.",
        },
    )


class UndoMerge(Arguments):
    """Which merge is undone."""

    merge_id = Key(required=True, metadata={"title": "Merge"})


@operation("record.merge", Permission.RECORD_WRITE, MergeRecords)
def merge_records(
    uow: UnitOfWork, *, record_type: str, kept_id: UUID, dropped_id: UUID, take: list[str]
) -> dict[str, Any]:
    """Merge two records into one; it can be undone.

    Raises:
        Invalid: They can't be merged, or a field is not one of theirs.
        Conflict: Both have something of which there may be one only, such as a live process.
        NotAllowed: The actor may not change the one, or not delete the other.
    """
    found = _mergeable(record_type)
    if kept_id == dropped_id:
        message = "A record can't be merged with itself."
        raise Invalid(message, {"dropped_id": [message]})
    # Always in the same order, so that two who merge the same pair don't wait for each other.
    held = {
        key: get_record(uow, record_type, key, lock=True) for key in sorted((kept_id, dropped_id))
    }
    kept, dropped = held[kept_id], held[dropped_id]
    if not uow.may_do(Verb.DELETE, dropped):
        raise NotAllowed("The record that is given up goes to the bin; you may not delete it.")
    taken = _taken(uow, found, (kept, dropped), take)
    before = _plain({name: getattr(kept, name) for name in taken})
    hold_stricter(uow, record_type, kept.id, dropped.id)
    # Rows first: what they say of an address must be there when the record takes it over.
    moved = _move_all(uow, found, dropped.id, kept.id)
    # Given up before the other takes over what only one of them may have.
    dropped.deleted_at, dropped.deleted_by = uow.now, uow.actor.name
    uow.session.flush()
    _update(uow, kept, _plain(taken))
    _settle(uow, kept, dropped)
    add_entry(uow, kept, "merged", f"Merged with “{title_of(dropped)}”")
    merge = Merge(
        record_type=record_type,
        kept_id=kept.id,
        dropped_id=dropped.id,
        values=before,
        taken=_plain(taken),
        moved=moved,
        merged_at=uow.now,
        merged_by=uow.actor.name,
    )
    uow.add(merge)
    add_entry(uow, dropped, "deleted", f"Merged into “{title_of(kept)}”")
    uow.emit(f"{record_type}.merged", record_type, kept.id, dropped_id=str(dropped.id))
    return {"merge_id": merge.id, "record_id": kept.id}


@operation("record.unmerge", Permission.RECORD_WRITE, UndoMerge)
def undo_merge(uow: UnitOfWork, *, merge_id: UUID) -> dict[str, Any]:
    """Undo a merge: the other record is back, with all that was its own.

    What was changed since stays: a field that has another value now, a row that was moved on.
    """
    merge = uow.session.get(Merge, merge_id, with_for_update=True)
    if merge is None:
        raise NotFound("There is no such merge.")
    with not_found_as("There is no such merge."):
        kept = get_record(uow, merge.record_type, merge.kept_id, lock=True)
    if merge.undone_at is not None:
        raise Conflict("This merge is undone already.")
    found = get_record_type(merge.record_type)
    dropped = uow.session.get(found.model, merge.dropped_id, with_for_update=True)
    if dropped is None or dropped.deleted_at is None:
        raise Conflict("The other record is back already.")
    dropped.deleted_at, dropped.deleted_by = None, None
    now = _plain({name: getattr(kept, name) for name in merge.values})
    unchanged = {
        name: value for name, value in merge.values.items() if now[name] == merge.taken[name]
    }
    uow.session.flush()
    _move_back(uow, found, merge)
    release_stricter(uow, merge.record_type, kept.id)
    _update(uow, kept, unchanged)
    _settle(uow, kept, dropped)
    add_entry(uow, kept, "merged", f"Undid the merge with “{title_of(dropped)}”")
    add_entry(uow, dropped, "restored", f"Undid the merge into “{title_of(kept)}”")
    merge.undone_at = uow.now
    uow.emit(f"{merge.record_type}.restored", merge.record_type, dropped.id)
    return {"record_id": kept.id, "restored_id": dropped.id}


def find_merge(uow: UnitOfWork, record_type: str, record_id: UUID) -> Merge | None:
    """Return the last merge into a record that can still be undone, or None."""
    statement = select(Merge).where(
        Merge.record_type == record_type, Merge.kept_id == record_id, Merge.undone_at.is_(None)
    )
    return uow.session.scalars(statement.order_by(Merge.id.desc()).limit(1)).one_or_none()


@cache
def pointers_to(record_type: str) -> tuple[Pointer, ...]:
    """Return the columns of all tables in which keys of this record type stand."""
    return tuple(_find_pointers(get_record_type(record_type)))


def _find_pointers(record_type: RecordType) -> Iterator[Pointer]:
    target: Table = record_type.model.__table__
    # What hangs on others comes first, so that nothing is made for a row that is still to come.
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in _HISTORIES or len(table.primary_key.columns) != 1:
            continue
        for column in table.columns:
            if any(key.column.table is target for key in column.foreign_keys):
                yield Pointer(table, column)
            elif "type_column" in column.info:
                yield Pointer(table, column, table.c[column.info["type_column"]])
        if "record_type" in table.columns and "record_id" in table.columns:
            yield Pointer(table, table.c.record_id, table.c.record_type)


def _mergeable(record_type: str) -> RecordType:
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        message = f"Records of the type {record_type} can't be merged."
        raise Invalid(message, {"record_type": [message]})
    return found


def _taken(
    uow: UnitOfWork, found: RecordType, pair: tuple[Any, Any], take: list[str]
) -> dict[str, Any]:
    """Return what the kept record takes over: what was chosen, and what it has nothing for.

    Owner and team are only taken over if they are chosen: they decide who sees the record. Empty
    fields are filled even where the actor can't see them: nothing is to get lost.
    """
    kept, dropped = pair
    writable = [field.name for field in found.fields if field.writable]
    locked = uow.actor.locked_fields(found.name)
    unknown = [name for name in take if name not in writable or name in locked]
    if unknown:
        message = f"There is no field {unknown[0]} to take over."
        raise Invalid(message, {"take": [message]})
    values = {name: (getattr(kept, name), getattr(dropped, name)) for name in writable}
    # Neither of the two can stay a part of the other.
    return {
        name: theirs
        for name, (ours, theirs) in values.items()
        if theirs not in (ours, kept.id)
        and (name in take or ours == dropped.id or (_is_empty(ours) and name not in _WHO_SEES_IT))
    }


def _settle(uow: UnitOfWork, kept: Any, dropped: Any) -> None:
    """Bring what is derived from the moved rows into step."""
    if isinstance(kept, Account):
        check_circle(uow, kept.id)
    for record in (kept, dropped):
        if isinstance(record, Reachable):
            refresh_points(uow, record)


def _update(uow: UnitOfWork, record: Any, values: Mapping[str, str | None]) -> None:
    """Change a record by its own operation, which knows the rules of its fields."""
    if values:
        name = record.record_type
        entitled = uow.acting_as(uow.actor.unlimited())
        run(entitled, f"{name}.update", {f"{name}_id": str(record.id), **values})


def _move_all(
    uow: UnitOfWork, record_type: RecordType, dropped_id: UUID, kept_id: UUID
) -> dict[str, list[str]]:
    moved: dict[str, list[str]] = {}
    for pointer in pointers_to(record_type.name):
        try:
            keys = _move(uow, pointer, record_type.name, (dropped_id, kept_id), None)
        except IntegrityError as error:
            raise Conflict(
                "Both have something of which there may be one only, such as a running process. "
                "End one of them first.",
                code="not_mergeable",
            ) from error
        if keys:
            moved[pointer.name] = keys
    return moved | move_links(uow, record_type.name, (dropped_id, kept_id))


def _move_back(uow: UnitOfWork, record_type: RecordType, merge: Merge) -> None:
    for pointer in pointers_to(record_type.name):
        keys = merge.moved.get(pointer.name)
        if keys:
            _move(uow, pointer, record_type.name, (merge.kept_id, merge.dropped_id), keys)
    move_links(uow, record_type.name, (merge.kept_id, merge.dropped_id), merge.moved)


def _move(
    uow: UnitOfWork,
    pointer: Pointer,
    record_type: str,
    ends: tuple[UUID, UUID],
    only: list[str] | None,
) -> list[str]:
    """Let rows point to the second of ``ends`` instead of the first; return their keys."""
    (key,) = pointer.table.primary_key.columns
    # A record that points to its twin must not come to point to itself.
    condition = and_(pointer.column == ends[0], key != ends[1])
    if pointer.of_type is not None:
        condition = and_(condition, pointer.of_type == record_type)
    if pointer.table.info.get("twins_stay"):
        condition = and_(condition, ~_has_twin(pointer, ends[1]))
    if only is not None:
        condition = and_(condition, key.in_([key.type.python_type(text) for text in only]))
    statement = (
        update(pointer.table).where(condition).values({pointer.column.name: ends[1]}).returning(key)
    )
    with uow.session.begin_nested():
        rows = uow.session.execute(statement).scalars().all()
    uow.session.expire_all()
    return [str(row) for row in rows]


def _has_twin(pointer: Pointer, owner: UUID) -> ColumnElement[bool]:
    """Return whether ``owner`` has the like of a row, of which there may be one only."""
    found = []
    for constraint in pointer.table.constraints:
        if not isinstance(constraint, UniqueConstraint):
            continue
        names = {column.name for column in constraint.columns}
        if pointer.column.name in names:
            twin = pointer.table.alias()
            same = [
                twin.c[name] == pointer.table.c[name]
                for name in sorted(names - {pointer.column.name})
            ]
            found.append(exists().where(twin.c[pointer.column.name] == owner, *same))
    return or_(false(), *found)


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON keeps them; several choices stay a list."""
    kept = (type(None), list)
    return {name: v if isinstance(v, kept) else str(v) for name, v in values.items()}
