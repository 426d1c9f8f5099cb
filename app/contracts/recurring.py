"""What subscriptions bring: all that one may see, and those of one account."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.layout import amount
from services.contracts.recurring import months_of_revenue
from services.contracts.subscription_model import MOVES
from services.crm.account_model import Account
from services.errors import NotAllowed
from services.sales.lines import sees_prices
from services.unit_of_work import UnitOfWork


def show(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what comes in again and again as numbers, a chart and a table.

    Raises:
        NotAllowed: What subscriptions bring is hidden from the actor.
    """
    if not sees_prices(uow, "subscription"):
        raise NotAllowed("Your roles don't let you see what subscriptions bring.")
    revenue = months_of_revenue(uow)
    has_any = any(month.mrr or month.moves for month in revenue.months) or bool(revenue.sums)
    moved = {kind for month in revenue.months for kind in month.moves}
    return render_template(
        "contracts/recurring.html",
        revenue=revenue,
        has_any=has_any,
        kinds=[(kind, label) for kind, label in MOVES.items() if kind in moved],
        by_rates=any(month.by_rates for month in revenue.months),
    )


def of_account(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show what an account's subscriptions bring: a card of its page, for who may see it."""
    account = uow.get(Account, key)
    if not sees_prices(uow, "subscription"):
        return ""
    revenue = months_of_revenue(uow, account_id=account.id, count=1)
    sums = [("A month", amount(sum_, code)) for code, sum_ in revenue.sums.items()]
    return render_template("contracts/account_card.html", revenue=revenue, sums=sums)
