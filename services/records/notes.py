"""Notes that people write on a record's timeline, change, and name colleagues in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from services.actors import Permission
from services.arguments import Key, Line, LongText
from services.errors import Conflict, NotAllowed, NotFound, not_found_as
from services.notifications.model import NotificationKind
from services.notifications.posting import News, take_back, tell_people
from services.operations import Arguments, operation
from services.people.model import User
from services.records.folding import fold
from services.records.note_model import Mention, NoteVersion
from services.records.schemas import AnyRecordType
from services.records.timeline import TimelineRow, add_entry
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

_MOST_MENTIONS = 50
_DELETED = "deleted_at"


class AddNote(Arguments):
    """What is noted, and on which record."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    text = LongText(
        required=True,
        metadata={"title": "Note", "description": "Name a colleague as @Anna or @Anna Berg."},
    )


class ChangeNote(Arguments):
    """What a note says instead."""

    note_id = Key(required=True, metadata={"title": "Note", "description": "Its entry's key."})
    text = LongText(required=True, metadata={"title": "Note"})
    seen = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "Seen", "description": "The text that was changed; another: conflict."},
    )


class NameNote(Arguments):
    """Which note."""

    note_id = Key(required=True, metadata={"title": "Note", "description": "Its entry's key."})


class ReadMentions(Arguments):
    """Which mentions of oneself were seen."""

    mention_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Mention", "description": "All of them if empty."},
    )


@operation("note.add", Permission.RECORD_WRITE, AddNote, in_diagrams=True)
def add_note(uow: UnitOfWork, *, record_type: str, record_id: UUID, text: str) -> Any:
    """Write a note on a record's timeline."""
    record = get_record(uow, record_type, record_id, hold=True)
    entry = add_entry(uow, record, "note", "Wrote a note", body=text)
    if "@" in text:
        uow.session.flush()
        _mention(uow, entry, find_mentioned(uow, text))
    return record


@operation("note.update", Permission.RECORD_WRITE, ChangeNote)
def update_note(
    uow: UnitOfWork, *, note_id: UUID, text: str, seen: str | None = None
) -> dict[str, Any]:
    """Change a note of one's own; what it said before is kept."""
    entry = _own_note(uow, note_id)
    if is_deleted(entry):
        raise Conflict("This note is deleted. Bring it back first.")
    if seen is not None and seen != (entry.body or "").strip():
        raise Conflict("You have changed this note in the meantime. Please look again.")
    if text != entry.body:
        _keep_version(uow, entry)
        entry.body = text
        entry.details = {**entry.details, "edited_at": uow.now.isoformat()}
        _mention(uow, entry, find_mentioned(uow, text))
    return {"note_id": entry.id}


@operation("note.delete", Permission.RECORD_WRITE, NameNote)
def delete_note(uow: UnitOfWork, *, note_id: UUID) -> dict[str, Any]:
    """Take a note of one's own off its record; that there was one is still told."""
    entry = _own_note(uow, note_id)
    if not is_deleted(entry):
        _keep_version(uow, entry)
        entry.body = None
        entry.details = {**entry.details, _DELETED: uow.now.isoformat()}
        _mention(uow, entry, [])
    return {"note_id": entry.id}


@operation("note.restore", Permission.RECORD_WRITE, NameNote)
def restore_note(uow: UnitOfWork, *, note_id: UUID) -> dict[str, Any]:
    """Bring a deleted note of one's own back, as it was."""
    entry = _own_note(uow, note_id)
    if is_deleted(entry):
        last = note_versions(uow, note_id)[0]
        entry.body = last.text
        entry.details = {name: told for name, told in entry.details.items() if name != _DELETED}
        uow.session.delete(last)
        _mention(uow, entry, find_mentioned(uow, last.text))
    return {"note_id": entry.id}


@operation("mention.read", Permission.TASK_WORK, ReadMentions)
def read_mentions(uow: UnitOfWork, *, mention_id: UUID | None = None) -> dict[str, Any]:
    """Note that one has seen where one was named."""
    statement = select(Mention).where(
        Mention.user_id == uow.actor.user_id, Mention.read_at.is_(None)
    )
    if mention_id is not None:
        statement = statement.where(Mention.id == mention_id)
    rows = uow.session.scalars(statement.with_for_update()).all()
    for row in rows:
        row.read_at = uow.now
    return {"read": len(rows)}


def find_note(uow: UnitOfWork, note_id: UUID) -> TimelineRow:
    """Return the entry of a note on a record that the actor may see.

    Raises:
        NotFound: There is no such note, or its record is not visible.
    """
    return _get_note(uow, note_id)


