"""The tables of campaigns: what is told to whom at what cost, and how each has answered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.consents.model import PURPOSES
from services.consents.purposes import MARKETING
from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class CampaignStatus(StrEnum):
    """How far a campaign has come."""

    PLANNED = "planned"
    ACTIVE = "active"
    ENDED = "ended"


CAMPAIGN_STATUSES: Final = {
    CampaignStatus.PLANNED.value: "Planned",
    CampaignStatus.ACTIVE.value: "Active",
    CampaignStatus.ENDED.value: "Ended",
}
CAMPAIGN_KINDS: Final = {
    "information": "Information",
    "activation": "Activation",
    "event": "Event",
    "survey": "Survey",
    "other": "Other",
}
CHANNELS: Final = {
    "mail": "E-mail",
    "phone": "Phone",
    "sms": "SMS",
    "messenger": "Messenger",
    "letter": "Letter",
    "advertising": "Advertising",
}


class MemberStatus(StrEnum):
    """What became of a member, from the least to the most telling."""

    TARGETED = "targeted"
    SENT = "sent"
    BOUNCED = "bounced"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
    BOUGHT = "bought"


MEMBER_STATUSES: Final = {one.value: one.value.capitalize() for one in MemberStatus}
MEMBER_TYPES: Final = {"contact": "Contacts", "lead": "Leads"}


class Campaign(Record, Base):
    """A campaign; leads and deals that come of it point to it with ``campaign_id``.

    Attributes:
        purpose: For what its members must agree to be contacted: a key of ``consents``.
        keyword: Leads that name it, as the address of an advertisement does, belong to it.
        budget: What may be spent, in ``currency``; ``actual_cost`` is what was.
    """

    __tablename__ = "campaigns"
    __table_args__ = sort_indexes(
        "campaigns", "created_at", "updated_at", "starts_on", text_columns=("name",)
    )
    __search__ = ("name",)

    name: Mapped[str]
    status: Mapped[str] = mapped_column(default=CampaignStatus.PLANNED.value)
    kind: Mapped[str] = mapped_column(default="information")
    channel: Mapped[str] = mapped_column(default="mail")
    purpose: Mapped[str] = mapped_column(default=MARKETING)
    keyword: Mapped[str | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    budget: Mapped[Decimal | None] = mapped_column(Numeric)
    actual_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str]
    description: Mapped[str | None]
    activated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignSegment(Keyed, Base):
    """A segment whose members a campaign addresses, or leaves out."""

    __tablename__ = "campaign_segments"
    __table_args__ = (UniqueConstraint("campaign_id", "segment_id"), Index(None, "segment_id"))
    __audited__ = True

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    segment_id: Mapped[UUID] = mapped_column(ForeignKey("segments.id"))
    is_left_out: Mapped[bool]


class CampaignMember(Keyed, Base):
    """A contact or lead that a campaign addresses, and when it did what.

    Attributes:
        status: The most telling of what has happened; the times know all of it.
        segment_id: The segment that brought it; None if somebody put it in.
        bought_type: The type of the record that it bought by, *deal* or *invoice*, and
            ``bought_id`` its key; None where somebody noted that it bought.
    """

    __tablename__ = "campaign_members"
    __table_args__ = (
        UniqueConstraint("record_id", "campaign_id"),
        Index(None, "campaign_id", "id"),
        Index(None, "campaign_id", "status"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    status: Mapped[str]
    segment_id: Mapped[UUID | None] = mapped_column(ForeignKey("segments.id"))
    added_by: Mapped[str]
    targeted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]
    bought_at: Mapped[datetime | None]
    bought_type: Mapped[str | None]
    bought_id: Mapped[UUID | None] = mapped_column(info={"type_column": "bought_type"})

    @property
    def most_telling(self) -> str:
        """The status that follows from its times."""
        return max(
            (one for one in MemberStatus if getattr(self, f"{one.value}_at") is not None),
            key=list(MemberStatus).index,
        ).value


CAMPAIGN = register_record_type(
    RecordType(
        name="campaign",
        label="Campaign",
        plural="Campaigns",
        model=Campaign,
        fields=(
            Field("name", "Name"),
            Field("status", "Status", "choice", choices=CAMPAIGN_STATUSES, writable=False),
            Field("kind", "Kind", "choice", choices=CAMPAIGN_KINDS),
            Field("channel", "Channel", "choice", choices=CHANNELS),
            Field(
                "purpose",
                "Purpose",
                "choice",
                choices=PURPOSES,
                hint="What its members must have agreed to.",
            ),
            Field("keyword", "Keyword", hint="Leads whose link names it belong to this campaign."),
            Field("starts_on", "Starts", "date"),
            Field("ends_on", "Ends", "date"),
            Field("budget", "Budget", "money"),
            Field("actual_cost", "Actual cost", "money"),
            Field("currency", "Currency", "currency"),
            Field("activated_at", "Activated", "datetime", writable=False, is_told=False),
            Field("ended_at", "Ended", "datetime", writable=False),
            Field("description", "Description", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "created_at", "updated_at", "starts_on"),
    )
)
