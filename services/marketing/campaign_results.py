"""What came of a campaign: its members' answers, leads, deals, and what was earned on its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.crm.deal_model import DEAL, Deal
from services.crm.lead_model import Lead, LeadStatus
from services.marketing.campaign_model import CAMPAIGN, Campaign, CampaignMember, CampaignStatus
from services.money import known_currency, round_money
from services.sales.currencies import OwnMoney, own_money
from services.unit_of_work import UnitOfWork

_ANSWERS: Final = {
    "sent_at": "Sent",
    "opened_at": "Opened",
    "clicked_at": "Clicked",
    "replied_at": "Replied",
    "bought_at": "Bought",
    "bounced_at": "Came back",
    "unsubscribed_at": "Unsubscribed",
}
_LOSSES: Final = frozenset({"bounced_at", "unsubscribed_at"})
_PERCENT: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel; ``percent`` is of its first step, None where that is nothing."""

    label: str
    count: int
    percent: Decimal | None
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """The result, as far as the actor may see it; amounts are in the campaign's currency.

    Attributes:
        answers: Of the members, from targeted to bought, and those who were lost.
        business: Of the leads and deals that point to the campaign.
        won: None if the actor may not see amounts, or a currency has no rate.
        cost: What it has cost; the budget while nobody has said so.
        is_budget: ``cost`` is the budget.
        cost_per_lead: And ``cost_per_won``: None where there are none yet.
        return_percent: What was won beyond the cost, in percent of the cost; None as long as
            nothing is won and the campaign has not ended.
    """

    answers: Sequence[Step]
    business: Sequence[Step]
    currency: str
    won: Decimal | None
    open_amount: Decimal | None
    cost: Decimal | None
    is_budget: bool
    cost_per_lead: Decimal | None
    cost_per_won: Decimal | None
    return_percent: Decimal | None


def campaign_result(uow: UnitOfWork, campaign: Campaign) -> CampaignResult:
    """Return what came of a campaign; leads and deals that are hidden from the actor don't count.

    It takes four statements.
    """
    leads, converted = _leads(uow, campaign.id)
    deals = _deals(uow, campaign.id)
    won_count = sum(row.won for row in deals)
    business = [
        ("Leads", leads),
        ("Converted leads", converted),
        ("Deals", sum(row.count for row in deals)),
        ("Won deals", won_count),
    ]
    money = own_money(uow)
    sees_amounts = uow.readable_field(DEAL, "amount") is not None
    won = _total(money, campaign.currency, {row.currency: row.won_amount for row in deals})
    unsure = _total(money, campaign.currency, {row.currency: row.open_amount for row in deals})
    cost, is_budget = _cost(uow, campaign)
    if not sees_amounts:
        won = unsure = None
    return CampaignResult(
        answers=_answers(uow, campaign.id),
        business=_steps(business),
        currency=campaign.currency,
        won=won,
        open_amount=unsure,
        cost=cost,
        is_budget=is_budget,
        cost_per_lead=_share(cost, leads, campaign.currency),
        cost_per_won=_share(cost, won_count, campaign.currency),
        return_percent=_return(campaign, won, cost),
    )


def _return(campaign: Campaign, won: Decimal | None, cost: Decimal | None) -> Decimal | None:
    if won is None or not cost or (not won and campaign.status != CampaignStatus.ENDED):
        return None
    return _percent(won - cost, cost)


def _answers(uow: UnitOfWork, campaign_id: UUID) -> list[Step]:
    columns = [func.count(getattr(CampaignMember, name)) for name in _ANSWERS]
    row = uow.session.execute(
        select(func.count(), *columns).where(CampaignMember.campaign_id == campaign_id)
    ).one()
    whole = row[0]
    steps = [Step("Targeted", whole, Decimal(100) if whole else None)]
    for (name, label), count in zip(_ANSWERS.items(), row[1:], strict=True):
        steps.append(Step(label, count, _percent(count, whole), name in _LOSSES))
    return steps


def _leads(uow: UnitOfWork, campaign_id: UUID) -> tuple[int, int]:
    converted = func.count().filter(Lead.status == LeadStatus.QUALIFIED.value)
    statement = uow.select(Lead).where(Lead.campaign_id == campaign_id)
    row = uow.session.execute(statement.with_only_columns(func.count(), converted)).one()
    return row[0], row[1]


def _deals(uow: UnitOfWork, campaign_id: UUID) -> Sequence[Any]:
    """Return count, won count and amounts of the campaign's deals, by currency."""
    is_won, is_open = Deal.won_at.is_not(None), Deal.closed_at.is_(None)
    zero = Decimal(0)
    statement = (
        uow.select(Deal)
        .where(Deal.campaign_id == campaign_id)
        .with_only_columns(
            Deal.currency,
            func.count().label("count"),
            func.count().filter(is_won).label("won"),
            func.coalesce(func.sum(Deal.amount).filter(is_won), zero).label("won_amount"),
            func.coalesce(func.sum(Deal.amount).filter(is_open), zero).label("open_amount"),
        )
        .group_by(Deal.currency)
    )
    return uow.session.execute(statement).all()


def _steps(counted: Sequence[tuple[str, int]]) -> list[Step]:
    whole = max((count for _, count in counted), default=0)
    return [Step(label, count, _percent(count, whole)) for label, count in counted]


def _total(money: OwnMoney, into: str, amounts: dict[str, Decimal]) -> Decimal | None:
    """Return amounts by currency as one sum in a currency; None where a rate is missing."""
    if set(amounts) <= {into}:
        return round_money(amounts.get(into, Decimal(0)), known_currency(into))
    there = {code: amount for code, amount in amounts.items() if amount}
    own, rate = money.sum_of(there), money.rate_of(into)
    return None if own is None or not rate else round_money(own / rate, known_currency(into))


def _cost(uow: UnitOfWork, campaign: Campaign) -> tuple[Decimal | None, bool]:
    if uow.readable_field(CAMPAIGN, "actual_cost") and campaign.actual_cost is not None:
        return campaign.actual_cost, False
    return (campaign.budget if uow.readable_field(CAMPAIGN, "budget") else None), True


def _share(cost: Decimal | None, count: int, currency: str) -> Decimal | None:
    if cost is None or not count:
        return None
    return round_money(cost / count, known_currency(currency))


def _percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(_PERCENT, ROUND_HALF_UP)
