"""What an account owes and was invoiced: a card of its page."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from services.crm.account_model import Account
from services.days import today
from services.sales.balances import balances_of
from services.sales.lines import sees_prices
from services.unit_of_work import UnitOfWork


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the card, for who may see what invoices come to."""
    account = uow.get(Account, key)
    if not sees_prices(uow, "invoice"):
        return ""
    balances = balances_of(uow, account.id, today(uow))
    return render_template("sales/account_card.html", balances=balances)
