"""What points are spent on: prizes, their stock, and taking one or giving it back."""

from __future__ import annotations

from typing import Any, Final, NoReturn
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Day, Key, Line, LongText, Truth, WholeNumber
from services.days import show_day, today
from services.errors import Conflict, Invalid, not_found_as
from services.loyalty.ledger import MAX_POINTS, balance_of, reverse_entry, take_points
from services.loyalty.ledger_model import EntryKind, LoyaltyEntry, LoyaltyRedemption
from services.loyalty.members import MemberArguments, open_member, tell
from services.loyalty.model import LoyaltyPrize, LoyaltyProgramme
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

MAX_QUANTITY: Final = 1_000
_PRIZE_POINTS: Final = validate.Range(1, MAX_POINTS // MAX_QUANTITY)
_STOCK: Final = validate.Range(0, MAX_POINTS)


class AddPrize(Arguments):
    """A new prize."""

    programme_id = Key(required=True, metadata={"title": "Programme"})
    name = Line(required=True, metadata={"title": "Name"})
    description = LongText(load_default=None, allow_none=True, metadata={"title": "Description"})
    points = WholeNumber(required=True, validate=_PRIZE_POINTS, metadata={"title": "Points"})
    stock = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=_STOCK,
        metadata={"title": "In stock", "description": "Empty: any number."},
    )
    valid_from = Day(load_default=None, allow_none=True, metadata={"title": "Valid from"})
    valid_until = Day(load_default=None, allow_none=True, metadata={"title": "Valid until"})


class ChangePrize(Arguments):
    """What becomes of a prize."""

    prize_id = Key(required=True, metadata={"title": "Prize"})
    name = Line(metadata={"title": "Name"})
    description = LongText(allow_none=True, metadata={"title": "Description"})
    points = WholeNumber(validate=_PRIZE_POINTS, metadata={"title": "Points"})
    stock = WholeNumber(allow_none=True, validate=_STOCK, metadata={"title": "In stock"})
    valid_from = Day(allow_none=True, metadata={"title": "Valid from"})
    valid_until = Day(allow_none=True, metadata={"title": "Valid until"})
    active = Truth(metadata={"title": "Can be taken"})


class RedeemPrize(MemberArguments):
    """Who takes which prize."""

    prize_id = Key(required=True, metadata={"title": "Prize"})
    quantity = WholeNumber(
        load_default=1, validate=validate.Range(1, MAX_QUANTITY), metadata={"title": "How many"}
    )


class CancelRedemption(Arguments):
    """Which prize is given back, and why."""

    redemption_id = Key(required=True, metadata={"title": "Prize taken"})
    reason = Line(required=True, metadata={"title": "Reason"})


@operation("loyalty_prize.add", Permission.LOYALTY_MANAGE, AddPrize)
def add_prize(uow: UnitOfWork, *, programme_id: UUID, **values: Any) -> LoyaltyPrize:
    """Add a prize to a programme."""
    programme = uow.get(LoyaltyProgramme, programme_id)
    _check_days(values.get("valid_from"), values.get("valid_until"))
    return uow.add(LoyaltyPrize(programme_id=programme.id, **values))


@operation("loyalty_prize.update", Permission.LOYALTY_MANAGE, ChangePrize)
def update_prize(uow: UnitOfWork, *, prize_id: UUID, **values: Any) -> LoyaltyPrize:
    """Change a prize; who has taken it already keeps it for what it cost."""
    prize = uow.get(LoyaltyPrize, prize_id, lock=True)
    _check_days(
        values.get("valid_from", prize.valid_from), values.get("valid_until", prize.valid_until)
    )
    for name, value in values.items():
        setattr(prize, name, value)
    uow.session.flush()
    return prize


