"""Goals as pages show them: plan and fact of a period, and of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.days import today
from services.errors import Invalid
from services.filtering import describe, parse_filter
from services.goals.facts import Fact, facts_of
from services.goals.goals import goals_in
from services.goals.measures import MEASURES
from services.goals.model import Goal, Level
from services.goals.pace import Pace, WorkingDays, pace_of, working_days
from services.goals.periods import Period, period_of
from services.money import known_currency, minor_digits
from services.people.model import Group, User
from services.records.types import related_title
from services.unit_of_work import UnitOfWork

SHOWN: Final = 300
HISTORY: Final = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """A goal with what has come of it.

    Attributes:
        whose: The name of the person or the team; ``Company``.
        pace: None where the fact can't be told.
    """

    goal: Goal
    whose: str
    period: Period
    fact: Fact
    pace: Pace | None
    days: WorkingDays

    @property
    def places(self) -> int:
        """How many digits its amounts have after the point."""
        return _places(self.goal)


def standings_in(uow: UnitOfWork, period: Period) -> list[Standing]:
    """Return the goals of a period that the actor may see, and how each stands.

    At most ``SHOWN``, in the same few statements however many they are.
    """
    return _standings(uow, goals_in(uow, period, limit=SHOWN))


def standing_of(uow: UnitOfWork, goal: Goal) -> Standing:
    """Return how one goal stands."""
    return _standings(uow, [goal])[0]


def history_of(uow: UnitOfWork, goal: Goal) -> list[Standing]:
    """Return a goal among those of the same series that the actor may see, the oldest first.

    Up to ``HISTORY``: it, those before it and, where there are few, those after it.
    """
    series = uow.select(Goal).where(Goal.series_key == goal.series_key)
    newest = series.order_by(Goal.starts_on.desc(), Goal.id).limit(HISTORY * 4)
    goals = list(uow.session.scalars(newest))
    place = next((n for n, one in enumerate(goals) if one.id == goal.id), 0)
    first = max(0, min(place, len(goals) - HISTORY))
    return _standings(uow, goals[first : first + HISTORY][::-1])


def filter_text(uow: UnitOfWork, goal: Goal) -> str:
    """Return a goal's filter in plain English; empty if it counts everything."""
    try:
        where = parse_filter(MEASURES[goal.metric].record_type, goal.filter)
    except Invalid as error:
        return f"can't be read any more: {error.message}"
    return describe(where, lambda *of: related_title(uow, *of))


def current_period(uow: UnitOfWork, span: str, day: date | None = None) -> Period:
    """Return the period of a day, of today in the installation's zone if it is None."""
    return period_of(span, day or today(uow))


def _standings(uow: UnitOfWork, goals: Sequence[Goal]) -> list[Standing]:
    facts = facts_of(uow, goals)
    names = _names(uow, goals)
    periods = {Period(goal.period, goal.starts_on, goal.ends_on) for goal in goals}
    days = {period: working_days(uow, period) for period in periods}
    found = []
    for goal in goals:
        period = Period(goal.period, goal.starts_on, goal.ends_on)
        fact = facts[goal.id]
        pace = None
        if fact.value is not None:
            pace = pace_of(Decimal(goal.target), fact.value, days[period], _places(goal))
        whose = names.get(goal.team_id if goal.level == Level.TEAM else goal.owner_id, "Nobody")
        if goal.level == Level.COMPANY:
            whose = "Company"
        found.append(Standing(goal, whose, period, fact, pace, days[period]))
    return found


def _names(uow: UnitOfWork, goals: Sequence[Goal]) -> dict[UUID | None, str]:
    """Return the names of the people and teams that goals are for."""
    people = {goal.owner_id for goal in goals if goal.level == Level.PERSON}
    teams = {goal.team_id for goal in goals if goal.level == Level.TEAM}
    names: dict[UUID | None, str] = {}
    for model, keys in ((User, people), (Group, teams)):
        if keys:
            rows = uow.session.execute(select(model.id, model.name).where(model.id.in_(keys)))
            names |= {row[0]: row[1] for row in rows}
    return names


def _places(goal: Goal) -> int:
    return 1 if goal.currency is None else minor_digits(known_currency(goal.currency))
