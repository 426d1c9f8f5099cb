"""What the pages of contracts and subscriptions show beyond those of other records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.contracts.billing import is_due, open_adjustments
from services.contracts.ending import earliest_end
from services.contracts.following import decide_by, find_deleted_draft, remind_on
from services.contracts.model import Contract
from services.contracts.repricing import has_running
from services.contracts.subscription_life import WHEN
from services.contracts.subscription_model import Subscription, SubscriptionAdjustment
from services.days import today
from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ContractPage:
    """The page's own part.

    Attributes:
        decide_by: The last day on which its end can be decided on.
        earliest: When it can end if notice is given today; None where nothing can be cancelled.
        is_near: Its owner is or will soon be reminded of its end.
        length: By how many months it renews, as people type it.
    """

    decide_by: date | None
    earliest: date | None
    is_near: bool
    is_late: bool
    length: str
    can_raise: bool


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """The page's own part.

    Attributes:
        every: How often it is invoiced, for people.
        is_due: A period has begun that is not invoiced yet, or is to be invoiced again.
        deleted: The draft in the bin that is invoiced again; None: there is none.
        adjustments: What changes have cost and stands on no invoice yet.
        whens: When it can be cancelled to.
    """

    every: str
    is_due: bool
    deleted: Invoice | None
    adjustments: Sequence[SubscriptionAdjustment]
    last_day: date | None
    whens: Mapping[str, str]


def load_contract(uow: UnitOfWork, contract: Contract) -> ContractPage:
    """Return what a contract's page shows besides its fields."""
    day = today(uow)
    in_force = contract.status == "active"
    decided = decide_by(contract) if in_force else None
    reminded = remind_on(contract) if in_force else None
    was_reminded = in_force and contract.reminded_for == contract.ends_on is not None
    can_end = in_force and contract.cancels_on is None
    return ContractPage(
        decide_by=decided,
        earliest=max(earliest_end(contract, day), day) if can_end else None,
        is_near=decided is not None and (was_reminded or (reminded or day) < day),
        is_late=decided is not None and decided < day,
        length=str(contract.renewal_months or ""),
        can_raise=in_force and has_running(uow, contract),
    )


def load_subscription(uow: UnitOfWork, subscription: Subscription) -> SubscriptionPage:
    """Return what a subscription's page shows besides its fields."""
    count, unit = subscription.interval_count, subscription.interval_unit
    return SubscriptionPage(
        every=f"every {unit}" if count == 1 else f"every {count} {unit}s",
        is_due=is_due(uow, subscription, today(uow)),
        deleted=find_deleted_draft(uow, subscription),
        adjustments=open_adjustments(uow, subscription.id),
        last_day=subscription.last_day,
        whens=WHEN,
    )
