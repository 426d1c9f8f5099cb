"""What can be done with tags, and the queries about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import validate
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.actors import Permission
from services.arguments import Key, Line
from services.database import new_id
from services.errors import Invalid, NotFound
from services.operations import Arguments, operation
from services.records.folding import fold
from services.records.timeline import add_entry
from services.records.types import get_record
from services.tags.model import COLOURS, Tag, TagLink
from services.unit_of_work import UnitOfWork

MAX_LENGTH = 50
MAX_ON_RECORD = 50
USES_COUNTED = 100
"""A tag with more uses is as good a suggestion as any: a million links are not counted for it."""


class TagName(Line):
    """The name of a tag: a word or a few, without commas, which part them."""

    max_length = MAX_LENGTH

    def _tidy(self, text: str) -> str:
        return super()._tidy(text.replace(",", " "))


_IS_COLOUR = validate.OneOf(list(COLOURS), list(COLOURS.values()))


class TagRecord(Arguments):
    """Which record gets or loses which tag."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    name = TagName(required=True, metadata={"title": "Tag"})


class CreateTag(Arguments):
    """A new tag."""

    name = TagName(required=True, metadata={"title": "Name"})
    colour = Line(load_default="grey", validate=_IS_COLOUR, metadata={"title": "Colour"})


class ChangeTag(Arguments):
    """What becomes of a tag."""

    tag_id = Key(required=True, metadata={"title": "Tag"})
    name = TagName(metadata={"title": "Name"})
    colour = Line(validate=_IS_COLOUR, metadata={"title": "Colour"})


class NameTag(Arguments):
    """Which tag."""

    tag_id = Key(required=True, metadata={"title": "Tag"})


class MergeTags(NameTag):
    """Which tag becomes which."""

    into_id = Key(required=True, metadata={"title": "Into"})


@operation("record.tag", Permission.RECORD_WRITE, TagRecord, in_diagrams=True)
def tag_record(uow: UnitOfWork, *, record_type: str, record_id: UUID, name: str) -> Any:
    """Stick a tag on a record; a tag that nobody has used yet is made."""
    record = get_record(uow, record_type, record_id, lock=True)
    tag = _find(uow, name) or _make(uow, name, "grey")
    there = tags_of(uow, [record.id]).get(record.id, [])
    if any(one.id == tag.id for one in there):
        return record
    if len(there) >= MAX_ON_RECORD:
        _refuse(f"A record has at most {MAX_ON_RECORD} tags.")
    uow.session.add(
        TagLink(
            tag_id=tag.id,
            record_type=record_type,
            record_id=record.id,
            tagged_at=uow.now,
            tagged_by=uow.actor.name,
        )
    )
    add_entry(uow, record, "changed", f"Tagged “{tag.name}”", None, {"tag_id": str(tag.id)})
    uow.emit(f"{record_type}.tagged", record_type, record.id, tag=tag.name)
    return record


@operation("record.untag", Permission.RECORD_WRITE, TagRecord, in_diagrams=True)
def untag_record(uow: UnitOfWork, *, record_type: str, record_id: UUID, name: str) -> Any:
    """Take a tag off a record."""
    record = get_record(uow, record_type, record_id, lock=True)
    tag = _find(uow, name)
    if tag is None:
        return record
    removed = uow.session.scalar(
        delete(TagLink)
        .where(TagLink.tag_id == tag.id, TagLink.record_id == record.id)
        .returning(TagLink.id)
    )
    if removed is not None:
        details = {"tag_id": str(tag.id)}
        add_entry(uow, record, "changed", f"Took off the tag “{tag.name}”", None, details)
        uow.emit(f"{record_type}.untagged", record_type, record.id, tag=tag.name)
    return record


@operation("tag.create", Permission.DATA_MANAGE, CreateTag)
def create_tag(uow: UnitOfWork, *, name: str, colour: str) -> Tag:
    """Make a tag before anybody uses it."""
    if _find(uow, name) is not None:
        _refuse("There is a tag of this name.")
    return _make(uow, name, colour)


@operation("tag.update", Permission.DATA_MANAGE, ChangeTag)
def update_tag(uow: UnitOfWork, *, tag_id: UUID, **values: str) -> Tag:
    """Rename a tag or give it another colour, on all records at once."""
    tag = uow.get(Tag, tag_id, lock=True)
    if "name" in values:
        other = _find(uow, values["name"])
        if other is not None and other.id != tag.id:
            _refuse("There is a tag of this name; merge the two instead.")
        tag.name, tag.name_key = values["name"], fold(values["name"])
    tag.colour = values.get("colour", tag.colour)
    uow.session.flush()
    return tag


