"""Who is in a segment, as SQL: for lists, filters, fills, and one record at a time.

Filters know the field ``segment``: ``{"field": "segment", "op": "eq", "value": "<key>"}``. A live
segment stands there for its own filter, which may name segments in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from services.errors import Invalid
from services.filtering import Filter, compile_filter, matches, parse_filter
from services.filtering.further_fields import FurtherField, register_further_field
from services.filtering.model import Condition, Node, Related, nodes_of
from services.filtering.parsing import refused
from services.marketing.segment_model import SEGMENT_TYPES, Segment, SegmentMember
from services.records.lists import COUNT_CAP
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

FIELD: Final = "segment"
"""What filters call it."""

MAX_NESTED: Final = 5
"""How deep segments may name one another."""

MAX_NAMED: Final = 60
"""How many segments one filter may come to, those that others name among them."""

_WALK: Final = "segments"
_SHOWN: Final = 60


@dataclass(slots=True)
class _Walk:
    """The segments that a condition is just being made of, from the outermost in."""

    within: list[UUID] = field(default_factory=list)
    named: int = 0


def filter_of(segment: Segment) -> Filter:
    """Return the filter that finds the members of a live segment.

    Raises:
        Invalid: It reads what there is no longer.
    """
    return parse_filter(get_record_type(segment.of_type), segment.filter)


def filter_to_members(segment: Segment) -> dict[str, Any]:
    """Return the filter that narrows a list to a segment's members, as JSON."""
    return {"field": FIELD, "op": "eq", "value": str(segment.id)}


def belongs_to(uow: UnitOfWork, segment_id: UUID, model: Any) -> ColumnElement[bool]:
    """Return the SQL condition of rows of ``model`` that are in a segment.

    Of the segments that one names only the first must be visible to the actor: whoever may use a
    segment may use what it is made of.

    Raises:
        Invalid: There is no such segment, it is of other records, or it can't be read.
    """
    with _walking(uow, segment_id) as walk:
        segment = _find_of(uow, segment_id, model.record_type, walk)
        return condition_of(uow, segment, model)


def holds_of(uow: UnitOfWork, segment_id: UUID, record: Any) -> bool:
    """Tell whether a record at hand, which may not be written yet, is in a segment.

    Raises:
        Invalid: As for ``belongs_to``.
    """
    with _walking(uow, segment_id) as walk:
        segment = _find_of(uow, segment_id, record.record_type, walk)
        if segment.is_live:
            where = filter_of(segment)
            if len(walk.within) == 1:
                # For what it refuses: the record at hand is compared without asking for rights.
                compile_filter(uow, where, aliased(type(record)))
                walk.named = 1
            return matches(uow, where, record)
        listed = select(SegmentMember.id).where(
            SegmentMember.segment_id == segment.id, SegmentMember.record_id == record.id
        )
        return uow.session.scalar(listed) is not None


def condition_of(uow: UnitOfWork, segment: Segment, model: Any) -> ColumnElement[bool]:
    """Return the SQL condition of rows of ``model`` that are in a segment at hand.

    Raises:
        Invalid: Its filter can't be read, or reads what the actor may not see.
    """
    if segment.is_live:
        return compile_filter(uow, filter_of(segment), model)
    listed = select(SegmentMember.id).where(
        SegmentMember.segment_id == segment.id, SegmentMember.record_id == model.id
    )
    # Two selects deep, SQLAlchemy would list the record's table again instead of correlating it.
    return listed.correlate_except(SegmentMember).exists()


def is_member(uow: UnitOfWork, segment: Segment, record_id: UUID) -> bool:
    """Tell whether a record that the actor may see is in a segment.

    Raises:
        Invalid: The segment can't be read.
    """
    model: Any = aliased(get_record_type(segment.of_type).model)
    found = uow.select(model).where(model.id == record_id, _of(uow, segment, model))
    return uow.session.scalar(found.with_only_columns(model.id)) is not None


