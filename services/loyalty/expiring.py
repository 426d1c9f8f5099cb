"""Booking what has expired, for those who don't happen to spend."""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.actors import SYSTEM
from services.days import today
from services.loyalty.ledger import expire_points, hold_member
from services.loyalty.ledger_model import LoyaltyLot
from services.platform import Platform
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour_in_steps

AT_ONCE: Final = 100


@each_hour_in_steps
def expire_all(platform: Platform) -> int:
    """Book what is past its day, some members at a time; return for how many it was booked.

    Several may do so at once. Until it is booked nobody can spend it either.
    """
    booked, after = 0, None
    while True:
        found: list[UUID] = platform.transact(SYSTEM, partial(_expire_some, after), source="timer")
        booked += len(found)
        if len(found) < AT_ONCE:
            return booked
        after = found[-1]


def _expire_some(after: UUID | None, uow: UnitOfWork) -> list[UUID]:
    over = select(LoyaltyLot.member_id).where(
        LoyaltyLot.left > 0, LoyaltyLot.expires_on < today(uow)
    )
    if after is not None:
        over = over.where(LoyaltyLot.member_id > after)
    statement = over.distinct().order_by(LoyaltyLot.member_id).limit(AT_ONCE)
    members = list(uow.session.scalars(statement))
    for key in members:
        expire_points(uow, hold_member(uow, key))
    return members
