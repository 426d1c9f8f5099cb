"""Plan and fact of a period: its bars, its table, and carrying it on to the next one."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.filter_picking import FilterPlace, sent_filter, show_filter
from services.errors import LanewiseError
from services.goals.measures import MEASURES
from services.goals.model import LEVELS, METRICS, SPANS, Goal, Level, Span
from services.goals.periods import Period
from services.goals.reading import SHOWN, Standing, current_period, standings_in
from services.operations import run
from services.unit_of_work import UnitOfWork

_BARS: Final = 6
"""So many goals stand above the table with a bar of their own."""


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show how the goals of a period stand."""
    period = _asked_period(uow)
    standings = standings_in(uow, period)
    whose = request.args.get("whose", "")
    if whose == "me":
        shown = [one for one in standings if _is_own(uow, one)]
    else:
        shown = [one for one in standings if not whose or one.goal.level == whose]
    return render_template(
        "goals/progress.html",
        period=period,
        spans=list(SPANS.items()),
        whose=whose,
        choices=[("", "All goals"), ("me", "Mine"), *LEVELS.items()],
        standings=shown,
        bars=[one for one in shown if one.pace is not None][:_BARS],
        metrics=METRICS,
        days=standings[0].days if standings else None,
        is_cut=len(standings) == SHOWN,
        now=current_period(uow, period.span),
    )


def copy(uow: UnitOfWork) -> ResponseReturnValue:
    """Set the goals of a period for the next one too."""
    given = form_arguments(("period", "starts_on", "change_percent"))
    done = run(uow, "goal.copy_period", {name: text for name, text in given.items() if text})
    many = "goal is" if done["copied"] == 1 else "goals are"
    over = done["passed_over"]
    kept = f"; {over} had one there already, or nobody to reach it" if over else ""
    flash(f"{done['copied']} {many} carried on{kept}.", "good" if done["copied"] else "info")
    target = {"period": given.get("period"), "start": done["starts_on"]}
    return redirect(url_for("goal_progress.index", **target))


def explain(_uow: UnitOfWork, error: LanewiseError) -> ResponseReturnValue:
    """Say on the page why nothing was carried on."""
    flash(reason_of(error), "bad")
    given = form_arguments(("period", "starts_on"))
    return redirect(
        url_for("goal_progress.index", period=given.get("period"), start=given.get("starts_on"))
    )


def show_filter_of(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form of what a goal counts."""
    goal = uow.get(Goal, key)
    record_type = MEASURES[goal.metric].record_type
    place = FilterPlace(
        record_type=record_type.name,
        url=url_for("goal_progress.filter", key=key),
        heading=f"What counts for “{goal.name}”",
        crumbs=[
            ("Goals", url_for("goal_progress.index")),
            (goal.name, url_for("goals.show", key=key)),
        ],
        hint=f"Only {record_type.plural.lower()} with all of this count. Without a condition "
        "all of them do.",
        nav="goals",
        version=goal.version,
    )
    return show_filter(uow, place, goal.filter, "" if error is None else reason_of(error))


def set_filter(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Keep what a goal counts."""
    goal = uow.get(Goal, key)
    arguments = {
        "goal_id": str(key),
        "filter": sent_filter(MEASURES[goal.metric].record_type.name),
        "version": request.form.get("version"),
    }
    run(uow, "goal.set_filter", arguments)
    return redirect(url_for("goals.show", key=key))


def _asked_period(uow: UnitOfWork) -> Period:
    """Return the period that the address names; this month, if it names none."""
    span = request.args.get("period", "")
    day = None
    with suppress(ValueError):
        day = date.fromisoformat(request.args.get("start", ""))
    return current_period(uow, span if span in SPANS else Span.MONTH.value, day)


def _is_own(uow: UnitOfWork, one: Standing) -> bool:
    """Tell whether a goal is the actor's, or that of one of its teams."""
    if one.goal.level == Level.PERSON:
        return one.goal.owner_id == uow.actor.user_id
    return one.goal.level == Level.TEAM and one.goal.team_id in uow.actor.group_ids
