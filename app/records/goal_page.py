"""What a goal's page shows beyond other records': how it stands, and how its series went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.goals.measures import MEASURES
from services.goals.model import Goal
from services.goals.reading import Standing, filter_text, history_of, standing_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Column:
    """A period of the chart.

    Attributes:
        plan: Height of the plan, 0 to 100 of the greatest there is; ``fact`` that of the fact.
    """

    standing: Standing
    plan: int
    fact: int


@dataclass(frozen=True, slots=True)
class GoalPage:
    """What the templates of a goal's page show.

    Attributes:
        counts: What kind of records count, in the plural.
        where: What further holds for them, in words; empty for nothing.
        columns: The periods of its series, the oldest first.
    """

    standing: Standing
    counts: str
    where: str
    columns: Sequence[Column]


def load_goal(uow: UnitOfWork, goal: Goal) -> GoalPage:
    """Return what a goal's page shows beyond other records'."""
    return GoalPage(
        standing=standing_of(uow, goal),
        counts=MEASURES[goal.metric].record_type.plural.lower(),
        where=filter_text(uow, goal),
        columns=_columns(history_of(uow, goal)),
    )


def _columns(history: Sequence[Standing]) -> list[Column]:
    values = [(Decimal(one.goal.target), one.fact.value or Decimal(0)) for one in history]
    most = max((max(pair) for pair in values), default=Decimal(1)) or Decimal(1)
    return [
        Column(one, int(plan * 100 / most), max(0, int(fact * 100 / most)))
        for one, (plan, fact) in zip(history, values, strict=True)
    ]
