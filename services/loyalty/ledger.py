"""Booking points: everything that adds to a member's points or takes from them goes through here.

Whoever books holds the member's row to the commit, so that two who spend at once can't both have
the last points. What a member has is the sum of its open lots, which is that of its bookings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, or_, select

from feel.calendar import add_months
from services.days import today
from services.errors import Conflict
from services.loyalty.ledger_model import (
    EntryKind,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyMember,
    LoyaltyUse,
)
from services.loyalty.model import LoyaltyProgramme
from services.unit_of_work import UnitOfWork

GRACE: Final = timedelta(days=30)
"""How long points can be spent that come back after the day on which they would have expired."""

MAX_POINTS: Final = 1_000_000_000
_REVERSIBLE: Final = frozenset({EntryKind.EARNED, EntryKind.SPENT, EntryKind.ADJUSTED})


def hold_member(uow: UnitOfWork, member_id: UUID) -> LoyaltyMember:
    """Wait for whoever books for this member now, and hold it to the commit."""
    statement = select(LoyaltyMember).where(LoyaltyMember.id == member_id).with_for_update()
    return uow.session.scalars(statement.execution_options(populate_existing=True)).one()


def balance_of(uow: UnitOfWork, member_id: UUID) -> int:
    """Return the points that a member can spend now."""
    statement = select(func.coalesce(func.sum(LoyaltyLot.left), 0)).where(
        LoyaltyLot.member_id == member_id,
        or_(LoyaltyLot.expires_on.is_(None), LoyaltyLot.expires_on >= today(uow)),
    )
    return int(uow.session.scalar(statement) or 0)


def add_points(
    uow: UnitOfWork, member: LoyaltyMember, kind: EntryKind, points: int, **told: Any
) -> LoyaltyEntry:
    """Book points that a held member gets; they last as long as its programme says.

    ``told`` are more columns of the booking, such as its reason.
    """
    entry = _book(uow, member, kind, points, **told)
    _put(uow, entry, points, _expiry(uow, member))
    return entry


def take_points(
    uow: UnitOfWork, member: LoyaltyMember, kind: EntryKind, points: int, **told: Any
) -> LoyaltyEntry:
    """Book points that are taken from a held member, those first that expire first.

    Raises:
        Conflict: It has fewer.
    """
    expire_points(uow, member)
    lots = _open_lots(uow, member)
    there = sum(lot.left for lot in lots)
    if there < points:
        message = f"Only {there:,} points are there; {points:,} are needed."
        raise Conflict(message, code="not_enough_points")
    entry = _book(uow, member, kind, -points, **told)
    _take(uow, entry, lots, points)
    return entry


def reverse_entry(
    uow: UnitOfWork, member: LoyaltyMember, entry: LoyaltyEntry, **told: Any
) -> LoyaltyEntry:
    """Take a booking of a held member back.

    Points that were spent come back with the expiry that they had, or last for ``GRACE`` if that
    is over. Of points that were earned as many are taken back as the member still has, their own
    lot first: what it has never falls below 0.

    Raises:
        Conflict: It is taken back already, or is no booking of this kind.
    """
    if entry.kind not in _REVERSIBLE:
        raise Conflict("Only what was earned, spent or adjusted can be taken back.")
    if uow.session.scalar(select(exists().where(LoyaltyEntry.reverses_id == entry.id))):
        raise Conflict("This booking is taken back already.")
    expire_points(uow, member)
    if entry.points < 0:
        return _give_back(uow, member, entry, told)
    own_first = sorted(_open_lots(uow, member), key=lambda lot: lot.entry_id != entry.id)
    taken = min(entry.points, sum(lot.left for lot in own_first))
    told |= {"reverses_id": entry.id, "short": entry.points - taken}
    made = _book(uow, member, EntryKind.REVERSED, -taken, **told)
    _take(uow, made, own_first, taken)
    return made


def expire_points(uow: UnitOfWork, member: LoyaltyMember) -> LoyaltyEntry | None:
    """Book what of a held member's points is past its day; None if nothing is."""
    day = today(uow)
    over = [lot for lot in _open_lots(uow, member) if lot.expires_on and lot.expires_on < day]
    points = sum(lot.left for lot in over)
    if not points:
        return None
    entry = _book(uow, member, EntryKind.EXPIRED, -points)
    _take(uow, entry, over, points)
    return entry


def months_from(day: date, months: int) -> date:
    """Return the day so many months later, or before it, cut to the length of its month."""
    return date(*add_months(day.year, day.month, day.day, months))


def _give_back(
    uow: UnitOfWork, member: LoyaltyMember, entry: LoyaltyEntry, told: dict[str, Any]
) -> LoyaltyEntry:
    uses = uow.session.execute(
        select(LoyaltyUse.points, LoyaltyLot.expires_on)
        .join(LoyaltyLot, LoyaltyLot.id == LoyaltyUse.lot_id)
        .where(LoyaltyUse.entry_id == entry.id)
        .order_by(LoyaltyUse.id)
    ).all()
    made = _book(uow, member, EntryKind.REVERSED, -entry.points, reverses_id=entry.id, **told)
    for use in uses:
        is_over = use.expires_on is not None and use.expires_on < today(uow)
        _put(uow, made, use.points, today(uow) + GRACE if is_over else use.expires_on)
    return made


def _expiry(uow: UnitOfWork, member: LoyaltyMember) -> date | None:
    programme = uow.session.get_one(LoyaltyProgramme, member.programme_id)
    if programme.expiry_months is None:
        return None
    return months_from(today(uow), programme.expiry_months)


def _open_lots(uow: UnitOfWork, member: LoyaltyMember) -> Sequence[LoyaltyLot]:
    """Return the lots that have points left, in the order in which they are spent."""
    statement = (
        select(LoyaltyLot)
        .where(LoyaltyLot.member_id == member.id, LoyaltyLot.left > 0)
        .order_by(LoyaltyLot.expires_on.asc().nulls_last(), LoyaltyLot.id)
    )
    return uow.session.scalars(statement.execution_options(populate_existing=True)).all()


def _book(
    uow: UnitOfWork, member: LoyaltyMember, kind: EntryKind, points: int, **told: Any
) -> LoyaltyEntry:
    return uow.add(
        LoyaltyEntry(
            member_id=member.id,
            kind=kind.value,
            points=points,
            at=uow.now,
            booked_by=uow.actor.name,
            **told,
        )
    )


def _put(uow: UnitOfWork, entry: LoyaltyEntry, points: int, expires_on: date | None) -> None:
    uow.add(
        LoyaltyLot(
            member_id=entry.member_id,
            entry_id=entry.id,
            points=points,
            left=points,
            expires_on=expires_on,
        )
    )


def _take(uow: UnitOfWork, entry: LoyaltyEntry, lots: Iterable[LoyaltyLot], points: int) -> None:
    """Take points from lots, one after another, and note what came from which."""
    for lot in lots:
        if points == 0:
            break
        taken = min(points, lot.left)
        lot.left -= taken
        points -= taken
        uow.session.add(LoyaltyUse(lot_id=lot.id, entry_id=entry.id, points=taken))
    uow.session.flush()
