"""What can be done with goals: set, changed, narrowed, and carried on to the next period."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from marshmallow import fields, validate
from sqlalchemy import exists, func, select

from services.activities.model import ACTIVITY_KINDS
from services.actors import Permission
from services.arguments import Day, Line, Markup
from services.errors import Invalid
from services.filtering import compile_filter, describe, parse_filter, reads_whoever_asks
from services.goals.measures import MEASURES
from services.goals.model import GOAL, IN_MONEY, METRICS, SPANS, Goal, Level, Metric
from services.goals.periods import Period, period_of
from services.money import known_currency, round_money
from services.operations import Arguments, operation
from services.people.model import Group, User
from services.records.changes import (
    add_record,
    change_record,
    check_link,
    check_links,
    check_version,
    follower,
)
from services.records.schemas import VERSION, create_schema, key_argument, update_schema
from services.records.types import related_title
from services.sales.currencies import own_money
from services.unit_of_work import UnitOfWork

COPIED_AT_ONCE: Final = 500
_LOCK: Final = 7_241_004
_KEPT: Final = frozenset({"name", "level", "metric", "period", "starts_on", "target"})
"""What a change can't empty."""


class SetGoalFilter(Arguments):
    """What further holds for the records that a goal counts."""

    goal_id = key_argument(GOAL)
    filter = fields.Dict(load_default=dict, metadata={"title": "Filter"})
    version = VERSION


class CopyGoals(Arguments):
    """Which period's goals are carried on to the next one."""

    period = Line(
        required=True,
        validate=validate.OneOf(list(SPANS), list(SPANS.values())),
        metadata={"title": "Period"},
    )
    starts_on = Day(required=True, metadata={"title": "From", "description": "A day of it."})
    change_percent = Markup(
        load_default=Decimal(0),
        metadata={"title": "Raise plans by percent", "description": "Below 0 lowers them."},
    )


@operation("goal.create", Permission.GOAL_WRITE, create_schema(GOAL))
def create_goal(uow: UnitOfWork, **values: Any) -> Goal:
    """Set a goal for a person, a team or the company."""
    goal = Goal(**{name: value for name, value in values.items() if value is not None})
    goal.name = goal.name or ""
    goal.level = goal.level or Level.PERSON.value
    goal.filter = {}
    if goal.owner_id is None and goal.level != Level.TEAM:
        goal.owner_id = uow.actor.user_id
    check_links(uow, goal)
    _settle(uow, goal)
    tells = [f"goal.{name}" for name in ("metric", "target", "currency")]
    add_record(uow, goal, title=f"Planned {_plan_text(goal)}", tells=tells, plain="Planned")
    return goal


@operation("goal.update", Permission.GOAL_WRITE, update_schema(GOAL))
def update_goal(
    uow: UnitOfWork, *, goal_id: UUID, version: int | None = None, **values: Any
) -> Goal:
    """Change a goal."""
    goal = uow.get(Goal, goal_id, lock=True)
    if values.get("name", "") is None:
        values["name"] = ""
    values = {k: v for k, v in values.items() if v is not None or k not in _KEPT}
    check_version(uow, goal, version)
    for field in GOAL.fields:
        check_link(uow, field, values.get(field.name))
    with uow.session.no_autoflush:
        for name, value in values.items():
            setattr(goal, name, value)
        _settle(uow, goal)
    change_record(uow, goal, values)
    return goal


@operation("goal.set_filter", Permission.GOAL_WRITE, SetGoalFilter)
def set_filter(
    uow: UnitOfWork,
    *,
    goal_id: UUID,
    filter: Mapping[str, Any],  # noqa: A002 - as lists and views call it
    version: int | None = None,
) -> Goal:
    """Say what further holds for the records that a goal counts; an empty filter counts all.

    Raises:
        Invalid: It is no filter of what is counted, means something else for each person, or
            reads what the actor may not see.
    """
    goal = uow.get(Goal, goal_id, lock=True)
    check_version(uow, goal, version)
    where = parse_filter(MEASURES[goal.metric].record_type, filter)
    if reads_whoever_asks(where):
        message = "A goal can't say “me” or “my team”: it counts the same for whoever looks."
        raise Invalid(message, {"filter": [message]})
    compile_filter(uow, where)
    if where.raw != goal.filter:
        said = describe(where, lambda *of: related_title(uow, *of)) or "everything"
        with uow.session.no_autoflush:
            goal.filter = dict(where.raw)
            _settle(uow, goal)
        change_record(uow, goal, {"filter": dict(where.raw)}, title=f"Counts {said}"[:300])
    return goal


