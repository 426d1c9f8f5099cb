"""Merging two records that are the same: fields one by one, all relations, with full undo.

The record that is given up goes to the bin. Whatever pointed to it points to the other one
afterwards; see ``pointers`` and ``moving``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped

from services.access import visible_to
from services.actors import Permission, Verb
from services.arguments import Key, Line
from services.consents.keeping import hold_stricter, release_stricter
from services.crm.account_model import Account
from services.crm.account_tree import check_circle
from services.custom.links import move_links
from services.database import Base, Keyed
from services.duplicates.anchors import can_be_double
from services.errors import Conflict, Invalid, NotAllowed, NotFound, not_found_as
from services.operations import Arguments, get_operation, operation, run
from services.points.keeping import refresh_points
from services.points.merging import carry_marks, put_marks_back
from services.records.moving import Ends, Moved, check_underway, hold_pointing, move_rows
from services.records.reachable import Reachable
from services.records.timeline import add_entry, move_entries, retell_moved
from services.records.types import (
    RecordType,
    find_record_type,
    get_record,
    get_record_type,
    title_of,
)
from services.records.uniqueness import check_unique
from services.unit_of_work import UnitOfWork

LISTED: Final = 20
_WHO_SEES_IT = frozenset({"owner_id", "team_id"})
_MARKS = "points"
"""What stands in ``Merge.moved`` for marks of addresses that both have."""


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
    found = _mergeable(uow, record_type)
    if kept_id == dropped_id:
        message = "A record can't be merged with itself."
        raise Invalid(message, {"dropped_id": [message]})
    for key in (kept_id, dropped_id):
        get_record(uow, record_type, key, verb=Verb.UPDATE)
    _one_at_a_time(uow)
    hold_pointing(uow, record_type, dropped_id)
    # Always in the same order, as whoever else locks several.
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
    moved = _move_all(uow, record_type, dropped, kept)
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

    What was changed since stays: a field that has another value now, a row that was moved on or
    removed. ``left`` says what that is.

    Raises:
        Conflict: It is undone already, or the kept record was merged away itself.
        Invalid: Another record has a value by now of which there may be one only.
    """
    if uow.session.get(Merge, merge_id) is None:
        raise NotFound("There is no such merge.")
    _one_at_a_time(uow)
    merge = uow.session.get_one(Merge, merge_id, with_for_update=True, populate_existing=True)
    found = _mergeable(uow, merge.record_type)
    _check_kept(uow, found, merge)
    with not_found_as("There is no such merge."):
        get_record(uow, merge.record_type, merge.kept_id, verb=Verb.UPDATE)
        hold_pointing(uow, merge.record_type, merge.kept_id, merge.moved)
        kept = get_record(uow, merge.record_type, merge.kept_id, lock=True)
    if merge.undone_at is not None:
        raise Conflict("This merge is undone already.")
    dropped = uow.session.get(found.model, merge.dropped_id, with_for_update=True)
    if dropped is None:
        raise Conflict("The other record was deleted for good since; it lay in the bin too long.")
    if dropped.deleted_at is None:
        raise Conflict("The other record is back already.")
    now = _plain({name: getattr(kept, name) for name in merge.values})
    unchanged = {
        name: value for name, value in merge.values.items() if now[name] == merge.taken[name]
    }
    left = [field.label for field in found.fields if field.name in merge.values.keys() - unchanged]
    moved_back = move_rows(uow, found.name, (kept.id, dropped.id), merge.moved)
    moved_back |= move_links(uow, found.name, (kept.id, dropped.id), merge.moved)
    release_stricter(uow, merge.record_type, kept.id)
    put_marks_back(uow, merge.moved.get(_MARKS, []))
    # Given back before the other returns: only one of them may have some of it. What names the
    # other itself has to wait until it is there.
    naming = {name: value for name, value in unchanged.items() if value == str(dropped.id)}
    _update(uow, kept, {name: unchanged[name] for name in unchanged.keys() - naming.keys()})
    check_unique(uow, dropped, found.added_fields)
    _bring_back(uow, merge, (kept, dropped), naming, moved_back)
    left += _left_rows(merge, moved_back)
    return {"record_id": kept.id, "restored_id": dropped.id, "left": left}


def _bring_back(
    uow: UnitOfWork,
    merge: Merge,
    pair: tuple[Any, Any],
    naming: Mapping[str, Any],
    moved_back: Moved,
) -> None:
    kept, dropped = pair
    dropped.deleted_at, dropped.deleted_by = None, None
    uow.session.flush()
    _update(uow, kept, naming)
    _settle(uow, kept, dropped)
    if isinstance(dropped, Account):
        retell_moved(uow, moved_back, dropped.id)
    add_entry(uow, kept, "merged", f"Undid the merge with “{title_of(dropped)}”")
    add_entry(uow, dropped, "restored", f"Undid the merge into “{title_of(kept)}”")
    merge.undone_at = uow.now
    uow.emit(f"{merge.record_type}.restored", merge.record_type, dropped.id)


