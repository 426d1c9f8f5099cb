"""What open deals are expected to bring, month by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import case, func

from services.crm.board import board_conditions
from services.crm.board_parts import BoardQuery
from services.crm.deal_model import DEAL, Deal
from services.crm.pipeline_model import Category, Stage
from services.crm.pipelines import get_pipeline
from services.days import today
from services.sales.currencies import own_money
from services.unit_of_work import UnitOfWork

MONTHS = 6


@dataclass(frozen=True, slots=True)
class Month:
    """The deals that are expected to be closed in a month.

    Attributes:
        starts_on: None for those without a date; the first month has those that are overdue.
        sums: Currency → amounts, each by its probability.
        expected: All of them in one's own currency; None where a rate is missing.
        share: Of the greatest month, 0 to 100.
    """

    starts_on: date | None
    count: int
    sums: Mapping[str, Decimal]
    expected: Decimal | None
    share: int


def forecast_months(uow: UnitOfWork, query: BoardQuery) -> tuple[list[Month], str]:
    """Return this month and the next ones, those without a date at the end, and the currency.

    Deals on hold are left out; later months than ``MONTHS`` are not told. Who may not read
    amounts, dates or stages is told nothing.
    """
    money = own_money(uow)
    readable = {field.name for field in uow.readable_fields(DEAL)}
    if not {"amount", "probability", "expected_close_on", "stage"} <= readable:
        return [], money.currency
    pipeline = get_pipeline(uow, query.pipeline_id)
    first = today(uow).replace(day=1)
    starts = [_later(first, number) for number in range(MONTHS + 1)]
    month = case(
        (Deal.expected_close_on.is_(None), None),
        (Deal.expected_close_on < first, first),
        else_=func.date_trunc("month", Deal.expected_close_on),
    )
    statement = (
        uow.select(Deal)
        .join(Stage, (Stage.pipeline_id == Deal.pipeline_id) & (Stage.key == Deal.stage))
        .where(*board_conditions(uow, query, pipeline.id), Stage.category == Category.OPEN.value)
        .where(Deal.expected_close_on.is_(None) | (Deal.expected_close_on < starts[-1]))
        .with_only_columns(
            month.label("month"),
            Deal.currency,
            func.count(),
            func.sum(Deal.amount * Deal.probability / 100),
        )
    )
    rows = uow.session.execute(statement.group_by("month", Deal.currency)).all()
    found: dict[date | None, dict[str, Decimal]] = {}
    counts: dict[date | None, int] = {}
    for start, currency, count, weighted in rows:
        key = None if start is None else date(start.year, start.month, 1)
        found.setdefault(key, {})[currency] = weighted
        counts[key] = counts.get(key, 0) + count
    sums = {key: money.sum_of(found.get(key, {})) for key in [*starts[:-1], None]}
    most = max((value or Decimal(0) for value in sums.values()), default=Decimal(0)) or Decimal(1)
    return [
        Month(key, counts.get(key, 0), found.get(key, {}), value, int((value or 0) * 100 / most))
        for key, value in sums.items()
    ], money.currency


def _later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
