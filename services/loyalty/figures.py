"""What is told of loyalty: a member's balance, level and bookings; what a programme comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.days import today
from services.loyalty.ledger import balance_of, months_from
from services.loyalty.ledger_model import (
    EntryKind,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyMember,
    LoyaltyRedemption,
)
from services.loyalty.model import Holder, LoyaltyLevel, LoyaltyProgramme, LoyaltyRule
from services.unit_of_work import UnitOfWork

SOON: Final = timedelta(days=30)
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands in its programme.

    Attributes:
        balance: What can be spent now.
        earned: What was earned in the months that make the level, less what was taken back.
        level: The highest that it has earned enough for; None below the first.
        following: The next one; None on the highest.
        expiring: What of the balance expires within ``SOON``.
    """

    member: LoyaltyMember
    programme: LoyaltyProgramme
    balance: int
    earned: int
    level: LoyaltyLevel | None
    following: LoyaltyLevel | None
    expiring: int

    @property
    def missing(self) -> int:
        """How many points are still to be earned for the next level."""
        return 0 if self.following is None else self.following.from_points - self.earned


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month, in points; what was undone counts against the same kind."""

    begins_on: date
    issued: int
    spent: int
    expired: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a programme comes to by now."""

    members: int
    issued: int
    spent: int
    expired: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A member of a programme with what it has, for a list."""

    member: LoyaltyMember
    holder: Any
    balance: int


def standing_of(uow: UnitOfWork, member: LoyaltyMember) -> Standing:
    """Return where a member stands."""
    programme = uow.session.get_one(LoyaltyProgramme, member.programme_id)
    earned = _earned_of_late(uow, member, programme)
    levels = levels_of(uow, programme.id)
    reached = [level for level in levels if level.from_points <= earned]
    ahead = [level for level in levels if level.from_points > earned]
    soon = select(func.coalesce(func.sum(LoyaltyLot.left), 0)).where(
        LoyaltyLot.member_id == member.id,
        LoyaltyLot.left > 0,
        LoyaltyLot.expires_on.between(today(uow), today(uow) + SOON),
    )
    return Standing(
        member,
        programme,
        balance_of(uow, member.id),
        earned,
        reached[-1] if reached else None,
        ahead[0] if ahead else None,
        int(uow.session.scalar(soon) or 0),
    )


def entries_of(
    uow: UnitOfWork, member: LoyaltyMember, *, before: UUID | None = None, limit: int = 50
) -> Sequence[LoyaltyEntry]:
    """Return the bookings of a member, the newest first."""
    statement = select(LoyaltyEntry).where(LoyaltyEntry.member_id == member.id)
    if before is not None:
        statement = statement.where(LoyaltyEntry.id < before)
    return uow.session.scalars(statement.order_by(LoyaltyEntry.id.desc()).limit(limit)).all()


def reversed_among(uow: UnitOfWork, entries: Sequence[LoyaltyEntry]) -> set[UUID]:
    """Return the keys of those bookings that were taken back."""
    keys = [entry.id for entry in entries]
    found = select(LoyaltyEntry.reverses_id).where(LoyaltyEntry.reverses_id.in_(keys))
    return {key for key in uow.session.scalars(found) if key is not None}


def redemptions_of(
    uow: UnitOfWork, member: LoyaltyMember, *, limit: int = 50
) -> Sequence[LoyaltyRedemption]:
    """Return the prizes that a member took, the newest first."""
    statement = select(LoyaltyRedemption).where(LoyaltyRedemption.member_id == member.id)
    return uow.session.scalars(statement.order_by(LoyaltyRedemption.id.desc()).limit(limit)).all()


def levels_of(uow: UnitOfWork, programme_id: UUID) -> Sequence[LoyaltyLevel]:
    """Return the levels of a programme, the lowest first."""
    statement = select(LoyaltyLevel).where(LoyaltyLevel.programme_id == programme_id)
    return uow.session.scalars(statement.order_by(LoyaltyLevel.from_points)).all()


def rules_of(uow: UnitOfWork, programme_id: UUID) -> Sequence[LoyaltyRule]:
    """Return the rules of a programme, those in force first."""
    statement = select(LoyaltyRule).where(LoyaltyRule.programme_id == programme_id)
    ordered = statement.order_by(LoyaltyRule.active.desc(), LoyaltyRule.id)
    return uow.session.scalars(ordered).all()


def open_programmes(uow: UnitOfWork, holder: str) -> Sequence[LoyaltyProgramme]:
    """Return the programmes in force in which contacts, or accounts, collect."""
    statement = uow.select(LoyaltyProgramme).where(
        LoyaltyProgramme.holder == holder, LoyaltyProgramme.active
    )
    return uow.session.scalars(statement.order_by(LoyaltyProgramme.name)).all()


def months_of(uow: UnitOfWork, programme: LoyaltyProgramme) -> list[Month]:
    """Return what happened in each of the last twelve months, the oldest first."""
    first = months_from(today(uow).replace(day=1), 1 - _MONTHS)
    zone = uow.platform.settings.timezone
    begins = datetime.combine(first, time(), zone)
    month = cast(func.date_trunc("month", func.timezone(zone.key, LoyaltyEntry.at)), Date)
    issued, spent, expired = _sums()
    statement = _booked(programme.id, month, issued, spent, expired)
    rows = uow.session.execute(statement.where(LoyaltyEntry.at >= begins).group_by(month))
    found = {begin: figures for begin, *figures in rows}
    days = [months_from(first, number) for number in range(_MONTHS)]
    return [Month(day, *found.get(day, (0, 0, 0))) for day in days]


def totals_of(uow: UnitOfWork, programme: LoyaltyProgramme) -> Totals:
    """Return what a programme comes to, over all its members."""
    of_programme = LoyaltyMember.programme_id == programme.id
    members = select(func.count()).select_from(LoyaltyMember).where(of_programme)
    left = (
        select(func.coalesce(func.sum(LoyaltyLot.left), 0))
        .join(LoyaltyMember, LoyaltyMember.id == LoyaltyLot.member_id)
        .where(of_programme, LoyaltyLot.left > 0)
        .where(or_(LoyaltyLot.expires_on.is_(None), LoyaltyLot.expires_on >= today(uow)))
    )
    issued, spent, expired = uow.session.execute(_booked(programme.id, *_sums())).one()
    count = uow.session.scalar(members) or 0
    return Totals(count, issued, spent, expired, int(uow.session.scalar(left) or 0))


def holdings_of(uow: UnitOfWork, programme: LoyaltyProgramme, *, limit: int = 20) -> list[Holding]:
    """Return the members with the most points, as far as the actor may see whose they are."""
    model: Any = Contact if programme.holder == Holder.CONTACT else Account
    column = LoyaltyMember.contact_id if model is Contact else LoyaltyMember.account_id
    there = or_(LoyaltyLot.expires_on.is_(None), LoyaltyLot.expires_on >= today(uow))
    balances = (
        select(LoyaltyLot.member_id, func.sum(LoyaltyLot.left).label("balance"))
        .join(LoyaltyMember, LoyaltyMember.id == LoyaltyLot.member_id)
        .where(LoyaltyMember.programme_id == programme.id, LoyaltyLot.left > 0, there)
        .group_by(LoyaltyLot.member_id)
        .subquery()
    )
    balance = func.coalesce(balances.c.balance, 0)
    statement = (
        uow.select(model)
        .join(LoyaltyMember, column == model.id)
        .outerjoin(balances, balances.c.member_id == LoyaltyMember.id)
        .where(LoyaltyMember.programme_id == programme.id)
        .with_only_columns(LoyaltyMember, model, balance)
        .order_by(balance.desc(), LoyaltyMember.id)
        .limit(limit)
    )
    rows = uow.session.execute(statement)
    return [Holding(member, holder, int(points)) for member, holder, points in rows]


def _earned_of_late(uow: UnitOfWork, member: LoyaltyMember, programme: LoyaltyProgramme) -> int:
    begins = datetime.combine(
        months_from(today(uow), -programme.level_months), time(), uow.platform.settings.timezone
    )
    back = aliased(LoyaltyEntry)
    statement = select(func.coalesce(func.sum(LoyaltyEntry.points), 0)).where(
        LoyaltyEntry.member_id == member.id,
        LoyaltyEntry.kind == EntryKind.EARNED.value,
        LoyaltyEntry.at >= begins,
        ~exists().where(back.reverses_id == LoyaltyEntry.id),
    )
    return int(uow.session.scalar(statement) or 0)


_ORIGINAL = aliased(LoyaltyEntry)


def _sums() -> list[Any]:
    """Return the sums of issued, spent and expired points; a reversal counts as what it undoes."""
    kind = func.coalesce(_ORIGINAL.kind, LoyaltyEntry.kind)
    issued = {EntryKind.EARNED.value, EntryKind.ADJUSTED.value}
    return [
        func.coalesce(func.sum(case((condition, sign * LoyaltyEntry.points), else_=0)), 0)
        for condition, sign in (
            (kind.in_(issued), 1),
            (kind == EntryKind.SPENT.value, -1),
            (kind == EntryKind.EXPIRED.value, -1),
        )
    ]


def _booked(programme_id: UUID, *columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(LoyaltyEntry)
        .join(LoyaltyMember, LoyaltyMember.id == LoyaltyEntry.member_id)
        .outerjoin(_ORIGINAL, _ORIGINAL.id == LoyaltyEntry.reverses_id)
        .where(LoyaltyMember.programme_id == programme_id)
    )
