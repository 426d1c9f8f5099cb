"""What subscriptions bring: each change of it is noted, so that every month can be told later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import delete, func, select

from services.contracts.subscription_model import RevenueMove, Subscription
from services.unit_of_work import UnitOfWork


def settle_revenue(uow: UnitOfWork, subscription: Subscription, on: date) -> None:
    """Note how what a subscription brings has changed from a day on.

    What it brings is its price of a period by twelve months, and nothing unless it is active.
    """
    active = subscription.status == "active"
    wanted = subscription.taxable * 12 / subscription.months if active else Decimal(0)
    subscription.annual = wanted.quantize(Decimal("0.0001"))
    of_this = RevenueMove.subscription_id == subscription.id
    known = select(func.count(), func.coalesce(func.sum(RevenueMove.annual), 0))
    count, before = uow.session.execute(known.where(of_this)).one()
    delta = subscription.annual - Decimal(before)
    if not delta:
        uow.session.flush()
        return
    if not active and _begins_after(uow, subscription, on):
        uow.session.execute(delete(RevenueMove).where(of_this))
        uow.session.flush()
        return
    kind = _kind(count, Decimal(before), subscription.annual)
    move = RevenueMove(
        subscription_id=subscription.id,
        moved_on=on,
        kind=kind,
        currency=subscription.currency,
        annual=delta,
    )
    uow.add(move)


def _begins_after(uow: UnitOfWork, subscription: Subscription, on: date) -> bool:
    """Tell whether a subscription brings nothing before a day: it was never begun."""
    first = select(func.min(RevenueMove.moved_on))
    begun = uow.session.scalar(first.where(RevenueMove.subscription_id == subscription.id))
    return begun is not None and begun >= on


def _kind(count: int, before: Decimal, after: Decimal) -> str:
    if not before:
        return "back" if count else "new"
    if not after:
        return "lost"
    return "more" if after > before else "less"
