"""What subscriptions bring each month (MRR) and in a year (ARR), and by what it has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Select, and_, case, cast, func, select, true

from services.contracts.days import shift
from services.contracts.subscription_model import SUBSCRIPTION, RevenueMove, Subscription
from services.days import today
from services.money import round_money
from services.people.organization import get_organization
from services.sales.currencies import CurrencyRate
from services.unit_of_work import UnitOfWork

MONTHS: Final = 12
_BEFORE: Final = "before"


@dataclass(frozen=True, slots=True)
class RevenueMonth:
    """What a month brings at its end, in one's own currency.

    Attributes:
        mrr: None where a rate is missing.
        moves: Kind of change → by how much; kinds without any are left out.
        by_rates: What other exchange rates alone have changed.
        share: Of the greatest month, 0 to 100.
    """

    starts_on: date
    mrr: Decimal | None
    moves: Mapping[str, Decimal]
    by_rates: Decimal
    share: int


@dataclass(frozen=True, slots=True)
class Revenue:
    """What comes in again and again.

    Attributes:
        months: The oldest first; the last one is the present one as it stands today.
        missing: Currencies without an exchange rate.
        sums: Currency → what it brings in a month, not converted.
    """

    months: list[RevenueMonth]
    currency: str
    missing: tuple[str, ...]
    sums: Mapping[str, Decimal]
    arr: Decimal | None

    @property
    def mrr(self) -> Decimal | None:
        """What it is today."""
        return self.months[-1].mrr if self.months else None


def months_of_revenue(
    uow: UnitOfWork, *, account_id: UUID | None = None, count: int = MONTHS
) -> Revenue:
    """Return what the subscriptions that the actor may see have brought, month by month.

    Each month is told at the rates of its last day, the present one at those of today. Who may not
    read what a subscription brings is told of no months.

    Args:
        uow: Of whoever asks.
        account_id: Only this account's.
        count: How many months, the present one among them.
    """
    own = get_organization(uow).currency
    if uow.readable_field(SUBSCRIPTION, "mrr") is None:
        return Revenue([], own, (), {}, None)
    day = today(uow)
    starts = [shift(day, number - count + 1, 1) for number in range(count)]
    history = _History(own)
    for month, kind, currency, annual, rate in uow.session.execute(
        _statement(uow, starts[0], day, account_id)
    ):
        history.add(month, kind, currency, Decimal(annual), rate)
    return history.told(starts)


def _statement(uow: UnitOfWork, first: date, day: date, account_id: UUID | None) -> Select[Any]:
    """Return the query of all changes by month, kind and currency, each month with its rate.

    What was before the first month is one row a currency; every month has a row a currency with
    nothing in it too, so that its rate is known.
    """
    visible = uow.select(Subscription).with_only_columns(Subscription.id)
    if account_id is not None:
        visible = visible.where(Subscription.account_id == account_id)
    of_those = and_(RevenueMove.subscription_id.in_(visible), RevenueMove.moved_on <= day)
    month = cast(func.date_trunc("month", RevenueMove.moved_on), Date)
    kind = case((RevenueMove.moved_on < first, _BEFORE), else_=RevenueMove.kind)
    placed = (
        select(
            func.greatest(month, first).label("month"),
            kind.label("kind"),
            RevenueMove.currency,
            RevenueMove.annual,
        )
        .where(of_those)
        .subquery()
    )
    sums = (
        select(
            placed.c.month, placed.c.kind, placed.c.currency, func.sum(placed.c.annual).label("sum")
        )
        .group_by(placed.c.month, placed.c.kind, placed.c.currency)
        .cte("sums")
    )
    series = select(
        cast(func.generate_series(first, day, func.make_interval(0, 1)), Date).label("month")
    ).subquery()
    currencies = select(sums.c.currency).distinct().subquery()
    grid = select(series.c.month, currencies.c.currency).join(currencies, true()).subquery()
    end = func.least(cast(grid.c.month + func.make_interval(0, 1), Date) - 1, day)
    rate = (
        select(CurrencyRate.rate)
        .where(CurrencyRate.currency == grid.c.currency, CurrencyRate.valid_from <= end)
        .order_by(CurrencyRate.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(
        grid.c.month,
        sums.c.kind,
        grid.c.currency,
        func.coalesce(sums.c.sum, 0),
        rate,
    ).outerjoin(sums, and_(sums.c.month == grid.c.month, sums.c.currency == grid.c.currency))


@dataclass(slots=True)
class _History:
    """What the query says, put together month by month.

    Attributes:
        changes: Month → currency → kind → what is added in twelve months.
        rates: Month → currency → what it is worth in one's own; None: nobody has said it.
    """

    own: str
    changes: dict[date, dict[str, dict[str, Decimal]]] = field(default_factory=dict)
    rates: dict[date, dict[str, Decimal | None]] = field(default_factory=dict)

    def add(self, month: date, kind: str | None, currency: str, annual: Decimal, rate: Any) -> None:
        """Take over a row."""
        worth = Decimal(1) if currency == self.own else rate
        self.rates.setdefault(month, {})[currency] = None if worth is None else Decimal(worth)
        if kind is not None:
            self.changes.setdefault(month, {}).setdefault(currency, {})[kind] = annual

    def told(self, starts: Sequence[date]) -> Revenue:
        """Return all of it, in one's own currency."""
        balances: dict[str, Decimal] = {}
        sums: list[Decimal | None] = []
        months: list[tuple[dict[str, Decimal], Decimal]] = []
        for month in starts:
            by_rates = self._by_rates(month, starts[0], balances)
            for currency, changes in self.changes.get(month, {}).items():
                balances[currency] = balances.get(currency, Decimal(0)) + sum(changes.values())
            months.append((self._moves(month), by_rates))
            sums.append(self._worth(month, balances))
        rounded = [None if one is None else self._monthly(one) for one in sums]
        most = max((one or Decimal(0) for one in rounded), default=Decimal(0)) or Decimal(1)
        last = starts[-1]
        left = {currency: annual for currency, annual in balances.items() if annual}
        return Revenue(
            months=[
                RevenueMonth(month, mrr, moves, by_rates, int((mrr or 0) * 100 / most))
                for month, mrr, (moves, by_rates) in zip(starts, rounded, months, strict=True)
            ],
            currency=self.own,
            missing=tuple(sorted(code for code in left if self._rate(last, code) is None)),
            sums={code: round_money(annual / 12, code) for code, annual in sorted(left.items())},
            arr=None if sums[-1] is None else round_money(sums[-1], self.own),
        )

    def _rate(self, month: date, currency: str) -> Decimal | None:
        return self.rates.get(month, {}).get(currency)

    def _worth(self, month: date, balances: Mapping[str, Decimal]) -> Decimal | None:
        """Return balances in one's own currency; None where a rate is missing."""
        found = Decimal(0)
        for currency, annual in balances.items():
            rate = self._rate(month, currency)
            if rate is None and annual:
                return None
            found += annual * (rate or 0)
        return found

    def _by_rates(self, month: date, first: date, balances: Mapping[str, Decimal]) -> Decimal:
        """Return what other rates than those of the month before have changed."""
        if month == first:
            return Decimal(0)
        before = shift(month, -1, 1)
        found = Decimal(0)
        for currency, annual in balances.items():
            rates = self._rate(before, currency), self._rate(month, currency)
            if None not in rates:
                found += annual * ((rates[1] or 0) - (rates[0] or 0))
        return self._monthly(found)

    def _moves(self, month: date) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for currency, changes in self.changes.get(month, {}).items():
            rate = self._rate(month, currency)
            for kind, annual in changes.items():
                if kind != _BEFORE and rate is not None:
                    found[kind] = found.get(kind, Decimal(0)) + annual * rate
        return {kind: self._monthly(annual) for kind, annual in found.items() if annual}

    def _monthly(self, annual: Decimal) -> Decimal:
        return round_money(annual / 12, self.own)