@operation("goal.copy_period", Permission.GOAL_WRITE, CopyGoals)
def copy_period(
    uow: UnitOfWork, *, period: str, starts_on: date, change_percent: Decimal
) -> dict[str, Any]:
    """Set the goals of a period for the next one too; those that are there already stay.

    Goals of people who were switched off end with the period.
    """
    _hold_goals(uow)
    source = period_of(period, starts_on)
    target = source.shifted(1)
    there = set(uow.session.scalars(select(Goal.series_key).where(*_in_period(target))))
    copied = passed_over = 0
    for goal, is_away in _goals_with_people(uow, source):
        if goal.series_key in there or is_away:
            passed_over += 1
            continue
        _carry_on(uow, goal, target, change_percent)
        there.add(goal.series_key)
        copied += 1
    return {"copied": copied, "passed_over": passed_over, "starts_on": target.first}


def _goals_with_people(uow: UnitOfWork, period: Period) -> Iterator[tuple[Goal, bool]]:
    """Yield all goals of a period that the actor may see, and whether their person is away."""
    is_away = exists().where(
        Goal.level == Level.PERSON.value, User.id == Goal.owner_id, User.active.is_(False)
    )
    statement = uow.select(Goal).add_columns(is_away).where(*_in_period(period)).order_by(Goal.id)
    last = None
    while True:
        further = statement if last is None else statement.where(Goal.id > last)
        rows = uow.session.execute(further.limit(COPIED_AT_ONCE)).all()
        yield from ((goal, away) for goal, away in rows)
        if len(rows) < COPIED_AT_ONCE:
            return
        last = rows[-1][0].id


def goals_in(uow: UnitOfWork, period: Period, *, limit: int) -> Sequence[Goal]:
    """Return the goals of a period that the actor may see: the company's, teams', people's."""
    rank = func.array_position(
        [Level.COMPANY.value, Level.TEAM.value, Level.PERSON.value], Goal.level
    )
    statement = uow.select(Goal).where(*_in_period(period))
    return uow.session.scalars(statement.order_by(rank, Goal.name, Goal.id).limit(limit)).all()


def check_single(uow: UnitOfWork, goal: Goal) -> None:
    """Refuse a goal that is there already.

    Raises:
        Invalid: It is.
    """
    _hold_goals(uow)
    period = period_of(goal.period, goal.starts_on)
    same = select(Goal.id).where(
        Goal.series_key == _series_key(goal),
        *_in_period(period),
        Goal.id.is_distinct_from(goal.id),
    )
    if uow.session.scalar(same.limit(1)) is not None:
        _refuse("starts_on", f"There is this goal for {period.label} already.")


@follower("goal")
def follow_plan(uow: UnitOfWork, goal: Goal, changes: Mapping[str, tuple[Any, Any]] | None) -> None:
    """Set what follows from a goal's other fields: its days, its series, and its name."""
    before = {name: pair[0] for name, pair in (changes or {}).items()}
    period = period_of(goal.period, goal.starts_on)
    goal.starts_on, goal.ends_on = period.first, period.last
    goal.series_key = _series_key(goal)
    own = changes is not None and "name" not in before
    if not goal.name or (own and goal.name == _name_of(uow, goal, before)):
        goal.name = _name_of(uow, goal, {})


