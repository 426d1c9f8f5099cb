"""Drafted invoices of subscriptions that lie in the bin: what they were for is invoiced again.

The period keeps naming its deleted draft until another invoice takes its place. So a draft that is
restored before that is its invoice as before, and no period is invoiced twice.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select

from services.contracts.following import settle_subscription
from services.contracts.subscription_model import Subscription
from services.errors import Conflict
from services.records.timeline import add_entry
from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork


def leave_to_invoice_again(uow: UnitOfWork, invoice: Invoice) -> None:
    """Let what a draft in the bin was for be invoiced again; a worker at it is waited for."""
    if invoice.subscription_id is None:
        return
    uow.session.flush()
    subscription = _held(uow, invoice.subscription_id)
    settle_subscription(uow, subscription)
    add_entry(
        uow, subscription, "invoice", f"Deleted “{invoice.title}”; it is due to be invoiced again"
    )


def check_not_invoiced_again(uow: UnitOfWork, invoice: Invoice, deleted_at: datetime) -> None:
    """Refuse a draft out of the bin when its subscription was invoiced meanwhile.

    Raises:
        Conflict: What it is for stands on another invoice.
    """
    if invoice.subscription_id is None:
        return
    uow.session.flush()
    subscription = _held(uow, invoice.subscription_id)
    later = exists().where(
        Invoice.subscription_id == subscription.id,
        Invoice.id != invoice.id,
        Invoice.created_at >= deleted_at,
    )
    if uow.session.scalar(select(later)):
        raise Conflict("Its subscription was invoiced again meanwhile.")
    settle_subscription(uow, subscription)


def _held(uow: UnitOfWork, key: UUID) -> Subscription:
    """Return a subscription that nobody else invoices to the commit.

    Whoever may delete the draft need not see the subscription.
    """
    held = select(Subscription).where(Subscription.id == key).with_for_update()
    return uow.session.scalars(held.execution_options(populate_existing=True)).one()
