"""Putting records on fixed lists and taking them off: by hand, by what they are known by, all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import delete, select

from services.actors import Permission
from services.arguments import Keys, Line
from services.database import new_id
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.filtering import compile_filter, parse_filter
from services.marketing.fills import begin_fill, resume_fill, source_of, stop_fill, takes_in
from services.marketing.membership import filter_to_members
from services.marketing.segment_model import SEGMENT, Segment, SegmentKind, SegmentMember
from services.operations import Arguments, operation, run
from services.points.keeping import holders, normalise_point
from services.points.model import ContactPoint, PointKind
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.records.types import get_record_type
from services.statements import Statement
from services.unit_of_work import UnitOfWork

MAX_VALUES: Final = 5_000
WAYS: Final = {"email": PointKind.MAIL.value, "phone": PointKind.PHONE.value}
"""By what records are found: their addresses or their numbers."""

_SHOWN: Final = 200
_PUT: Final = Statement(
    """
    INSERT INTO segment_members (id, segment_id, record_type, record_id, added_at, added_by)
    SELECT id, %(segment_id)s, %(record_type)s, record_id, %(at)s, %(by)s
    FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(keys)s AS uuid[])) AS wanted(id, record_id)
    ON CONFLICT DO NOTHING RETURNING id
    """
)


class ManyMembers(Arguments):
    """Which records of which segment."""

    segment_id = key_argument(SEGMENT)
    record_ids = Keys(
        required=True,
        metadata={"title": "Records", "description": "The keys of contacts, leads or accounts."},
    )


class AddMatching(Arguments):
    """Which list is put on a segment."""

    segment_id = key_argument(SEGMENT)
    where = fields.Dict(
        load_default=dict,
        metadata={"title": "Filter", "description": "In the filter language; none: everything."},
    )


class AddByValues(Arguments):
    """Who is put on a segment, told by addresses or numbers."""

    segment_id = key_argument(SEGMENT)
    by = Line(
        load_default="email",
        validate=validate.OneOf(list(WAYS), ["E-mail", "Phone"]),
        metadata={"title": "Found by"},
    )
    values = fields.List(
        fields.String(validate=validate.Length(max=300)),
        required=True,
        validate=validate.Length(1, MAX_VALUES),
        metadata={"title": "Addresses or numbers"},
    )


class WhichSegment(Arguments):
    """Which segment."""

    segment_id = key_argument(SEGMENT)


class TakeSnapshot(Arguments):
    """Which segment becomes a fixed list, and how that is called."""

    segment_id = key_argument(SEGMENT)
    name = Line(required=True, metadata={"title": "Name"})


@operation("segment.add_members", Permission.RECORD_WRITE, ManyMembers, in_diagrams=True)
def add_members(uow: UnitOfWork, *, segment_id: UUID, record_ids: list[UUID]) -> dict[str, Any]:
    """Put records on a fixed list; those that are on it already stay as they are.

    Raises:
        NotFound: One of them does not exist, or the actor may not see it.
        Conflict: It is a live segment.
    """
    segment = _fixed(uow, segment_id)
    wanted = set(record_ids)
    model: Any = get_record_type(segment.of_type).model
    keys = uow.select(model).where(model.id.in_(wanted)).with_only_columns(model.id)
    found = set(uow.session.scalars(keys))
    if found != wanted:
        label = get_record_type(segment.of_type).label.lower()
        raise NotFound(f"There is no such {label}.")
    added = put_members(uow, segment, found)
    _tell(uow, segment, added, "Added", "to")
    return {"segment_id": segment.id, "added": added}


@operation("segment.remove_members", Permission.RECORD_WRITE, ManyMembers, in_diagrams=True)
def remove_members(uow: UnitOfWork, *, segment_id: UUID, record_ids: list[UUID]) -> dict[str, Any]:
    """Take records off a fixed list.

    Raises:
        Conflict: It is a live segment.
    """
    segment = _fixed(uow, segment_id)
    model: Any = get_record_type(segment.of_type).model
    visible = uow.select(model).where(model.id.in_(record_ids)).with_only_columns(model.id)
    removed: Any = uow.session.execute(
        delete(SegmentMember).where(
            SegmentMember.segment_id == segment.id, SegmentMember.record_id.in_(visible)
        )
    )
    _tell(uow, segment, removed.rowcount, "Took", "off")
    return {"segment_id": segment.id, "removed": removed.rowcount}


@operation("segment.add_matching", Permission.RECORD_WRITE, AddMatching)
def add_matching(uow: UnitOfWork, *, segment_id: UUID, where: Mapping[str, Any]) -> dict[str, Any]:
    """Put all records of a list on a fixed list; a long one is taken in by a job.

    Raises:
        Conflict: It is a live segment, or one that is just being filled.
    """
    segment = _fixed(uow, segment_id)
    record_type = get_record_type(segment.of_type)
    compile_filter(uow, parse_filter(record_type, dict(where)))
    fill = begin_fill(uow, segment, [source_of(segment.of_type, where)])
    return {"segment_id": segment.id, "fill_id": fill.id, "added": fill.added}


@operation("segment.add_by_values", Permission.RECORD_WRITE, AddByValues)
def add_by_values(
    uow: UnitOfWork, *, segment_id: UUID, by: str, values: Sequence[str]
) -> dict[str, Any]:
    """Put whoever has one of these addresses or numbers on a fixed list.

    Raises:
        Conflict: It is a live segment.
        NotAllowed: Addresses or numbers are hidden from the actor: who is found would tell them.
    """
    segment = _fixed(uow, segment_id)
    if by in uow.actor.hidden_fields(segment.of_type):
        raise NotAllowed("Your roles don't let you see by what these would be found.")
    wanted, unread = _normalised(WAYS[by], values)
    model: Any = get_record_type(segment.of_type).model
    keys = holders(segment.of_type, WAYS[by], wanted)
    visible = uow.select(model).where(model.id.in_(keys)).with_only_columns(model.id)
    found = set(uow.session.scalars(visible))
    known = _known_values(uow, WAYS[by], segment.of_type, wanted, found)
    added = put_members(uow, segment, found)
    _tell(uow, segment, added, "Added", "to")
    missing = [text for normalised, text in wanted.items() if normalised not in known]
    return {
        "segment_id": segment.id,
        "added": added,
        "found": len(found),
        "missing": [*unread, *missing][:_SHOWN],
        "missing_count": len(unread) + len(missing),
    }


@operation("segment.snapshot", Permission.RECORD_WRITE, TakeSnapshot)
def take_snapshot(uow: UnitOfWork, *, segment_id: UUID, name: str) -> Segment:
    """Make a fixed list of the members that a segment has at this moment."""
    source = uow.get(Segment, segment_id)
    values = {
        "name": name,
        "of_type": source.of_type,
        "kind": SegmentKind.STATIC.value,
        "owner_id": str(source.owner_id) if source.owner_id else None,
        "team_id": str(source.team_id) if source.team_id else None,
    }
    copy: Segment = run(uow, "segment.create", values)
    begin_fill(uow, copy, [source_of(source.of_type, filter_to_members(source))])
    return copy


@operation("segment.stop_fill", Permission.RECORD_WRITE, WhichSegment)
def stop_segment_fill(uow: UnitOfWork, *, segment_id: UUID) -> dict[str, Any]:
    """Stop taking records into a fixed list; who is in stays."""
    fill = stop_fill(uow, _fixed(uow, segment_id))
    return {"segment_id": segment_id, "fill_id": fill.id}


@operation("segment.resume_fill", Permission.RECORD_WRITE, WhichSegment)
def resume_segment_fill(uow: UnitOfWork, *, segment_id: UUID) -> dict[str, Any]:
    """Go on taking records into a fixed list where it was stopped."""
    fill = resume_fill(uow, _fixed(uow, segment_id))
    return {"segment_id": segment_id, "fill_id": fill.id}


def put_members(uow: UnitOfWork, segment: Segment, keys: Iterable[UUID]) -> int:
    """Put records on a fixed list, and return how many were not on it yet."""
    wanted = sorted(keys)
    if not wanted:
        return 0
    added = _PUT.rows(
        uow.session,
        ids=[new_id() for _ in wanted],
        keys=wanted,
        segment_id=segment.id,
        record_type=segment.of_type,
        at=uow.now,
        by=uow.actor.name,
    )
    return len(added)


def _fixed(uow: UnitOfWork, segment_id: UUID) -> Segment:
    """Return a fixed list that the actor may change, held to the commit."""
    segment = uow.get(Segment, segment_id, lock=True)
    if segment.is_live:
        raise Conflict("The members of a live segment follow from its filter.")
    return segment


def _normalised(kind: str, values: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the normalised values with their texts, and what is none of this kind."""
    wanted: dict[str, str] = {}
    unread = []
    for text in dict.fromkeys(value.strip() for value in values):
        if not text:
            continue
        try:
            wanted.setdefault(normalise_point(kind, text), text)
        except ValueError:
            unread.append(text)
    if not wanted and not unread:
        raise Invalid("Give some addresses or numbers.", {"values": ["Give some."]})
    return wanted, unread


def _known_values(
    uow: UnitOfWork, kind: str, of_type: str, wanted: Iterable[str], keys: Iterable[UUID]
) -> set[str]:
    """Return those values that one of these records has."""
    statement = select(ContactPoint.normalised).where(
        ContactPoint.record_id.in_(list(keys)),
        ContactPoint.record_type == of_type,
        ContactPoint.kind == kind,
        ContactPoint.normalised.in_(list(wanted)),
    )
    return set(uow.session.scalars(statement))


def _tell(uow: UnitOfWork, segment: Segment, count: int, verb: str, where: str) -> None:
    if count:
        label = get_record_type(segment.of_type)
        noun = (label.label if count == 1 else label.plural).lower()
        add_entry(uow, segment, "changed", f"{verb} {count:,} {noun} {where} the list")


def _put(uow: UnitOfWork, segment: Segment, _source: Mapping[str, Any], keys: Any) -> int:
    return put_members(uow, segment, keys)


takes_in(Segment, _put)
