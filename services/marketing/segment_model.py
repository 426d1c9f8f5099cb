"""The tables of segments: named sets of contacts, leads or accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class SegmentKind(StrEnum):
    """What makes a record a member."""

    LIVE = "live"
    STATIC = "static"


SEGMENT_KINDS: Final = {
    SegmentKind.LIVE.value: "Live, by a filter",
    SegmentKind.STATIC.value: "Fixed list",
}
SEGMENT_TYPES: Final = {"contact": "Contacts", "lead": "Leads", "account": "Accounts"}
"""The record types that segments are made of."""


class Segment(Record, Base):
    """A set of records of one type under a name.

    Attributes:
        of_type: The record type of its members.
        filter: Of a live one, as it was written; see ``services.filtering``.
        uses: The keys of the segments that the filter names, as texts.
    """

    __tablename__ = "segments"
    __table_args__ = sort_indexes("segments", "created_at", "updated_at", text_columns=("name",))
    __search__ = ("name",)

    name: Mapped[str]
    of_type: Mapped[str]
    kind: Mapped[str]
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    uses: Mapped[list[Any]] = mapped_column(default=list)
    description: Mapped[str | None]

    @property
    def is_live(self) -> bool:
        """Whether its members follow from a filter."""
        return self.kind == SegmentKind.LIVE


class SegmentMember(Keyed, Base):
    """A record on a fixed list."""

    __tablename__ = "segment_members"
    __table_args__ = (
        UniqueConstraint("record_id", "segment_id"),
        Index(None, "segment_id", "record_id"),
    )

    segment_id: Mapped[UUID] = mapped_column(ForeignKey("segments.id"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    added_at: Mapped[datetime]
    added_by: Mapped[str]


SEGMENT = register_record_type(
    RecordType(
        name="segment",
        label="Segment",
        plural="Segments",
        model=Segment,
        fields=(
            Field("name", "Name"),
            Field("of_type", "Members", "choice", choices=SEGMENT_TYPES),
            Field(
                "kind",
                "Kind",
                "choice",
                choices=SEGMENT_KINDS,
                hint="Live, if nothing is chosen; its filter comes next",
            ),
            Field("description", "Description", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("name", "of_type"),
        sorts=("name", "created_at", "updated_at"),
    )
)
