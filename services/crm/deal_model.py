"""Deals: chances of business with an amount, a stage and a history of stages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    case,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from services.crm.pipeline_model import STAGE_NAMES
from services.database import Base, Keyed
from services.money import currencies_by_digits, known_currency, round_money
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class Deal(Record, Base):
    """A chance of business.

    Attributes:
        amount: Net, in ``currency`` (ISO 4217), rounded to what that has; 0 while unknown.
        stage_since: Since when it has been in its stage without a break.
        rots_at: When it will have been in its stage for too long; None: never. It is kept with
            the stage's ``rotting_days``, so that what rots is found by an index.
        probability: Percent; follows the stage unless ``probability_is_manual``.
        hold_until: The day on which a deal on hold is looked at again.
        lost_reason: As it was called in the list, or in the words of a process.
        closed_at: When it was won or lost; None while it is open. ``closed_on`` is the day that
            counts for it, which may be an earlier one.
    """

    __tablename__ = "deals"
    __table_args__ = (
        ForeignKeyConstraint(["pipeline_id", "stage"], ["stages.pipeline_id", "stages.key"]),
        *sort_indexes(
            "deals",
            "created_at",
            "updated_at",
            "amount",
            "expected_close_on",
            text_columns=("name",),
        ),
        Index("ix_deals_open_owner", "owner_id", postgresql_where=text("closed_at IS NULL")),
        Index(
            "ix_deals_board",
            "pipeline_id",
            "stage",
            "stage_since",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(None, "pipeline_id", "stage"),
        Index("ix_deals_rots_at", "rots_at", postgresql_where=text("rots_at IS NOT NULL")),
        Index("ix_deals_closed_on", "closed_on", postgresql_where=text("closed_on IS NOT NULL")),
    )
    __search__ = ("name",)
    # Table, its column with the record's key, and that with the user's: who sees it regardless.
    __participants__ = ("deal_team", "deal_id", "user_id")

    name: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id"), index=True)
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    pipeline_id: Mapped[UUID]
    stage: Mapped[str]
    stage_since: Mapped[datetime]
    rots_at: Mapped[datetime | None]
    probability: Mapped[int] = mapped_column(default=0)
    probability_is_manual: Mapped[bool] = mapped_column(default=False)
    needs: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    competitor: Mapped[str | None]
    hold_until: Mapped[date | None]
    hold_reason: Mapped[str | None]
    lost_reason: Mapped[str | None]
    lost_details: Mapped[str | None]
    won_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]
    offer_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    contract_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))

    @hybrid_property
    def expected_revenue(self) -> Decimal:
        """The amount by its probability, rounded to what the currency has."""
        return round_money(self.amount * self.probability / 100, known_currency(self.currency))

    @expected_revenue.inplace.expression
    @classmethod
    def _expected_revenue(cls) -> ColumnElement[Decimal]:
        digits = case(
            *((cls.currency.in_(codes), number) for number, codes in currencies_by_digits()),
            else_=2,
        )
        return func.round(cls.amount * cls.probability / 100, digits)


class StageStay(Keyed, Base):
    """A deal's stay in a stage. The stays of a deal follow each other without a gap.

    Attributes:
        from_stage: Where it came from; None for the first stage.
        left_at: None while it is there.
        amount: What it was about when it entered, in ``currency``.
        confirmed: The stage's requirements as they were confirmed.
        actor_name: Who moved it in.
    """

    __tablename__ = "deal_stage_stays"
    __table_args__ = (
        Index(None, "deal_id", "entered_at"),
        Index(
            "uq_deal_stage_stays_current",
            "deal_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    pipeline_id: Mapped[UUID] = mapped_column(ForeignKey("pipelines.id"))
    from_stage: Mapped[str | None]
    stage: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    currency: Mapped[str] = mapped_column(String(3))
    confirmed: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]

    def seconds(self, now: datetime) -> float:
        """Return how long the deal was there, or has been until ``now``."""
        return ((self.left_at or now) - self.entered_at).total_seconds()


class DealMember(Keyed, Base):
    """Somebody besides the owner who works on a deal, and sees it whatever the scope."""

    __tablename__ = "deal_team"
    __table_args__ = (Index(None, "deal_id"), Index(None, "user_id", "deal_id"))
    __audited__ = True

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str]


class DealContact(Keyed, Base):
    """What part a contact plays in a deal; the primary one is the deal's ``contact_id``."""

    __tablename__ = "deal_contacts"
    __table_args__ = (Index(None, "deal_id"), Index(None, "contact_id"))
    __audited__ = True

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    role: Mapped[str]


_STAGE = ("stage",)
"""What most of a deal's fields tell of that it has at some stages only."""

DEAL = register_record_type(
    RecordType(
        name="deal",
        label="Deal",
        plural="Deals",
        model=Deal,
        fields=(
            Field("name", "Name"),
            Field("account_id", "Account", "relation", relation="account"),
            Field("contact_id", "Contact", "relation", relation="contact"),
            Field("amount", "Amount", "money"),
            Field("currency", "Currency", "currency"),
            Field("pipeline_id", "Pipeline", "relation", relation="pipeline", writable=False),
            Field("stage", "Stage", "choice", choices=STAGE_NAMES, writable=False),
            Field("probability", "Probability", "number", tells_of=_STAGE),
            Field(
                "expected_revenue",
                "Expected revenue",
                "money",
                writable=False,
                tells_of=("amount", "probability"),
            ),
            Field("needs", "Needs", "long_text"),
            Field("expected_close_on", "Expected close", "date"),
            Field("competitor", "Competitor"),
            Field("hold_until", "On hold until", "date", writable=False, tells_of=_STAGE),
            Field("hold_reason", "On hold because", writable=False, tells_of=_STAGE),
            Field("lost_reason", "Reason", writable=False, tells_of=_STAGE),
            Field(
                "lost_details", "Details of the loss", "long_text", writable=False, tells_of=_STAGE
            ),
            Field("closed_on", "Closed on", "date", writable=False, tells_of=_STAGE),
            Field("won_at", "Won", "datetime", writable=False, tells_of=_STAGE),
            Field("lost_at", "Lost", "datetime", writable=False, tells_of=_STAGE),
            Field(
                "stage_since",
                "In stage since",
                "datetime",
                writable=False,
                is_told=False,
                tells_of=_STAGE,
            ),
            Field(
                "rots_at", "Rots from", "datetime", writable=False, is_told=False, tells_of=_STAGE
            ),
            Field("lead_id", "Lead", "relation", relation="lead", writable=False),
            Field("campaign_id", "Campaign", "relation", relation="campaign"),
            Field("offer_document_id", "Offer", "relation", relation="document", writable=False),
            Field(
                "contract_document_id", "Contract", "relation", relation="document", writable=False
            ),
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "created_at", "updated_at", "amount", "expected_close_on"),
    )
)