@operation("loyalty.redeem", Permission.RECORD_WRITE, RedeemPrize, in_diagrams=True)
def redeem_prize(
    uow: UnitOfWork, *, member_id: UUID, prize_id: UUID, quantity: int = 1
) -> dict[str, Any]:
    """Take a prize for a member's points.

    The prize's row is held, so that of two who want the last piece one gets it.

    Raises:
        Conflict: It can't be taken now, there are too few, or the member has too few points.
    """
    member, holder = open_member(uow, member_id)
    prize = uow.get(LoyaltyPrize, prize_id, lock=True)
    _check_prize(uow, prize, member.programme_id, quantity)
    points = prize.points * quantity
    named = prize.name if quantity == 1 else f"{quantity} × {prize.name}"  # noqa: RUF001 - times
    entry = take_points(uow, member, EntryKind.SPENT, points, reason=named)
    if prize.stock is not None:
        prize.stock -= quantity
    redemption = uow.add(
        LoyaltyRedemption(
            member_id=member.id,
            prize_id=prize.id,
            entry_id=entry.id,
            prize_name=prize.name,
            quantity=quantity,
            points=points,
            redeemed_at=uow.now,
            redeemed_by=uow.actor.name,
        )
    )
    tell(
        uow, holder, member, f"Took {named} for {points:,} points", event="redeemed", points=points
    )
    return {"redemption_id": redemption.id, "balance": balance_of(uow, member.id)}


@operation("loyalty.cancel_redemption", Permission.RECORD_WRITE, CancelRedemption)
def cancel_redemption(uow: UnitOfWork, *, redemption_id: UUID, reason: str) -> dict[str, Any]:
    """Give a prize back: the points return, and the piece goes into stock."""
    with not_found_as("There is no such prize taken."):
        redemption = uow.get(LoyaltyRedemption, redemption_id)
        member, holder = open_member(uow, redemption.member_id)
    uow.session.refresh(redemption)
    if redemption.cancelled_at is not None:
        raise Conflict("This prize is given back already.")
    prize = uow.get(LoyaltyPrize, redemption.prize_id, lock=True)
    if prize.stock is not None:
        prize.stock += redemption.quantity
    spent = uow.session.get_one(LoyaltyEntry, redemption.entry_id)
    reverse_entry(uow, member, spent, reason=reason)
    redemption.cancelled_at = uow.now
    redemption.cancelled_by = uow.actor.name
    redemption.cancel_reason = reason
    uow.session.flush()
    title = f"Gave back {redemption.prize_name} for {redemption.points:,} points: {reason}"
    tell(uow, holder, member, title, event="redemption_cancelled", points=redemption.points)
    return {"redemption_id": redemption.id, "balance": balance_of(uow, member.id)}


def prizes_of(uow: UnitOfWork, programme_id: UUID, *, to_take: bool = False) -> list[LoyaltyPrize]:
    """Return a programme's prizes, the cheapest first; ``to_take``: only those to be had today."""
    statement = select(LoyaltyPrize).where(LoyaltyPrize.programme_id == programme_id)
    found = uow.session.scalars(statement.order_by(LoyaltyPrize.points, LoyaltyPrize.name)).all()
    return [one for one in found if not to_take or _why_not(uow, one, 1) is None]


def _check_prize(uow: UnitOfWork, prize: LoyaltyPrize, programme_id: UUID, quantity: int) -> None:
    if prize.programme_id != programme_id:
        raise Conflict("This prize is one of another programme.")
    why = _why_not(uow, prize, quantity)
    if why is not None:
        raise Conflict(why, code="prize_not_available")


def _why_not(uow: UnitOfWork, prize: LoyaltyPrize, quantity: int) -> str | None:
    """Return why a prize can't be taken; None if it can."""
    day = today(uow)
    if not prize.active or (prize.valid_until is not None and prize.valid_until < day):
        return f"“{prize.name}” can't be taken any more."
    if prize.valid_from is not None and prize.valid_from > day:
        return f"“{prize.name}” can be taken from {show_day(prize.valid_from)} on."
    if prize.stock is not None and prize.stock < quantity:
        return (
            f"Of “{prize.name}” {prize.stock} are left."
            if prize.stock
            else f"“{prize.name}” is out of stock."
        )
    return None


def _check_days(first: Any, last: Any) -> None:
    if first is not None and last is not None and last < first:
        _refuse("valid_until", "It can't end before it begins.")


def _refuse(field: str, message: str) -> NoReturn:
    raise Invalid(message, {field: [message]})
