"""What subscriptions bring: each change of it is noted, so that every month can be told later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from services.contracts.days import DAY
from services.contracts.periods import rows_at
from services.contracts.subscription_model import RevenueMove, Subscription
from services.days import today
from services.money import total_of_nets
from services.sales.lines import lines_of
from services.unit_of_work import UnitOfWork


def settle_revenue(uow: UnitOfWork, subscription: Subscription, on: date) -> None:
    """Note how what a subscription brings has changed from a day on.

    What it brings is its price of a period by twelve months, and nothing unless it is active. A
    price that was set for later counts from its own day on; what was noted of days to come is
    noted anew, since it may not come about.
    """
    active = subscription.status == "active"
    wanted = _by_year(subscription, subscription.taxable) if active else Decimal(0)
    subscription.annual = wanted
    of_this = RevenueMove.subscription_id == subscription.id
    to_come = RevenueMove.moved_on > today(uow)
    uow.session.execute(delete(RevenueMove).where(of_this, to_come))
    known = select(func.count(), func.coalesce(func.sum(RevenueMove.annual), 0))
    count, before = uow.session.execute(known.where(of_this)).one()
    if not active and before and _begins_after(uow, subscription, on):
        uow.session.execute(delete(RevenueMove).where(of_this))
        uow.session.flush()
        return
    changes = {on: wanted}
    changed = _price_day(uow, subscription, max(on, today(uow))) if active else None
    if changed is not None:
        at_paid = _taxable_at(uow, subscription, changed - DAY)
        changes = {on: _by_year(subscription, at_paid), changed: wanted}
    for day, annual in changes.items():
        if annual != before:
            _note(uow, subscription, day, annual - before, _kind(count, before, annual))
            count, before = count + 1, annual
    uow.session.flush()


def _by_year(subscription: Subscription, amount: Decimal) -> Decimal:
    return (amount * 12 / subscription.months).quantize(Decimal("0.0001"))


def _price_day(uow: UnitOfWork, subscription: Subscription, day: date) -> date | None:
    """Return when prices that were set for later count, if that is after a day."""
    lines: Sequence[Any] = lines_of(uow, subscription)
    until = [line.paid_until for line in lines if line.paid_until is not None]
    last = max((one for one in until if one >= day), default=None)
    return None if last is None else last + DAY


def _taxable_at(uow: UnitOfWork, subscription: Subscription, day: date) -> Decimal:
    """Return what a period comes to at a day's prices, less the discount."""
    rows = rows_at(uow, subscription, day)
    nets = [(row["tax_category"], row["tax_percent"], row["net"]) for row in rows]
    return total_of_nets(nets, subscription.currency, subscription.discount_percent).taxable


def _note(
    uow: UnitOfWork, subscription: Subscription, day: date, annual: Decimal, kind: str
) -> None:
    uow.add(
        RevenueMove(
            subscription_id=subscription.id,
            moved_on=day,
            kind=kind,
            currency=subscription.currency,
            annual=annual,
        )
    )


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
