"""What a segment's page shows beyond other records': its filter in words, its members, its use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.errors import Invalid
from services.filtering import describe, parse_filter
from services.marketing.campaign_model import Campaign
from services.marketing.campaigns import campaigns_of_segment
from services.marketing.fill_model import Fill
from services.marketing.fills import newest_fill
from services.marketing.membership import count_members, filter_to_members
from services.marketing.segment_model import Segment
from services.marketing.segments import read_filter, used_by
from services.records.lists import COUNT_CAP, list_records
from services.records.types import RecordType, get_record_type, related_title, title_of
from services.unit_of_work import UnitOfWork

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """What the templates of a segment's page show.

    Attributes:
        where: The filter in words; empty if everything is in.
        count: Of members, as people read it.
        members: The newest of them: key and title.
        problem: Why the members can't be told; empty if they can.
    """

    type: RecordType
    where: str
    count: str
    members: Sequence[tuple[Any, str]]
    problem: str
    to_members: dict[str, Any]
    used_by: Sequence[Segment]
    campaigns: Sequence[Campaign]
    fill: Fill | None


def load_segment(uow: UnitOfWork, segment: Segment) -> SegmentPage:
    """Return what a segment's page shows beyond other records'."""
    record_type = get_record_type(segment.of_type)
    narrowed = filter_to_members(segment)
    count, members, problem = "", [], ""
    try:
        number = count_members(uow, segment)
        count = f"{COUNT_CAP:,}+" if number > COUNT_CAP else f"{number:,}"
        where = parse_filter(record_type, narrowed)
        page = list_records(uow, segment.of_type, where=where, limit=_SHOWN)
        members = [(record.id, title_of(record)) for record in page.items]
    except Invalid as error:
        problem = str(error)
    return SegmentPage(
        type=record_type,
        where=_in_words(uow, segment),
        count=count,
        members=members,
        problem=problem,
        to_members=narrowed,
        used_by=used_by(uow, segment),
        campaigns=campaigns_of_segment(uow, segment),
        fill=newest_fill(uow, segment),
    )


def _in_words(uow: UnitOfWork, segment: Segment) -> str:
    found = read_filter(segment)
    return "" if found is None else describe(found, lambda of, key: related_title(uow, of, key))
