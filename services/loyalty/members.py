"""Who takes part in loyalty programmes, and what is booked for them by hand or by a process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.actors import Permission, Verb
from services.arguments import Key, Line, WholeNumber
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.errors import Conflict, Invalid, not_found_as
from services.loyalty.ledger import (
    MAX_POINTS,
    add_points,
    balance_of,
    hold_member,
    reverse_entry,
    take_points,
)
from services.loyalty.ledger_model import (
    EntryKind,
    LoyaltyEntry,
    LoyaltyMember,
    LoyaltyRedemption,
)
from services.loyalty.model import Holder, LoyaltyProgramme
from services.operations import Arguments, operation
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

_HIDDEN = "There is no such member account."
_POINTS = validate.Range(1, MAX_POINTS)


class EnrolMember(Arguments):
    """Who takes part in which programme."""

    programme_id = Key(required=True, metadata={"title": "Programme"})
    contact_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Contact", "record_type": "contact"},
    )
    account_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Account", "record_type": "account"},
    )


class MemberArguments(Arguments):
    """Whose points."""

    member_id = Key(required=True, metadata={"title": "Member account"})


class EarnPoints(MemberArguments):
    """What somebody earns besides what rules give."""

    points = WholeNumber(required=True, validate=_POINTS, metadata={"title": "Points"})
    reason = Line(required=True, metadata={"title": "For what"})
    key = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Key", "description": "The same key is booked once only."},
    )


class SpendPoints(MemberArguments):
    """What somebody spends."""

    points = WholeNumber(required=True, validate=_POINTS, metadata={"title": "Points"})
    reason = Line(required=True, metadata={"title": "For what"})


class AdjustPoints(MemberArguments):
    """What is put right."""

    points = WholeNumber(
        required=True,
        validate=validate.Range(-MAX_POINTS, MAX_POINTS),
        metadata={"title": "Points", "description": "Below 0 they are taken away."},
    )
    reason = Line(required=True, metadata={"title": "Reason"})


class ReverseEntry(Arguments):
    """Which booking is taken back, and why."""

    entry_id = Key(required=True, metadata={"title": "Booking"})
    reason = Line(required=True, metadata={"title": "Reason"})


@operation("loyalty.enrol", Permission.RECORD_WRITE, EnrolMember, in_diagrams=True)
def enrol_member(
    uow: UnitOfWork,
    *,
    programme_id: UUID,
    contact_id: UUID | None = None,
    account_id: UUID | None = None,
) -> LoyaltyMember:
    """Let a contact or an account collect points in a programme."""
    holder: Any = None
    if contact_id is not None:
        holder = uow.get(Contact, contact_id, lock=True)
    elif account_id is not None:
        holder = uow.get(Account, account_id, lock=True)
    programme = uow.get(LoyaltyProgramme, programme_id)
    if holder is None or holder.record_type != programme.holder:
        message = f"In this programme it is {programme.holder}s who collect points."
        raise Invalid(message, {f"{programme.holder}_id": [message]})
    if find_member(uow, programme, holder.id) is not None:
        raise Conflict(f"“{programme.name}” has this {programme.holder} as a member already.")
    return join(uow, programme, holder)


@operation("loyalty.earn", Permission.RECORD_WRITE, EarnPoints, in_diagrams=True)
def earn_points(
    uow: UnitOfWork, *, member_id: UUID, points: int, reason: str, key: str | None = None
) -> dict[str, Any]:
    """Give a member points for something that no rule knows of."""
    member, holder = open_member(uow, member_id)
    known = select(LoyaltyEntry.id).where(
        LoyaltyEntry.member_id == member.id, LoyaltyEntry.key == key
    )
    booked = uow.session.scalar(known) if key is not None else None
    if booked is None:
        _check_active(uow, member)
        entry = add_points(uow, member, EntryKind.EARNED, points, reason=reason, key=key)
        booked = entry.id
        tell(
            uow,
            holder,
            member,
            f"Earned {points:,} points: {reason}",
            event="earned",
            points=points,
        )
    return {"entry_id": booked, "balance": balance_of(uow, member.id)}


@operation("loyalty.spend", Permission.RECORD_WRITE, SpendPoints, in_diagrams=True)
def spend_points(uow: UnitOfWork, *, member_id: UUID, points: int, reason: str) -> dict[str, Any]:
    """Spend a member's points, those first that expire first."""
    member, holder = open_member(uow, member_id)
    entry = take_points(uow, member, EntryKind.SPENT, points, reason=reason)
    tell(uow, holder, member, f"Spent {points:,} points: {reason}", event="spent", points=points)
    return {"entry_id": entry.id, "balance": balance_of(uow, member.id)}


@operation("loyalty.adjust", Permission.LOYALTY_MANAGE, AdjustPoints)
def adjust_points(uow: UnitOfWork, *, member_id: UUID, points: int, reason: str) -> dict[str, Any]:
    """Put a member's points right, with a reason."""
    member, holder = open_member(uow, member_id)
    if points == 0:
        message = "Say how many points."
        raise Invalid(message, {"points": [message]})
    book = add_points if points > 0 else take_points
    entry = book(uow, member, EntryKind.ADJUSTED, abs(points), reason=reason)
    title = f"Points adjusted by {points:+,}: {reason}"
    tell(uow, holder, member, title, event="adjusted", points=points)
    return {"entry_id": entry.id, "balance": balance_of(uow, member.id)}