def _check_kept(uow: UnitOfWork, found: RecordType, merge: Merge) -> None:
    """Say why a merge can't be undone whose kept record was given up itself since.

    Raises:
        Conflict: It was.
    """
    model = found.model
    gone = visible_to(uow, model, select(model), verb=Verb.UPDATE, deleted=True)
    kept: Any = uow.session.scalars(gone.where(model.id == merge.kept_id)).one_or_none()
    again = select(Merge.id).where(Merge.dropped_id == merge.kept_id, Merge.undone_at.is_(None))
    if kept is not None and uow.session.scalar(again.limit(1)) is not None:
        raise Conflict(f"“{title_of(kept)}” was merged into another one since. Undo that first.")


def _left_rows(merge: Merge, moved_back: Mapping[str, list[Any]]) -> Iterator[str]:
    """Yield what came along and does not go back: it was removed, or moved on since."""
    for name, keys in merge.moved.items():
        count = len(keys) - len(moved_back.get(name, ()))
        if name != _MARKS and count > 0:
            yield f"{count} {name.partition('.')[0].replace('_', ' ')}"


def check_not_merged(uow: UnitOfWork, record: Any) -> None:
    """Refuse to take a record out of the bin that lies there because it became a part of another.

    Raises:
        Conflict: With what to do instead: what belonged to it is with the other one.
    """
    underway = select(Merge).where(Merge.dropped_id == record.id, Merge.undone_at.is_(None))
    merge = uow.session.scalars(underway.order_by(Merge.id.desc()).limit(1)).first()
    if merge is None:
        return
    kept = uow.find(type(record), merge.kept_id)
    into = "another record" if kept is None else f"“{title_of(kept)}”"
    raise Conflict(f"This was merged into {into}. Undo that merge instead, on its page of doubles.")


def list_merges(uow: UnitOfWork, record_type: str, record_id: UUID) -> list[tuple[Merge, str]]:
    """Return the merges into a record that can still be undone, the last first.

    Each with the title of the record that was given up.
    """
    statement = select(Merge).where(
        Merge.record_type == record_type, Merge.kept_id == record_id, Merge.undone_at.is_(None)
    )
    merges = uow.session.scalars(statement.order_by(Merge.id.desc()).limit(LISTED)).all()
    model = get_record_type(record_type).model
    keys = [merge.dropped_id for merge in merges]
    dropped = uow.session.scalars(select(model).where(model.id.in_(keys))) if keys else ()
    titles = {record.id: title_of(record) for record in dropped}
    return [(one, titles[one.dropped_id]) for one in merges if one.dropped_id in titles]


def _mergeable(uow: UnitOfWork, record_type: str) -> RecordType:
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        message = f"Records of the type {record_type} can't be merged."
        raise Invalid(message, {"record_type": [message]})
    if not uow.actor.may(get_operation(f"{record_type}.update").permission):
        raise NotAllowed(f"You may not change {found.plural.lower()}.")
    return found


def _one_at_a_time(uow: UnitOfWork) -> None:
    """Wait for the merge that is just being done, or undone.

    Each locks much that others may want: the contacts of an account, and their timelines. Two
    that cross would wait for each other.
    """
    place = func.hashtextextended("record.merge", 0)
    uow.session.execute(select(func.pg_advisory_xact_lock(place)))


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
        uow.session.flush()
        move_entries(uow, record)


def _update(uow: UnitOfWork, record: Any, values: Mapping[str, str | None]) -> None:
    """Change a record by its own operation, which knows the rules of its fields."""
    if values:
        name = record.record_type
        entitled = uow.acting_as(uow.actor.unlimited())
        run(entitled, f"{name}.update", {f"{name}_id": str(record.id), **values})


def _move_all(uow: UnitOfWork, record_type: str, dropped: Any, kept: Any) -> Moved:
    ends: Ends = (dropped.id, kept.id)
    check_underway(uow, record_type, ends)
    marks = carry_marks(uow, kept, dropped) if isinstance(kept, Reachable) else []
    moved = move_rows(uow, record_type, ends) | move_links(uow, record_type, ends)
    return moved | {_MARKS: marks} if marks else moved


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON keeps them; several choices stay a list."""
    kept = (type(None), list)
    return {name: v if isinstance(v, kept) else str(v) for name, v in values.items()}