def count_members(uow: UnitOfWork, segment: Segment) -> int:
    """Return how many members the actor sees, at most one more than lists count.

    Raises:
        Invalid: The segment can't be read.
    """
    model: Any = get_record_type(segment.of_type).model
    some = uow.select(model).where(_of(uow, segment, model)).with_only_columns(model.id)
    capped = some.limit(COUNT_CAP + 1).subquery()
    return uow.session.scalar(select(func.count()).select_from(capped)) or 0


def segments_of(uow: UnitOfWork, record: Any) -> Sequence[Segment]:
    """Return the visible segments that a record is in, by name; of those the first sixty.

    It takes two statements, however many segments there are.
    """
    model = type(record)
    statement = uow.select(Segment).where(Segment.of_type == record.record_type)
    by_name = statement.order_by(func.lower(Segment.name), Segment.id).limit(_SHOWN)
    asked: dict[str, Segment] = {}
    tests = []
    for segment in uow.session.scalars(by_name):
        row: Any = aliased(model)
        try:
            condition = _of(uow, segment, row)
        except Invalid:
            continue  # it reads what this person may not see, or what there is no longer
        label = f"s{len(asked)}"
        asked[label] = segment
        held = select(row.id).where(row.id == record.id, condition)
        tests.append(held.exists().label(label))
    if not tests:
        return []
    answers = uow.session.execute(select(*tests)).mappings().one()
    return [segment for label, segment in asked.items() if answers[label]]


def segments_named(filter_: Filter) -> set[UUID]:
    """Return the keys of the segments that a filter names itself."""
    return set(_named(filter_.root))


def _named(root: Node) -> Iterator[UUID]:
    for node in nodes_of(root):
        if isinstance(node, Related):
            yield from _named(node.where)
        elif isinstance(node, Condition) and _is_segment(node):
            yield from node.values


def _is_segment(condition: Condition) -> bool:
    of = condition.field
    return isinstance(of, FurtherField) and of.belongs is belongs_to


def _of(uow: UnitOfWork, segment: Segment, model: Any) -> ColumnElement[bool]:
    with _walking(uow, segment.id):
        return condition_of(uow, segment, model)


@contextmanager
def _walking(uow: UnitOfWork, segment_id: UUID) -> Iterator[_Walk]:
    """Note that a segment's condition is being made, so that none is made of itself."""
    info = uow.session.info
    is_outermost = _WALK not in info
    walk: _Walk = info.setdefault(_WALK, _Walk())
    walk.named += 1
    try:
        if segment_id in walk.within:
            raise refused("Segments name each other in a circle.")
        if len(walk.within) >= MAX_NESTED or walk.named > MAX_NAMED:
            raise refused("This filter is made of too many segments.")
        walk.within.append(segment_id)
        try:
            yield walk
        finally:
            walk.within.pop()
    finally:
        if is_outermost:
            del info[_WALK]


def _find_of(uow: UnitOfWork, segment_id: UUID, record_type: str, walk: _Walk) -> Segment:
    """Return the segment that is walked into, if it is made of records of this type."""
    segment = _find(uow, segment_id, is_first=len(walk.within) == 1)
    if segment.of_type != record_type:
        wanted = SEGMENT_TYPES.get(segment.of_type, segment.of_type).lower()
        raise refused(f"The segment “{segment.name}” is made of {wanted}.")
    return segment


def _find(uow: UnitOfWork, segment_id: UUID, *, is_first: bool) -> Segment:
    segment = uow.find(Segment, segment_id) if is_first else uow.session.get(Segment, segment_id)
    if segment is None or segment.deleted_at is not None:
        raise refused("There is no such segment.")
    return segment


for _name in SEGMENT_TYPES:
    register_further_field(
        _name,
        FurtherField(
            FIELD,
            "Segment",
            "relation",
            relation="segment",
            belongs=belongs_to,
            holds=holds_of,
        ),
    )