@operation("loyalty.reverse", Permission.LOYALTY_MANAGE, ReverseEntry)
def reverse_booking(uow: UnitOfWork, *, entry_id: UUID, reason: str) -> dict[str, Any]:
    """Take a booking of points back; the member never falls below 0."""
    with not_found_as("There is no such booking."):
        entry = uow.get(LoyaltyEntry, entry_id)
        member, holder = open_member(uow, entry.member_id)
    redeemed = select(LoyaltyRedemption.id).where(LoyaltyRedemption.entry_id == entry.id)
    if uow.session.scalar(redeemed) is not None:
        raise Conflict("These points were spent on a prize; cancel that instead.")
    made = reverse_entry(uow, member, entry, reason=reason)
    title = f"Booking taken back ({made.points:+,} points): {reason}"
    tell(uow, holder, member, title, event="reversed", points=made.points)
    return {"entry_id": made.id, "short": made.short, "balance": balance_of(uow, member.id)}


def open_member(uow: UnitOfWork, member_id: UUID) -> tuple[LoyaltyMember, Any]:
    """Return a member, held to the commit, with the contact or account that the actor may change.

    Raises:
        NotFound: There is none, or the actor may not see whose it is.
        NotAllowed: The actor may see whose it is, but not change that.
    """
    with not_found_as(_HIDDEN):
        member = uow.get(LoyaltyMember, member_id)
        holder = holder_of(uow, member, verb=Verb.UPDATE)
    return hold_member(uow, member.id), holder


def seen_member(uow: UnitOfWork, member_id: UUID) -> tuple[LoyaltyMember, Any]:
    """Return a member with the contact or account that the actor may see.

    Raises:
        NotFound: There is none, or the actor may not see whose it is.
    """
    with not_found_as(_HIDDEN):
        member = uow.get(LoyaltyMember, member_id)
        return member, holder_of(uow, member)


def holder_of(uow: UnitOfWork, member: LoyaltyMember, *, verb: Verb = Verb.READ) -> Any:
    """Return the contact or account whose points these are and the actor may do ``verb`` with."""
    if member.contact_id is not None:
        return uow.get(Contact, member.contact_id, verb=verb)
    return uow.get(Account, _key(member.account_id), verb=verb)


def find_member(
    uow: UnitOfWork, programme: LoyaltyProgramme, holder_id: UUID
) -> LoyaltyMember | None:
    """Return the oldest member account of a contact or account in a programme, or None."""
    is_contact = programme.holder == Holder.CONTACT
    column = LoyaltyMember.contact_id if is_contact else LoyaltyMember.account_id
    statement = select(LoyaltyMember).where(
        LoyaltyMember.programme_id == programme.id, column == holder_id
    )
    return uow.session.scalars(statement.order_by(LoyaltyMember.id).limit(1)).one_or_none()


def members_of(uow: UnitOfWork, holder: Any) -> Sequence[LoyaltyMember]:
    """Return the member accounts of a contact or account that the actor may see, oldest first."""
    is_contact = holder.record_type == Holder.CONTACT
    column = LoyaltyMember.contact_id if is_contact else LoyaltyMember.account_id
    statement = select(LoyaltyMember).where(column == holder.id).order_by(LoyaltyMember.id)
    return uow.session.scalars(statement).all()


def join(uow: UnitOfWork, programme: LoyaltyProgramme, holder: Any) -> LoyaltyMember:
    """Make a member account for a contact or account, whose row is held."""
    member = uow.add(
        LoyaltyMember(
            programme_id=programme.id,
            joined_at=uow.now,
            joined_by=uow.actor.name,
            **{f"{programme.holder}_id": holder.id},
        )
    )
    tell(uow, holder, member, f"Joined “{programme.name}”", event="joined")
    return member


def tell(
    uow: UnitOfWork,
    holder: Any,
    member: LoyaltyMember,
    title: str,
    *,
    event: str,
    points: int = 0,
) -> None:
    """Tell the timeline of a contact or account, and processes, what was booked."""
    add_entry(uow, holder, "changed", title, None, {"member_id": str(member.id)})
    told = {"programme_id": str(member.programme_id), "member_id": str(member.id)}
    uow.emit(f"loyalty.{event}", holder.record_type, holder.id, points=points, **told)


def _check_active(uow: UnitOfWork, member: LoyaltyMember) -> None:
    programme = uow.session.get_one(LoyaltyProgramme, member.programme_id)
    if not programme.active or programme.deleted_at is not None:
        raise Conflict(f"Nothing can be earned in “{programme.name}” at the moment.")


def _key(key: UUID | None) -> UUID:
    if key is None:
        raise ValueError("a member account has a contact or an account")
    return key
