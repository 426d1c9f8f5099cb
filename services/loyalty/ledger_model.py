"""The points of members: what was booked, what is left of it, and what it was spent on.

Bookings are only ever added; the database refuses to change one. What a booking brought lies in
lots, each with its day of expiry, and what takes points away says from which lots.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Versioned

_LEFT = text('"left" > 0')


class EntryKind(StrEnum):
    """What a booking is for."""

    EARNED = "earned"
    SPENT = "spent"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    REVERSED = "reversed"


ENTRY_KINDS: dict[str, str] = {
    EntryKind.EARNED.value: "Earned",
    EntryKind.SPENT.value: "Spent",
    EntryKind.EXPIRED.value: "Expired",
    EntryKind.ADJUSTED.value: "Adjusted",
    EntryKind.REVERSED.value: "Reversed",
}


class LoyaltyMember(Keyed, Base):
    """The account of points of a contact or an account in one programme.

    After two contacts were merged, one may have two of them: nothing of either is lost.
    """

    __tablename__ = "loyalty_members"
    __table_args__ = (
        CheckConstraint("num_nonnulls(contact_id, account_id) = 1", name="one_holder"),
        Index(None, "programme_id", "id"),
    )
    __audited__ = True

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programmes.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    joined_at: Mapped[datetime]
    joined_by: Mapped[str]


class LoyaltyEntry(Keyed, Base):
    """A booking; never changed or deleted.

    Attributes:
        points: What it adds, below 0 what it takes away.
        short: What a reversal could not take back, since it was spent already.
        rule_id: By which rule it was earned, with the record that it was earned by.
        round: 1 the first time that a record earns by a rule; one more after each reversal.
        key: By which whoever books it tells that it is booked already.
        reverses_id: The booking that it takes back.
    """

    __tablename__ = "loyalty_entries"
    __table_args__ = (
        Index(None, "member_id", "id"),
        Index(None, "source_id"),
        UniqueConstraint("rule_id", "source_id", "round"),
        UniqueConstraint("member_id", "key"),
    )
    __audited__ = True

    member_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_members.id"))
    kind: Mapped[str]
    points: Mapped[int]
    short: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    booked_by: Mapped[str]
    reason: Mapped[str | None]
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("loyalty_rules.id"))
    source_type: Mapped[str | None]
    source_id: Mapped[UUID | None]
    round: Mapped[int | None]
    key: Mapped[str | None]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("loyalty_entries.id"), unique=True)


class LoyaltyLot(Keyed, Base):
    """Points that came together and expire together.

    Attributes:
        left: What is not spent yet.
        expires_on: The last day on which they can be spent; None for ever.
    """

    __tablename__ = "loyalty_lots"
    __table_args__ = (
        CheckConstraint('"left" BETWEEN 0 AND points', name="left"),
        Index("ix_loyalty_lots_open", "member_id", "expires_on", postgresql_where=_LEFT),
        Index("ix_loyalty_lots_expiry", "expires_on", postgresql_where=_LEFT),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_members.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_entries.id"), index=True)
    points: Mapped[int]
    left: Mapped[int]
    expires_on: Mapped[date | None]


class LoyaltyUse(Keyed, Base):
    """What a booking took from a lot."""

    __tablename__ = "loyalty_uses"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_lots.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_entries.id"), index=True)
    points: Mapped[int]


class LoyaltyRedemption(Versioned, Base):
    """Prizes that a member took for points.

    Attributes:
        prize_name: As the prize was called then.
        cancelled_at: When it was taken back; None as long as it holds.
    """

    __tablename__ = "loyalty_redemptions"
    __table_args__ = (Index(None, "member_id", "id"), Index(None, "prize_id"))
    __audited__ = True

    member_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_members.id"))
    prize_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_prizes.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_entries.id"), unique=True)
    prize_name: Mapped[str]
    quantity: Mapped[int]
    points: Mapped[int]
    redeemed_at: Mapped[datetime]
    redeemed_by: Mapped[str]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]