def _settle(uow: UnitOfWork, goal: Goal) -> None:
    """Check a goal as it is to be, and fill in what goes without saying.

    Raises:
        Invalid: With the field.
    """
    if goal.target <= 0:
        _refuse("target", "A plan is more than 0.")
    _settle_whose(uow, goal)
    _settle_currency(uow, goal)
    if goal.metric != Metric.ACTIVITIES_DONE:
        goal.activity_kind = None
    try:
        parse_filter(MEASURES[goal.metric].record_type, goal.filter)
    except Invalid as error:
        _refuse("metric", f"Its filter doesn't fit; take it away first. {error.message}")
    check_single(uow, goal)


def _settle_whose(uow: UnitOfWork, goal: Goal) -> None:
    if goal.level == Level.TEAM and goal.team_id is None:
        _refuse("team_id", "Choose the team.")
    if goal.level != Level.PERSON:
        return
    if goal.owner_id is None:
        _refuse("owner_id", "Choose the person.")
    if goal.team_id is None:
        goal.team_id = _team_of(uow, goal.owner_id)


def _settle_currency(uow: UnitOfWork, goal: Goal) -> None:
    if goal.metric not in IN_MONEY:
        goal.currency = None
        return
    goal.currency = goal.currency or own_money(uow).currency
    goal.target = round_money(goal.target, known_currency(goal.currency))


def _carry_on(uow: UnitOfWork, goal: Goal, period: Period, percent: Decimal) -> None:
    """Add the goal for another period, with its plan raised."""
    made = Goal(
        name="" if goal.name == _name_of(uow, goal, {}) else goal.name,
        starts_on=period.first,
        target=_raised(goal, percent),
        **{
            name: getattr(goal, name)
            for name in (
                "level", "metric", "activity_kind", "period", "currency", "filter",
                "owner_id", "team_id", "custom",
            )
        },
    )  # fmt: skip
    add_record(uow, made, title=f"Carried on from {period.shifted(-1).label}")


def _raised(goal: Goal, percent: Decimal) -> Decimal:
    """Return the plan raised by a percentage: an amount that can be paid, or a whole number."""
    raised = goal.target * (100 + percent) / 100
    if goal.currency is not None:
        found = round_money(raised, known_currency(goal.currency))
    elif percent:
        found = raised.quantize(Decimal(1), ROUND_HALF_UP)
    else:
        found = goal.target
    return found if found > 0 else goal.target


def _series_key(goal: Goal) -> str:
    """Return what goals have in common that differ in nothing but period and plan."""
    whose = {Level.PERSON: goal.owner_id, Level.TEAM: goal.team_id, Level.COMPANY: None}
    parts = [
        goal.level,
        str(whose[Level(goal.level)]),
        goal.metric,
        goal.activity_kind,
        goal.period,
        goal.filter,
    ]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _name_of(uow: UnitOfWork, goal: Goal, before: Mapping[str, Any]) -> str:
    """Return how a goal is called if nobody names it, with the values ``before`` a change."""

    def value(name: str) -> Any:
        return before.get(name, getattr(goal, name))

    if value("level") == Level.COMPANY:
        whose = "company"
    elif value("level") == Level.TEAM:
        whose = related_title(uow, "group", value("team_id")) or "a team"
    else:
        whose = related_title(uow, "user", value("owner_id")) or "a person"
    kind = value("activity_kind")
    what = METRICS[value("metric")] + (f" ({ACTIVITY_KINDS[kind].lower()})" if kind else "")
    return f"{what}, {whose}, {period_of(value('period'), value('starts_on')).label}"


def _team_of(uow: UnitOfWork, user_id: UUID | None) -> UUID | None:
    """Return a person's first team by name, whose members see its goals too."""
    found = select(Group.id).join(User.groups).where(User.id == user_id)
    return uow.session.scalar(found.order_by(Group.name).limit(1))


def _plan_text(goal: Goal) -> str:
    return f"{METRICS[goal.metric].lower()}: {goal.target:,f} {goal.currency or ''}".strip()


def _in_period(period: Period) -> tuple[Any, ...]:
    return (
        Goal.period == period.span,
        Goal.starts_on == period.first,
        Goal.deleted_at.is_(None),
    )


def _hold_goals(uow: UnitOfWork) -> None:
    """Let two who plan at once come one after the other."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _refuse(field: str, message: str) -> None:
    raise Invalid(message, {field: [message]})
