"""What has come of goals: counted in one statement for all that a page shows.

Whoever sees a goal is told the same sum of it, whichever of its records it may see; but for those
from whom the fields are hidden that the sum is made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from services.actors import SYSTEM, Scope
from services.errors import Invalid
from services.filtering import compile_filter, parse_filter
from services.goals.measures import MEASURES, Measure
from services.goals.model import Goal, Level
from services.money import round_money
from services.people.model import Group, memberships
from services.sales.currencies import CurrencyRate, own_money
from services.unit_of_work import UnitOfWork

_Shape = tuple[str, str, bytes]
"""Level, metric and filter: what one part of the statement counts."""

_HIDDEN: Final = "This is made of fields that you may not see."


def _team_tree() -> CTE:
    """Return the query of the teams that have goals, each with itself and all below it."""
    with_goals = select(Goal.team_id).where(Goal.level == Level.TEAM.value)
    top = select(Group.id.label("root"), Group.id.label("id")).where(Group.id.in_(with_goals))
    tree = top.cte("teams", recursive=True)
    return tree.union(select(tree.c.root, Group.id).join(tree, Group.parent_id == tree.c.id))


_TEAMS = _team_tree()


@dataclass(frozen=True, slots=True)
class Fact:
    """What has come of a goal.

    Attributes:
        value: None where the actor may not be told, or the filter can't be read any more.
        left_out: How many records have a currency without a rate on their day.
        problem: Why there is no value; empty if there is.
    """

    value: Decimal | None
    left_out: int = 0
    problem: str = ""


def facts_of(uow: UnitOfWork, goals: Sequence[Goal]) -> dict[UUID, Fact]:
    """Return key → fact of goals; two statements, however many they are."""
    found: dict[UUID, Fact] = {}
    parts: dict[_Shape, list[Goal]] = defaultdict(list)
    for goal in goals:
        if _may_be_told(uow, MEASURES[goal.metric]):
            shape = orjson.dumps(goal.filter, option=orjson.OPT_SORT_KEYS)
            parts[goal.level, goal.metric, shape].append(goal)
        else:
            found[goal.id] = Fact(None, problem=_HIDDEN)
    own = own_money(uow).currency if parts else ""
    counted: list[Select[Any]] = []
    for (level, metric, _), same in parts.items():
        try:
            part = _counted(uow, level, MEASURES[metric], same, own)
            if _may_read_filter(uow, MEASURES[metric], same[0]):
                counted.append(part)
            else:
                found |= {goal.id: Fact(None, problem=_HIDDEN) for goal in same}
        except Invalid as error:
            problem = f"The filter can't be read any more: {error.message}"
            found |= {goal.id: Fact(None, problem=problem) for goal in same}
    rows = _rows(uow, counted)
    for goal in goals:
        if goal.id not in found:
            value, left_out = rows.get(goal.id, (Decimal(0), 0))
            shown = value if goal.currency is None else round_money(value, goal.currency)
            found[goal.id] = Fact(shown, left_out)
    return found


def _rows(uow: UnitOfWork, counted: Sequence[Select[Any]]) -> dict[UUID, tuple[Decimal, int]]:
    if not counted:
        return {}
    statement: Any = counted[0] if len(counted) == 1 else union_all(*counted)
    return {row[0]: (Decimal(row[1] or 0), row[2]) for row in uow.session.execute(statement)}


def _may_be_told(uow: UnitOfWork, measure: Measure) -> bool:
    name = measure.record_type.name
    if uow.actor.reach(name) is Scope.NONE:
        return False
    return measure.fields.isdisjoint(uow.actor.hidden_fields(name))


def _may_read_filter(uow: UnitOfWork, measure: Measure, goal: Goal) -> bool:
    try:
        compile_filter(uow, parse_filter(measure.record_type, goal.filter))
    except Invalid:
        return False
    return True


def _counted(
    uow: UnitOfWork, level: str, measure: Measure, goals: Sequence[Goal], own: str
) -> Select[Any]:
    """Return the query of key, sum, and number of those left out, for goals of one shape."""
    where = parse_filter(measure.record_type, goals[0].filter)
    model = measure.model
    value = _in_currency_of_goal(measure, own)
    statement = (
        select(
            Goal.id,
            cast(func.sum(value), Numeric),
            cast(func.count().filter(value.is_(None)), Integer),
        )
        .where(
            Goal.id.in_([goal.id for goal in goals]),
            *_within_period(uow, measure, goals),
            *_whose(level, model),
            *measure.holds(),
            model.deleted_at.is_(None),
        )
        .group_by(Goal.id)
    )
    if where.is_empty:
        return statement
    return statement.where(compile_filter(uow.acting_as(SYSTEM), where))


def _within_period(
    uow: UnitOfWork, measure: Measure, goals: Sequence[Goal]
) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of a goal's days, by the installation's midnights.

    The first and last day of them all are said as well, so that an index finds what lies between.
    """
    day: Any = measure.day
    first, last = min(goal.starts_on for goal in goals), max(goal.ends_on for goal in goals)
    if isinstance(day.type, Date):
        return (day.between(first, last), day.between(Goal.starts_on, Goal.ends_on))
    zone = uow.platform.settings.timezone.key

    def midnight(value: Any) -> Any:
        return func.timezone(zone, cast(value, DateTime(timezone=False)))

    after = cast(Goal.ends_on, Date) + 1
    return (
        day >= midnight(literal(first, Date)),
        day < midnight(literal(last, Date) + 1),
        day >= midnight(Goal.starts_on),
        day < midnight(after),
    )


def _whose(level: str, model: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of whose records count."""
    if level == Level.PERSON:
        return (model.owner_id == Goal.owner_id,)
    if level == Level.COMPANY:
        return ()
    of_team = exists().where(_TEAMS.c.root == Goal.team_id, _TEAMS.c.id == model.team_id)
    of_member = exists().where(
        _TEAMS.c.root == Goal.team_id,
        memberships.c.group_id == _TEAMS.c.id,
        memberships.c.user_id == model.owner_id,
    )
    return (or_(of_team, and_(model.team_id.is_(None), of_member)),)


def _in_currency_of_goal(measure: Measure, own: str) -> Any:
    """Return what a record counts, by the rates of its day; null where there is none."""
    if measure.currency is None:
        return literal(1, Integer)
    worth = _rate(measure.currency, measure.day, own) / _rate(Goal.currency, measure.day, own)
    return case((measure.currency == Goal.currency, measure.value), else_=measure.value * worth)


def _rate(currency: Any, day: Any, own: str) -> Any:
    newest = (
        select(CurrencyRate.rate)
        .where(CurrencyRate.currency == currency, CurrencyRate.valid_from <= day)
        .order_by(CurrencyRate.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((currency == own, literal(Decimal(1), Numeric)), else_=newest)
