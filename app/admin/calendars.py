"""Working calendars: their hours, holidays and special days."""

from __future__ import annotations

import json
from calendar import isleap
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, editing
from app.context import settings
from app.forms import reason_of
from app.views import View, view
from services.actors import Permission
from services.calendars.calendars import list_calendars, present_calendar
from services.calendars.model import DAYS, CalendarRow
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

MAX_ROWS: Final = 2_000
_EMPTY_ROWS: Final = 3
_DAY_FIELDS: Final = ("date", "name", "hours")


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of working calendars."""
    manage = Permission.CALENDAR_WRITE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/calendars", "calendars", index),
        ("/calendars/new", "new_calendar", show_new),
        ("/calendars/<uuid:key>", "calendar", show),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/calendars/new", "create_calendar", create, show_new),
        ("/calendars/<uuid:key>", "update_calendar", update, show),
        ("/calendars/<uuid:key>/delete", "delete_calendar", delete, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the working calendars."""
    calendars = list_calendars(uow)
    coming = {one.id: next_special_day(one, uow.now.date()) for one in calendars}
    weeks = {one.id: week_in_words(one.week) for one in calendars}
    return render_template("admin/calendars.html", calendars=calendars, coming=coming, weeks=weeks)


def show_new(_uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for a new calendar."""
    week = {day: "" if day in {"saturday", "sunday"} else "09:00-17:00" for day in DAYS}
    blank = {"name": "", "timezone": settings().timezone.key, "week": week, "special_days": []}
    values = _given() if request.method == "POST" else blank
    return _form(None, values, Editing({}, {}, ""), error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make the calendar."""
    run(uow, "calendar.create", _given())
    flash("The calendar can be counted by.", "good")
    return redirect(url_for("admin.calendars"))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a calendar."""
    calendar = uow.get(CalendarRow, key)
    stored = present_calendar(calendar)
    values = _given() if request.method == "POST" else stored
    given = _flat(values) if request.method == "POST" else None
    edited = editing(calendar.version, _flat(stored), given, error)
    if edited.notes.get("special_days"):
        told = "; ".join(map(_day_in_words, stored["special_days"]))
        edited.notes["special_days"] = f"Saved now: {told or 'none'}"
    return _form(calendar, {**values, **_unfolded(edited.values)}, edited, error)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the calendar."""
    arguments = {**_given(), "calendar_id": str(key), "version": request.form.get("version")}
    run(uow, "calendar.update", arguments)
    flash("Saved. Due times that it counts follow within moments.", "good")
    return redirect(url_for("admin.calendars"))


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete the calendar."""
    run(uow, "calendar.delete", {"calendar_id": str(key)})
    flash("The calendar is deleted.", "good")
    return redirect(url_for("admin.calendars"))


def week_in_words(week: Mapping[str, str]) -> str:
    """Return a week in one line, days with the same hours together."""
    hours = [(label[:3], week.get(day, "")) for day, label in DAYS.items()]
    parts = []
    for text, group in groupby(hours, key=lambda pair: pair[1]):
        days = [day for day, _ in group]
        if text:
            name = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
            parts.append(f"{name} {text}")
    return "; ".join(parts)


def next_special_day(calendar: CalendarRow, today: date) -> str:
    """Return the next holiday or special day of a calendar as text; empty if none comes."""
    days = []
    for entry in calendar.special_days:
        day = date.fromisoformat(entry["date"])
        if entry["yearly"]:
            day = _next(day, today)
        if day >= today:
            days.append((day, entry["name"]))
    if not days:
        return ""
    day, name = min(days)
    return f"{day:%d %b %Y} {name}".strip()


def _next(day: date, today: date) -> date:
    """Return when a day of every year comes next; 29 February only in leap years."""
    years = range(today.year, today.year + 9)  # 1900 and its like are none
    is_leap_day = (day.month, day.day) == (2, 29)
    days = (day.replace(year=year) for year in years if not is_leap_day or isleap(year))
    return next(one for one in days if one >= today)


def _day_in_words(day: Mapping[str, Any]) -> str:
    yearly = "every year" if day["yearly"] else ""
    return " ".join(filter(None, (day["date"], yearly, day["name"], day["hours"] or "holiday")))


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Return a calendar as texts by control; its special days are one."""
    days = [
        {name: row[name] for name in (*_DAY_FIELDS, "yearly")} for row in values["special_days"]
    ]
    week = {f"week.{day}": values["week"].get(day) or "" for day in DAYS}
    names = {name: values[name] for name in ("name", "timezone")}
    return {**names, **week, "special_days": json.dumps(days)}


def _unfolded(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a calendar of its texts."""
    week = {day: texts[f"week.{day}"] for day in DAYS}
    names = {name: texts[name] for name in ("name", "timezone")}
    return {**names, "week": week, "special_days": json.loads(texts["special_days"])}


def _form(
    calendar: CalendarRow | None,
    values: Mapping[str, Any],
    edited: Editing,
    error: LanewiseError | None,
) -> ResponseReturnValue:
    blank = {"date": "", "yearly": False, "name": "", "hours": ""}
    return render_template(
        "admin/calendar.html",
        calendar=calendar,
        values=values,
        edited=edited,
        rows=[*values["special_days"], *[blank] * _EMPTY_ROWS],
        days=DAYS,
        zones=_zones(),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _given() -> dict[str, Any]:
    """Return what the form sent; a special day without a date is left out."""
    form = request.form
    found: dict[str, Any] = {
        "name": form.get("name", ""),
        "timezone": form.get("timezone", ""),
        "week": {day: form.get(f"week.{day}", "") for day in DAYS},
        "special_days": [],
    }
    for number in range(MAX_ROWS + 1):
        if f"special_days.{number}.date" not in form:
            break
        row = {name: form.get(f"special_days.{number}.{name}", "") for name in _DAY_FIELDS}
        if row["date"]:
            yearly = f"special_days.{number}.yearly" in form
            found["special_days"].append({**row, "yearly": yearly})
    if form.get("is_default"):
        found["is_default"] = True
    return found


@cache
def _zones() -> list[tuple[str, str]]:
    """Return the time zones as options of a select: cities, and UTC."""
    hidden = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    names = (name for name in available_timezones() if "/" in name and not name.startswith(hidden))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(names))]


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.calendars"))
