"""Deals: chances of business with an amount, a stage and a history of stages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.crm.pipeline_model import SALES_STAGES
from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class Deal(Record, Base):
    """A chance of business.

    Attributes:
        amount: Net, in ``currency`` (ISO 4217); 0 while unknown.
        probability: Percent; follows the stage unless ``probability_is_manual``.
        closed_at: When it was won or lost; None while it is open.
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
        Index(None, "pipeline_id", "stage"),
    )
    __search__ = ("name",)

    name: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2), default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    pipeline_id: Mapped[UUID]
    stage: Mapped[str]
    stage_since: Mapped[datetime]
    probability: Mapped[int] = mapped_column(default=0)
    probability_is_manual: Mapped[bool] = mapped_column(default=False)
    needs: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    lost_reason: Mapped[str | None]
    won_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    offer_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    contract_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))


class StageChange(Keyed, Base):
    """A deal's step from one stage to the next; rows are only ever added.

    Attributes:
        from_stage: None for the first stage.
        seconds_before: How long it had been in ``from_stage``.
    """

    __tablename__ = "deal_stage_changes"
    __table_args__ = (Index(None, "deal_id", "at"),)

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    from_stage: Mapped[str | None]
    to_stage: Mapped[str]
    at: Mapped[datetime]
    seconds_before: Mapped[int | None]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]


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
            Field("currency", "Currency"),
            Field(
                "stage",
                "Stage",
                "choice",
                choices={key: stage[0] for key, stage in SALES_STAGES.items()},
                writable=False,
            ),
            Field("probability", "Probability", "number"),
            Field("needs", "Needs", "long_text"),
            Field("expected_close_on", "Expected close", "date"),
            Field("lost_reason", "Reason", writable=False),
            Field("won_at", "Won", "datetime", writable=False),
            Field("lost_at", "Lost", "datetime", writable=False),
            Field("stage_since", "In stage since", "datetime", writable=False),
            Field("lead_id", "Lead", "relation", relation="lead", writable=False),
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
