"""What follows from a contract's or a subscription's dates: when the daily job is to look at it."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import exists, or_, select

from services.contracts.days import DAY
from services.contracts.model import Contract
from services.contracts.subscription_model import (
    Subscription,
    SubscriptionAdjustment,
    SubscriptionPeriod,
)
from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork


def settle_contract(uow: UnitOfWork, contract: Contract) -> None:
    """Note when the daily job is to look at a contract, and tell its subscriptions of its end."""
    contract.due_on = _contract_due(contract)
    uow.session.flush()
    in_force = contract.status != "draft"
    last_day = contract.last_day if in_force else None
    told = select(Subscription).where(
        Subscription.contract_id == contract.id,
        Subscription.status != "ended",
        Subscription.contract_ends_on.is_distinct_from(last_day),
    )
    for subscription in uow.session.scalars(told.order_by(Subscription.id).with_for_update()):
        subscription.contract_ends_on = last_day
        settle_subscription(uow, subscription)
    uow.session.flush()


def settle_subscription(uow: UnitOfWork, subscription: Subscription) -> None:
    """Note when the daily job is to look at a subscription."""
    known: list[date | None] = []
    if subscription.status != "draft":
        deleted = find_deleted_draft(uow, subscription)
        known.append(None if deleted is None else deleted.created_at.date())
    if subscription.status == "active":
        known.append(subscription.next_invoice_on)
    if subscription.status == "paused":
        known.append(subscription.resumes_on)
    if subscription.status in {"active", "paused"} and subscription.last_day is not None:
        known.append(subscription.last_day + DAY)
    subscription.due_on = min((day for day in known if day is not None), default=None)


def find_deleted_draft(uow: UnitOfWork, subscription: Subscription) -> Invoice | None:
    """Return the oldest draft in the bin that something was invoiced on which stands on no other.

    None: there is none.
    """
    period = exists().where(SubscriptionPeriod.invoice_id == Invoice.id)
    change = exists().where(SubscriptionAdjustment.invoice_id == Invoice.id)
    statement = select(Invoice).where(
        Invoice.subscription_id == subscription.id,
        Invoice.deleted_at.is_not(None),
        or_(period, change),
    )
    return uow.session.scalars(statement.order_by(Invoice.created_at, Invoice.id).limit(1)).first()


def decide_by(contract: Contract) -> date | None:
    """Return the last day on which a contract's end can still be decided on; None: no end.

    For one that is renewed that is the last day for notice, for others its last day.
    """
    if contract.ends_on is None or contract.cancels_on is not None:
        return None
    if contract.renewal_months:
        return contract.notice.last_day_for(contract.ends_on)
    return contract.ends_on


def remind_on(contract: Contract) -> date | None:
    """Return the day from which the owner is to be reminded; None: not (any more) for this end."""
    decided = decide_by(contract)
    if decided is None or contract.reminded_for == contract.ends_on:
        return None
    return decided - timedelta(days=contract.remind_days)


def _contract_due(contract: Contract) -> date | None:
    if contract.status != "active":
        return None
    end = contract.cancels_on or contract.ends_on
    known = [remind_on(contract), None if end is None else end + DAY]
    return min((day for day in known if day is not None), default=None)