def note_versions(uow: UnitOfWork, note_id: UUID) -> Sequence[NoteVersion]:
    """Return what a note said before, the newest first; of a deleted one, only to who wrote it.

    Raises:
        NotFound: There is no such note, or its record is not visible.
    """
    entry = _get_note(uow, note_id)
    if is_deleted(entry) and not is_own(uow, entry):
        return []
    statement = select(NoteVersion).where(NoteVersion.entry_id == entry.id)
    return uow.session.scalars(statement.order_by(NoteVersion.id.desc())).all()


def is_deleted(entry: TimelineRow) -> bool:
    """Tell whether who wrote a note has taken it away."""
    return _DELETED in entry.details


def is_own(uow: UnitOfWork, entry: TimelineRow) -> bool:
    """Tell whether the actor wrote a note."""
    return entry.actor_id is not None and entry.actor_id == uow.actor.user_id


def mentions_of(uow: UnitOfWork, *, unread: bool = True, limit: int = 50) -> Sequence[Mention]:
    """Return where the actor was named, the newest first."""
    statement = select(Mention).where(Mention.user_id == uow.actor.user_id)
    if unread:
        statement = statement.where(Mention.read_at.is_(None))
    return uow.session.scalars(statement.order_by(Mention.id.desc()).limit(limit)).all()


def find_mentioned(uow: UnitOfWork, text: str) -> list[User]:
    """Return the people named as ``@first name``, ``@Full Name`` or ``@mail@address``.

    The longest name counts; a first name that several share names nobody.
    """
    places = [match.end() for match in re.finditer(r"(?<![\w.])@(?=\w)", text)][:_MOST_MENTIONS]
    if not places:
        return []
    people = uow.session.scalars(select(User).where(User.active).order_by(User.name)).all()
    called: dict[str, list[User]] = {}
    for person in people:
        full = fold(person.name)
        for name in {full, full.split(" ")[0], fold(person.email)}:
            called.setdefault(name, []).append(person)
    longest = sorted((name for name in called if name), key=len, reverse=True)
    found: dict[UUID, User] = {}
    for place in places:
        rest = fold(text[place : place + 200])
        meant = next((called[one] for one in longest if _begins(rest, one)), [])
        if len(meant) == 1:
            found[meant[0].id] = meant[0]
    return list(found.values())


def named_in_vain(uow: UnitOfWork, text: str, record: Any) -> list[str]:
    """Return the names of those who are named in a note but may not see its record.

    They are told nothing of it until they may.
    """
    return [
        person.name
        for person in find_mentioned(uow, text)
        if uow.acting_as(person.actor()).find(type(record), record.id) is None
    ]


def _begins(text: str, name: str) -> bool:
    following = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (following.isalnum() or following == "_")


def _get_note(uow: UnitOfWork, note_id: UUID, *, lock: bool = False) -> TimelineRow:
    entry = uow.session.get(TimelineRow, note_id, with_for_update=lock)
    if entry is None or entry.kind != "note":
        raise NotFound("There is no such note.")
    with not_found_as("There is no such note."):
        get_record(uow, entry.record_type, entry.record_id)
    return entry


def _own_note(uow: UnitOfWork, note_id: UUID) -> TimelineRow:
    entry = _get_note(uow, note_id, lock=True)
    if not is_own(uow, entry):
        raise NotAllowed("Only who wrote a note can change it.")
    return entry


def _keep_version(uow: UnitOfWork, entry: TimelineRow) -> None:
    """Keep what a note says now, before it says something else."""
    uow.session.add(
        NoteVersion(
            entry_id=entry.id,
            text=entry.body or "",
            replaced_at=uow.now,
            replaced_by=uow.actor.name,
        )
    )


def _mention(uow: UnitOfWork, entry: TimelineRow, people: Sequence[User]) -> None:
    """Keep who is named; who is named no more is not told any longer."""
    named = {person.id for person in people}
    rows = uow.session.scalars(select(Mention.user_id).where(Mention.entry_id == entry.id))
    known = set(rows)
    if known - named:
        uow.session.execute(
            delete(Mention).where(Mention.entry_id == entry.id, Mention.user_id.not_in(named))
        )
    for user_id in sorted(named - known):
        uow.session.add(
            Mention(
                entry_id=entry.id,
                user_id=user_id,
                record_type=entry.record_type,
                record_id=entry.record_id,
                at=uow.now,
            )
        )
    news = News(
        kind=NotificationKind.MENTION.value,
        key=f"mention:{entry.id}",
        title=f"{uow.actor.name} named you in a note",
        record_type=entry.record_type,
        record_id=entry.record_id,
        about_id=entry.id,
    )
    take_back(uow, known - named, news.key)
    tell_people(uow, named - known - {uow.actor.user_id}, news)
