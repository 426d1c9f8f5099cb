"""What can be done with segments: made, changed, asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Key
from services.errors import Invalid
from services.filtering import Filter, compile_filter, parse_filter, reads_whoever_asks
from services.marketing.membership import MAX_NESTED, is_member, segments_named
from services.marketing.segment_model import SEGMENT, Segment, SegmentKind
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, key_argument, update_schema
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

_WHERE: Final = fields.Dict(
    load_default=None,
    allow_none=True,
    metadata={"title": "Filter", "description": "Of a live one, in the filter language."},
)


class CheckSegment(Arguments):
    """Which segment, and which record."""

    segment_id = key_argument(SEGMENT)
    record_id = Key(
        required=True,
        metadata={"title": "Record", "description": "The key of a contact, lead or account."},
    )


@operation("segment.create", Permission.RECORD_WRITE, create_schema(SEGMENT, where=_WHERE))
def create_segment(
    uow: UnitOfWork, *, where: Mapping[str, Any] | None = None, **values: Any
) -> Segment:
    """Make a segment of contacts, leads or accounts.

    Raises:
        Invalid: The filter is none of these records, or means another set for each person.
    """
    given = {name: value for name, value in values.items() if value is not None}
    segment = Segment(**{"kind": SegmentKind.LIVE.value, "filter": {}, "uses": [], **given})
    check_links(uow, segment)
    _take_filter(uow, segment, where)
    add_record(uow, segment, title=f"Made the segment “{segment.name}”")
    uow.emit("segment.created", "segment", segment.id)
    return segment


@operation("segment.update", Permission.RECORD_WRITE, update_schema(SEGMENT, where=_WHERE))
def update_segment(
    uow: UnitOfWork,
    *,
    segment_id: UUID,
    version: int | None = None,
    where: Mapping[str, Any] | None = None,
    **values: Any,
) -> Segment:
    """Change a segment; a live one gets another filter.

    Raises:
        Invalid: The filter is none of these records, names this segment itself, or it is to be of
            other records than before.
    """
    segment = uow.get(Segment, segment_id, lock=where is not None)
    for name, label in (("of_type", "members"), ("kind", "kind")):
        if values.get(name, getattr(segment, name)) not in {None, getattr(segment, name)}:
            message = f"A segment keeps its {label}; make another one."
            raise Invalid(message, {name: [message]})
        values.pop(name, None)
    title = None
    if where is not None and dict(where) != segment.filter:
        _take_filter(uow, segment, where)
        title = "Changed the filter"
    change_record(uow, segment, values, version=version, title=title)
    return segment


@operation("segment.check", Permission.RECORD_READ, CheckSegment, in_diagrams=True)
def check_segment(uow: UnitOfWork, *, segment_id: UUID, record_id: UUID) -> dict[str, Any]:
    """Tell whether a record is in a segment.

    Raises:
        NotFound: There is no such segment, or no such record of its type.
    """
    segment = uow.get(Segment, segment_id)
    get_record(uow, segment.of_type, record_id)
    return {"is_member": is_member(uow, segment, record_id)}


def used_by(uow: UnitOfWork, segment: Segment) -> list[Segment]:
    """Return the visible segments whose filter names this one, by name."""
    statement = uow.select(Segment).where(Segment.uses.contains([str(segment.id)]))
    return list(uow.session.scalars(statement.order_by(func.lower(Segment.name)).limit(20)))


def _take_filter(uow: UnitOfWork, segment: Segment, raw: Mapping[str, Any] | None) -> None:
    """Check a filter and set it; a fixed list has none."""
    if not segment.is_live:
        if raw:
            _refuse("A fixed list has no filter.")
        return
    read = parse_filter(get_record_type(segment.of_type), dict(raw or {}))
    if reads_whoever_asks(read):
        _refuse("A segment is the same for everybody, so it can't say “me” or “my team”.")
    named = segments_named(read)
    if named:
        _check_circles(uow, segment, named)
    compile_filter(uow, read)
    segment.filter = dict(raw or {})
    segment.uses = sorted(str(key) for key in named)


def _check_circles(uow: UnitOfWork, segment: Segment, named: Iterable[UUID]) -> None:
    """Refuse a filter by which a segment would come to be made of itself."""
    # One after the other, or two who name each other's segment would both see no circle.
    uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("segments"))))
    seen: set[UUID] = set()
    layer = set(named)
    for _ in range(MAX_NESTED):
        if segment.id in layer:
            _refuse("This filter would make the segment a part of itself.")
        seen |= layer
        rows = uow.session.scalars(select(Segment.uses).where(Segment.id.in_(layer)))
        layer = {UUID(key) for uses in rows for key in uses} - seen
        if not layer:
            return
    _refuse(f"Segments name one another {MAX_NESTED} deep at most.")


def _refuse(message: str) -> None:
    raise Invalid(message, {"where": [message]})


def read_filter(segment: Segment) -> Filter | None:
    """Return the filter of a live segment; None of a fixed list, and of one not to be read."""
    if not segment.is_live:
        return None
    try:
        return parse_filter(get_record_type(segment.of_type), segment.filter)
    except Invalid:
        return None