@operation("tag.merge", Permission.DATA_MANAGE, MergeTags)
def merge_tags(uow: UnitOfWork, *, tag_id: UUID, into_id: UUID) -> Tag:
    """Make one tag of two: what carried the first carries the second."""
    if tag_id == into_id:
        message = "A tag can't be merged with itself."
        raise Invalid(message, {"into_id": [message]})
    held = {key: uow.get(Tag, key, lock=True) for key in sorted((tag_id, into_id))}
    both = select(TagLink.record_id).where(TagLink.tag_id == into_id)
    uow.session.execute(
        delete(TagLink).where(TagLink.tag_id == tag_id, TagLink.record_id.in_(both))
    )
    uow.session.execute(update(TagLink).where(TagLink.tag_id == tag_id).values(tag_id=into_id))
    uow.session.delete(held[tag_id])
    uow.session.flush()
    return held[into_id]


@operation("tag.delete", Permission.DATA_MANAGE, NameTag)
def delete_tag(uow: UnitOfWork, *, tag_id: UUID) -> dict[str, Any]:
    """Delete a tag, and take it off all records."""
    tag = uow.get(Tag, tag_id, lock=True)
    uow.session.execute(delete(TagLink).where(TagLink.tag_id == tag_id))
    uow.session.delete(tag)
    return {"tag_id": tag_id}


def tags_of(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, list[Tag]]:
    """Return the tags of some records in one statement, by name.

    The caller has read the records; a tag says nothing that their reader may not know.
    """
    wanted = list(keys)
    found: dict[UUID, list[Tag]] = defaultdict(list)
    if wanted:
        statement = (
            select(TagLink.record_id, Tag)
            .join(Tag, Tag.id == TagLink.tag_id)
            .where(TagLink.record_id.in_(wanted))
            .order_by(Tag.name_key)
        )
        for key, tag in uow.session.execute(statement):
            found[key].append(tag)
    return dict(found)


def carry_tags(uow: UnitOfWork, source: Any, target: Any) -> None:
    """Give ``target`` the tags of ``source`` that it lacks."""
    found = tags_of(uow, [source.id, target.id])
    there = {tag.id for tag in found.get(target.id, [])}
    for tag in found.get(source.id, []):
        if tag.id not in there:
            uow.session.add(
                TagLink(
                    tag_id=tag.id,
                    record_type=target.record_type,
                    record_id=target.id,
                    tagged_at=uow.now,
                    tagged_by=uow.actor.name,
                )
            )


def has_any_tag(model: Any, tag_ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Return the SQL condition of records of ``model`` that carry one of these tags."""
    return exists().where(
        TagLink.record_id == model.id,
        TagLink.tag_id.in_(list(tag_ids)),
        TagLink.record_type == model.record_type,
    )


def suggest_tags(uow: UnitOfWork, text: str = "", limit: int = 10) -> Sequence[Tag]:
    """Return the tags that begin with ``text``, or have it inside, the most used first."""
    key = fold(text.replace("\x00", "")[:MAX_LENGTH])
    some = select(1).where(TagLink.tag_id == Tag.id).correlate(Tag).limit(USES_COUNTED)
    uses = select(func.count()).select_from(some.subquery()).scalar_subquery()
    statement = (
        select(Tag)
        .where(Tag.name_key.contains(key, autoescape=True))
        .order_by(
            Tag.name_key.startswith(key, autoescape=True).desc(),
            uses.desc(),
            Tag.name_key,
        )
    )
    return uow.session.scalars(statement.limit(limit)).all()


def list_tags(uow: UnitOfWork) -> list[tuple[Tag, int]]:
    """Return all tags by name, each with the number of records that carry it."""
    uses = func.count(TagLink.id)
    statement = (
        select(Tag, uses)
        .outerjoin(TagLink, TagLink.tag_id == Tag.id)
        .group_by(Tag.id)
        .order_by(Tag.name_key)
    )
    return [(tag, number) for tag, number in uow.session.execute(statement)]


def _find(uow: UnitOfWork, name: str) -> Tag | None:
    return uow.session.scalars(select(Tag).where(Tag.name_key == fold(name))).one_or_none()


def _make(uow: UnitOfWork, name: str, colour: str) -> Tag:
    """Insert a tag, or take the one that somebody else inserts at this moment."""
    key = fold(name)
    if not key:
        _refuse("Please give the tag a name.")
    statement = insert(Tag).values(
        id=new_id(),
        name=name,
        name_key=key,
        colour=colour,
        version=1,
        created_at=uow.now,
        created_by=uow.actor.name,
    )
    uow.session.execute(statement.on_conflict_do_nothing())
    tag = _find(uow, name)
    if tag is None:
        raise NotFound("There is no such tag.")
    return tag


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"name": [message]})
