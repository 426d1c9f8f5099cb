"""Earning by rules: a record that comes to count earns once, and no longer counts when undone.

Whatever changes a record that may earn leaves a job. The job compares what the record should have
earned with what is booked for it, so that it may come twice or late and nothing is booked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import identity_key

from services.activities.model import Activity, ActivityStatus
from services.actors import SYSTEM
from services.changes import TouchedRecord, watcher
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.days import today
from services.jobs import job
from services.loyalty.ledger import MAX_POINTS, add_points, hold_member, reverse_entry
from services.loyalty.ledger_model import EntryKind, LoyaltyEntry, LoyaltyMember
from services.loyalty.members import find_member, join, tell
from services.loyalty.model import SOURCES, Holder, LoyaltyProgramme, LoyaltyRule, Source
from services.platform import Platform
from services.records.types import find_record_type
from services.sales.currencies import convert
from services.sales.model import Invoice
from services.unit_of_work import Job, UnitOfWork

_MODELS: Final[dict[str, Any]] = {
    Source.INVOICE.value: Invoice,
    Source.DEAL.value: Deal,
    Source.ACTIVITY.value: Activity,
}
_TELLING: Final = {
    Source.INVOICE.value: frozenset({"status", "credited", "deleted_at"}),
    Source.DEAL.value: frozenset({"won_at", "amount", "deleted_at"}),
    Source.ACTIVITY.value: frozenset({"status", "deleted_at"}),
}
"""The fields by which a record comes to earn something, or other than before."""


@watcher
def look_for_sources(uow: UnitOfWork, touched: Sequence[TouchedRecord]) -> None:
    """Leave jobs for records that may have earned something, or no longer have."""
    found = [one for one in touched if _may_count(uow, one)]
    if not found:
        return
    types = {one.record_type for one in found}
    if not uow.session.scalar(select(exists().where(LoyaltyRule.source.in_(types)))):
        return
    for one in found:
        source = {"source_type": one.record_type, "source_id": str(one.record_id)}
        uow.defer(Job("loyalty.settle", source, lock=f"loyalty:{one.record_id}"))


@job("loyalty.settle")
def settle(platform: Platform, *, source_type: str, source_id: str) -> None:
    """Book what a record has earned, and take back what it hasn't any more."""
    platform.transact(
        SYSTEM, lambda uow: settle_source(uow, source_type, UUID(source_id)), source="job"
    )


def settle_source(uow: UnitOfWork, source_type: str, source_id: UUID) -> None:
    """Bring the bookings for a record into step with what it is now; a second time does nothing."""
    model = _MODELS[source_type]
    statement = select(model).where(model.id == source_id).with_for_update(of=model)
    record = uow.session.scalars(statement).one_or_none()
    if record is None:
        return
    for rule, programme in _rules_for(uow, record, source_type):
        wanted = _worth(uow, rule, record) if _counts(record) else 0
        booked = _open_entry(uow, rule, record)
        if booked is not None and booked.points != wanted:
            _take_back(uow, booked)
            _earn(uow, rule, programme, record, wanted, again=True)
        elif booked is None:
            _earn(uow, rule, programme, record, wanted)


def _may_count(uow: UnitOfWork, one: TouchedRecord) -> bool:
    telling = _TELLING.get(one.record_type)
    if telling is None or not (one.is_new or telling & one.before.keys()):
        return False
    # What it is now is at hand, but after a flush of many rows at once.
    key = identity_key(_MODELS[one.record_type], one.record_id)
    record = uow.session.identity_map.get(key)
    if record is None or not one.is_new:
        return True
    return _counts(record)


def _counts(record: Any) -> bool:
    """Tell whether a record is one that points are earned by."""
    if record.deleted_at is not None:
        return False
    if isinstance(record, Invoice):
        return record.kind == "invoice" and record.status == "paid"
    if isinstance(record, Deal):
        return record.won_at is not None
    return bool(record.status == ActivityStatus.DONE)


def _rules_for(
    uow: UnitOfWork, record: Any, source_type: str
) -> list[tuple[LoyaltyRule, LoyaltyProgramme]]:
    """Return the rules by which a record may earn now, or has earned."""
    has_earned = exists().where(
        LoyaltyEntry.rule_id == LoyaltyRule.id, LoyaltyEntry.source_id == record.id
    )
    in_force = LoyaltyRule.active & LoyaltyProgramme.active & LoyaltyProgramme.deleted_at.is_(None)
    statement = (
        select(LoyaltyRule, LoyaltyProgramme)
        .join(LoyaltyProgramme, LoyaltyProgramme.id == LoyaltyRule.programme_id)
        .where(LoyaltyRule.source == source_type, or_(in_force, has_earned))
        .order_by(LoyaltyRule.id)
    )
    return [(rule, programme) for rule, programme in uow.session.execute(statement)]


