"""Leads: interest of which it is not yet known whether it becomes business."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.records.base import COMMON_FIELDS, Matched, Record, name_index, sort_indexes
from services.records.reachable import Reachable
from services.records.types import Field, RecordType, register_record_type
from services.territories.model import TERRITORY_FIELD, InTerritory


class LeadStatus(StrEnum):
    """How far a lead has come; *qualified* is one that was converted."""

    NEW = "new"
    WORKING = "working"
    QUALIFIED = "qualified"
    WORKED_OUT = "worked_out"


LEAD_STATUSES: dict[str, str] = {
    LeadStatus.NEW.value: "New",
    LeadStatus.WORKING.value: "Working",
    LeadStatus.QUALIFIED.value: "Qualified",
    LeadStatus.WORKED_OUT.value: "Worked out",
}
LEAD_NUMBERS = Sequence("lead_numbers", metadata=Base.metadata)


class Lead(Matched, Reachable, InTerritory, Record, Base):
    """A person or company that has shown interest."""

    __tablename__ = "leads"
    __table_args__ = (
        *sort_indexes(
            "leads", "created_at", "updated_at", "score", "due_at", text_columns=("name",)
        ),
        name_index("leads"),
        Index(
            "ix_leads_open_owner",
            "owner_id",
            postgresql_where=text("status IN ('new', 'working')"),
        ),
    )
    __search__ = ("number", "name", "company", "email", "phone", "other_points")

    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    company: Mapped[str | None]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(index=True)
    postal_code: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    industry: Mapped[str | None]
    source: Mapped[str | None]
    channel: Mapped[str | None]
    campaign_keyword: Mapped[str | None]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    wishes: Mapped[str | None]
    score: Mapped[int] = mapped_column(default=0)
    grade: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=LeadStatus.NEW.value)
    lost_reason: Mapped[str | None]
    due_at: Mapped[datetime | None]
    consent_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    deal_id: Mapped[UUID | None] = mapped_column(ForeignKey("deals.id", use_alter=True), index=True)


LEAD = register_record_type(
    RecordType(
        name="lead",
        label="Lead",
        plural="Leads",
        model=Lead,
        fields=(
            Field("number", "Number", writable=False),
            Field("name", "Name"),
            Field("company", "Company"),
            Field("email", "E-mail", "email"),
            Field("phone", "Phone", "phone"),
            Field("postal_code", "Postal code"),
            Field("city", "City"),
            Field("country", "Country"),
            Field("industry", "Industry"),
            Field("source", "Source"),
            Field("channel", "Channel"),
            Field("campaign_keyword", "Campaign keyword"),
            Field("campaign_id", "Campaign", "relation", relation="campaign"),
            Field("wishes", "Wishes", "long_text"),
            Field("score", "Score", "number"),
            Field("grade", "Grade"),
            Field("status", "Status", "choice", choices=LEAD_STATUSES),
            Field("lost_reason", "Reason", writable=False),
            Field("due_at", "Due", "datetime"),
            Field("account_id", "Account", "relation", relation="account", writable=False),
            Field("contact_id", "Contact", "relation", relation="contact", writable=False),
            Field("deal_id", "Deal", "relation", relation="deal", writable=False),
            Field("converted_at", "Converted", "datetime", writable=False),
            TERRITORY_FIELD,
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "created_at", "updated_at", "score", "due_at"),
    )
)
