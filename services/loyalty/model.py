"""Loyalty programmes: who collects points for what, how long they last, and what they bring."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Versioned
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type

DEFAULT_LEVEL_MONTHS = 12


class Holder(StrEnum):
    """Who collects the points of a programme."""

    CONTACT = "contact"
    ACCOUNT = "account"


class Source(StrEnum):
    """What points are earned by."""

    INVOICE = "invoice"
    DEAL = "deal"
    ACTIVITY = "activity"


HOLDERS: dict[str, str] = {Holder.CONTACT.value: "Contacts", Holder.ACCOUNT.value: "Accounts"}
SOURCES: dict[str, str] = {
    Source.INVOICE.value: "Invoice paid",
    Source.DEAL.value: "Deal won",
    Source.ACTIVITY.value: "Activity done",
}


class LoyaltyProgramme(Record, Base):
    """A programme; everybody who works with its members sees it.

    Attributes:
        holder: Whether contacts or accounts collect.
        joins_itself: Whoever first earns something becomes a member.
        expiry_months: How long points last after the day they were earned; None for ever.
        level_months: The months back from now whose earned points make the level.
        active: Whether points can be earned; what was earned can be spent all the same.
    """

    __tablename__ = "loyalty_programmes"
    __table_args__ = sort_indexes(
        "loyalty_programmes", "created_at", "updated_at", text_columns=("name",)
    )
    __scoped__ = False
    __search__ = ("name",)

    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    holder: Mapped[str] = mapped_column(default=Holder.CONTACT.value)
    joins_itself: Mapped[bool] = mapped_column(default=False)
    expiry_months: Mapped[int | None]
    level_months: Mapped[int] = mapped_column(default=DEFAULT_LEVEL_MONTHS)
    active: Mapped[bool] = mapped_column(default=True)


class LoyaltyRule(Versioned, Base):
    """What is earned by one kind of happening.

    Attributes:
        points: For each ``per_amount``, or at once where that is None.
        per_amount: Of money in ``currency``; what doesn't fill it earns nothing.
        activity_kind: Of activities; None for any kind.
    """

    __tablename__ = "loyalty_rules"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("per_amount > 0", name="per_amount"),
    )
    __audited__ = True

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programmes.id"), index=True)
    source: Mapped[str]
    points: Mapped[int]
    per_amount: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]
    activity_kind: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)


class LoyaltyLevel(Versioned, Base):
    """A level of a programme: for those who have earned as much of late."""

    __tablename__ = "loyalty_levels"
    __table_args__ = (UniqueConstraint("programme_id", "from_points"),)
    __audited__ = True

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programmes.id"))
    name: Mapped[str]
    from_points: Mapped[int]


class LoyaltyPrize(Versioned, Base):
    """What points can be spent on.

    Attributes:
        stock: How many are left; None for any number.
        valid_from: None for always; so is ``valid_until``, which is the last day.
    """

    __tablename__ = "loyalty_prizes"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("stock >= 0", name="stock"),
        Index(None, "programme_id", "points"),
    )
    __audited__ = True

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programmes.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    points: Mapped[int]
    stock: Mapped[int | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)


PROGRAMME = register_record_type(
    RecordType(
        name="loyalty_programme",
        label="Loyalty programme",
        plural="Loyalty programmes",
        model=LoyaltyProgramme,
        fields=(
            Field("name", "Name"),
            Field("description", "Description", "long_text"),
            Field("holder", "Who collects", "choice", choices=HOLDERS),
            Field("joins_itself", "Joined by the first points", "boolean"),
            Field("expiry_months", "Points last, in months", "number", hint="Empty: for ever"),
            Field("level_months", "Levels look back, in months", "number"),
            Field("active", "Points can be earned", "boolean"),
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "created_at", "updated_at"),
    )
)