def _worth(uow: UnitOfWork, rule: LoyaltyRule, record: Any) -> int:
    """Return the points that a record is worth by a rule; what doesn't fill an amount is lost."""
    if isinstance(record, Activity):
        return rule.points if rule.activity_kind in {None, record.kind} else 0
    if rule.per_amount is None or rule.currency is None:
        return rule.points
    amount, day = _amount(record), _day(uow, record)
    converted = convert(uow, amount, record.currency, rule.currency, day)
    times = int(max(converted, Decimal(0)) // rule.per_amount)
    return min(times * rule.points, MAX_POINTS)


def _amount(record: Any) -> Decimal:
    if isinstance(record, Invoice):
        return record.gross - record.credited
    return Decimal(record.amount)


def _day(uow: UnitOfWork, record: Any) -> Any:
    """Return the day whose exchange rates count: it stays the same, however late it is asked."""
    day = record.issued_on if isinstance(record, Invoice) else record.closed_on
    return day or today(uow)


def _open_entry(uow: UnitOfWork, rule: LoyaltyRule, record: Any) -> LoyaltyEntry | None:
    """Return the booking of what a record has earned by a rule that nobody has taken back."""
    back = aliased(LoyaltyEntry)
    statement = select(LoyaltyEntry).where(
        LoyaltyEntry.rule_id == rule.id,
        LoyaltyEntry.source_id == record.id,
        ~exists().where(back.reverses_id == LoyaltyEntry.id),
    )
    return uow.session.scalars(statement).one_or_none()


def _earn(
    uow: UnitOfWork,
    rule: LoyaltyRule,
    programme: LoyaltyProgramme,
    record: Any,
    points: int,
    *,
    again: bool = False,
) -> None:
    """Book what a record has earned; an ended rule books again only what it had booked before."""
    in_force = rule.active and programme.active and programme.deleted_at is None
    if points == 0 or not (in_force or again):
        return
    earlier = select(LoyaltyEntry.id).where(
        LoyaltyEntry.rule_id == rule.id, LoyaltyEntry.source_id == record.id
    )
    rounds = len(uow.session.scalars(earlier).all())
    if rounds and not again and _was_reversed_by_hand(uow, rule, record):
        return
    found = _member_for(uow, programme, record)
    if found is None:
        return
    member, holder = found
    add_points(
        uow,
        member,
        EntryKind.EARNED,
        points,
        reason=SOURCES[rule.source],
        rule_id=rule.id,
        source_type=record.record_type,
        source_id=record.id,
        round=rounds + 1,
    )
    title = f"Earned {points:,} points: {SOURCES[rule.source].lower()}"
    tell(uow, holder, member, title, event="earned", points=points)


def _was_reversed_by_hand(uow: UnitOfWork, rule: LoyaltyRule, record: Any) -> bool:
    """Tell whether a person took back what a record had earned last: that is not earned anew."""
    back = aliased(LoyaltyEntry)
    statement = (
        select(back.booked_by)
        .join(LoyaltyEntry, LoyaltyEntry.id == back.reverses_id)
        .where(LoyaltyEntry.rule_id == rule.id, LoyaltyEntry.source_id == record.id)
        .order_by(back.id.desc())
        .limit(1)
    )
    return uow.session.scalar(statement) != SYSTEM.name


def _take_back(uow: UnitOfWork, booked: LoyaltyEntry) -> None:
    member = hold_member(uow, booked.member_id)
    made = reverse_entry(uow, member, booked, reason="What it was earned by was undone")
    holder = _holder(uow, member)
    title = f"{-made.points:,} points taken back: what they were earned by was undone"
    tell(uow, holder, member, title, event="reversed", points=made.points)


def _member_for(
    uow: UnitOfWork, programme: LoyaltyProgramme, record: Any
) -> tuple[LoyaltyMember, Any] | None:
    """Return the held member that earns by a record; None if there is nobody."""
    holder_id = _holder_id(uow, programme, record)
    if holder_id is None:
        return None
    model: Any = Contact if programme.holder == Holder.CONTACT else Account
    # Held, so that two records that earn first at the same time don't make two members.
    held = select(model).where(model.id == holder_id).with_for_update(of=model)
    holder = uow.session.scalars(held).one_or_none()
    if holder is None or holder.deleted_at is not None:
        return None
    member = find_member(uow, programme, holder_id)
    if member is None and programme.joins_itself:
        member = join(uow, programme, holder)
    return None if member is None else (hold_member(uow, member.id), holder)


def _holder_id(uow: UnitOfWork, programme: LoyaltyProgramme, record: Any) -> UUID | None:
    """Return the key of the contact or account that a record is of, or is about."""
    about = record
    if isinstance(record, Activity):
        found = find_record_type(record.regarding_type or "")
        if found is None or record.regarding_id is None:
            return None
        if found.name == programme.holder:
            return record.regarding_id
        about = uow.session.get(found.model, record.regarding_id)
    key: UUID | None = getattr(about, f"{programme.holder}_id", None)
    return key


def _holder(uow: UnitOfWork, member: LoyaltyMember) -> Any:
    if member.contact_id is not None:
        return uow.session.get_one(Contact, member.contact_id)
    return uow.session.get_one(Account, member.account_id)
