"""Operations on what comes again: beginning a series, ending it, deleting what is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from marshmallow import validate

from services.activities.copying import VARIED_TIMES
from services.activities.model import ACTIVITY, Activity, ActivitySeries, ActivityStatus
from services.activities.recurrence import (
    WEEKDAYS,
    Frequency,
    MonthBy,
    Recurrence,
    make_recurrence,
)
from services.activities.renewing import Plan, remove, renew
from services.activities.series import end_after, end_before, extend, set_rule, zone_of
from services.activities.sharing import zone_for
from services.activities.telling import tell
from services.activities.which import WHICH, Which, hold_series, planned_of
from services.actors import Permission, Verb
from services.arguments import Choices, Day, Line, WholeNumber, ZoneName
from services.database import new_id
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import change_record, check_creation
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

MOST_TIMES: Final = 1_000
MOST_APART: Final = 99
_OLDEST: Final = timedelta(days=366)

FREQUENCIES: Final = {
    Frequency.DAILY.value: "Days",
    Frequency.WEEKLY.value: "Weeks",
    Frequency.MONTHLY.value: "Months",
    Frequency.YEARLY.value: "Years",
}
PRESETS: Final = {
    "daily": "Every day",
    "weekdays": "Every working day, Monday to Friday",
    "weekly": "Every week on this day",
    "fortnightly": "Every two weeks on this day",
    "monthly": "Every month on this date",
    "monthly_weekday": "Every month on this weekday",
    "yearly": "Every year on this date",
}
"""How something can be repeated as it is planned, without end."""

_ASKED: Final[Mapping[str, Mapping[str, Any]]] = {
    "daily": {"frequency": Frequency.DAILY},
    "weekdays": {"frequency": Frequency.WEEKLY, "weekdays": list(WEEKDAYS)[:5]},
    "weekly": {"frequency": Frequency.WEEKLY},
    "fortnightly": {"frequency": Frequency.WEEKLY, "every": 2},
    "monthly": {"frequency": Frequency.MONTHLY},
    "monthly_weekday": {"frequency": Frequency.MONTHLY, "month_by": MonthBy.WEEKDAY},
    "yearly": {"frequency": Frequency.YEARLY},
}
_ONCE_EACH: Final[Mapping[str, Any]] = {
    "every": 1,
    "weekdays": None,
    "month_by": MonthBy.DATE,
    "times": None,
    "until": None,
}
MONTH_BYS: Final = {
    MonthBy.DATE.value: "On the same date",
    MonthBy.WEEKDAY.value: "On the same weekday, such as the second Tuesday",
    MonthBy.LAST_WEEKDAY.value: "On the last such weekday",
}


class RepeatActivity(Arguments):
    """How often an activity comes again."""

    activity_id = key_argument(ACTIVITY)
    frequency = Line(
        required=True,
        validate=validate.OneOf(list(FREQUENCIES), list(FREQUENCIES.values())),
        metadata={"title": "Counted in"},
    )
    every = WholeNumber(
        load_default=1,
        allow_none=True,
        validate=validate.Range(1, MOST_APART),
        metadata={"title": "Every", "description": "2 is every other day, week, month or year."},
    )
    weekdays = Choices(
        load_default=None,
        allow_none=True,
        validate=validate.ContainsOnly(list(WEEKDAYS), list(WEEKDAYS.values())),
        metadata={
            "title": "Weekdays",
            "description": "Of weeks: MO, TU, … Its own day is among them. Only that if empty.",
        },
    )
    month_by = Line(
        load_default=MonthBy.DATE.value,
        validate=validate.OneOf(list(MONTH_BYS), list(MONTH_BYS.values())),
        metadata={"title": "Months and years"},
    )
    times = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, MOST_TIMES),
        metadata={"title": "Times", "description": "This one counted. Without end if empty."},
    )
    until = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Until", "description": "The last day. Without end if empty."},
    )
    timezone = ZoneName()


class EndSeries(Arguments):
    """Which activity is the last of its series."""

    activity_id = key_argument(ACTIVITY)


class DeleteSeries(Arguments):
    """How much of a series goes."""

    activity_id = key_argument(ACTIVITY)
    which = Line(
        required=True,
        validate=validate.OneOf(list(WHICH)[1:], list(WHICH.values())[1:]),
        metadata={"title": "Of a series"},
    )


def repeat_arguments() -> dict[str, Line]:
    """Return the arguments by which something is planned to come again from the first."""
    repeats = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["", *PRESETS], ["", *PRESETS.values()]),
        metadata={"title": "Repeats", "description": "Without end; once if empty."},
    )
    return {"repeats": repeats, "timezone": ZoneName()}


def repeat_as_planned(
    uow: UnitOfWork, activity: Activity, repeats: str, timezone: str | None
) -> None:
    """Let a new activity come again by one of ``PRESETS``.

    Raises:
        Invalid: It has no time, or is not on a working day that it is to be repeated on.
    """
    zone = ZoneInfo(timezone) if timezone else uow.platform.settings.timezone
    zone = zone_for(uow, activity, zone)
    begin = _begin_of(uow, activity)
    recurrence = _read(begin.astimezone(zone).date(), **{**_ONCE_EACH, **_ASKED[repeats]})
    series = _begin_series(uow, activity, recurrence, begin, zone)
    _note_rule(uow, activity, series)
    extend(uow, series)


@operation("activity.repeat", Permission.RECORD_WRITE, RepeatActivity, in_diagrams=True)
def repeat_activity(
    uow: UnitOfWork, *, activity_id: UUID, timezone: str | None, **rule: Any
) -> Activity:
    """Let an activity come again; if it does already, by another rule from this one on."""
    activity = uow.get(Activity, activity_id, verb=Verb.UPDATE)
    series = hold_series(uow, activity)
    if series is None:
        activity = uow.get(Activity, activity_id, lock=True)
    check_creation(uow, activity)
    begin = _begin_of(uow, activity)
    own = uow.platform.settings.timezone if series is None else zone_of(series)
    zone = zone_for(uow, activity, ZoneInfo(timezone) if timezone else own)
    recurrence = _read(begin.astimezone(zone).date(), **rule)
    if series is None:
        series = _begin_series(uow, activity, recurrence, begin, zone)
        extend(uow, series)
    else:
        activity.varied = [one for one in activity.varied if one != VARIED_TIMES]
        series = renew(uow, series, activity, Plan(recurrence, begin, zone), activity)
    _note_rule(uow, activity, series)
    again = f"Planned “{activity.subject}” again"
    tell(uow, activity, f"{again}: {series.name}", tells=["starts_at", "due_at"], plain=again)
    uow.emit("activity.repeated", "activity", activity.id, rule=series.rule)
    return activity


@operation("activity.end_series", Permission.RECORD_WRITE, EndSeries, in_diagrams=True)
def end_series(uow: UnitOfWork, *, activity_id: UUID) -> Activity:
    """Let an activity be the last of its series; what is planned after it goes to the bin."""
    activity, series = _in_series(uow, activity_id)
    slot = activity.slot_at or uow.now
    later = [one for one in planned_of(uow, activity, Which.FOLLOWING) if one is not activity]
    _remove_all(uow, later)
    end_after(series, slot)
    tell(uow, activity, f"“{activity.subject}” does not come again after this one")
    return activity


@operation("activity.delete_series", Permission.RECORD_WRITE, DeleteSeries, in_diagrams=True)
def delete_series(uow: UnitOfWork, *, activity_id: UUID, which: str) -> dict[str, Any]:
    """Put what is planned of a series into the bin, from one on or all; what is done stays."""
    activity, series = _in_series(uow, activity_id)
    rows = planned_of(uow, activity, which, Verb.DELETE)
    tell(uow, activity, f"Deleted “{activity.subject}” and what was planned of it")
    _remove_all(uow, rows)
    end_before(series, min([row.slot_at for row in rows if row.slot_at], default=uow.now))
    return {"deleted": len(rows)}


def _in_series(uow: UnitOfWork, activity_id: UUID) -> tuple[Activity, ActivitySeries]:
    activity = uow.get(Activity, activity_id, verb=Verb.UPDATE)
    series = hold_series(uow, activity)
    if series is None:
        raise Conflict("This activity does not repeat.", code="not_repeating")
    return activity, series


def _begin_of(uow: UnitOfWork, activity: Activity) -> datetime:
    """Return when an activity is, which is to come again.

    Raises:
        Conflict: It is done or called off.
        Invalid: It has no time, or is long over.
    """
    if activity.status != ActivityStatus.PLANNED:
        raise Conflict("Only what is planned can be repeated.", code="wrong_status")
    begin = activity.starts_at or activity.due_at
    if begin is None:
        message = "Give it a time, so that it can repeat."
        raise Invalid(message, {"starts_at": [message]})
    if begin < uow.now - _OLDEST:
        message = "This is over for more than a year; move it first."
        raise Invalid(message, {"activity_id": [message]})
    return begin


def _read(
    day: date,
    *,
    frequency: str,
    every: int | None,
    weekdays: list[str] | None,
    month_by: str,
    times: int | None,
    until: date | None,
) -> Recurrence:
    """Return the rule that was asked for.

    Raises:
        Invalid: It contradicts itself, or the day of the activity.
    """
    if times is not None and until is not None:
        message = "Give the number of times or the last day, not both."
        raise Invalid(message, {"until": [message]})
    if until is not None and until < day:
        message = "This is before the activity itself."
        raise Invalid(message, {"until": [message]})
    made = make_recurrence(
        Frequency(frequency),
        day,
        every=every or 1,
        weekdays=tuple(weekdays or ()),
        by=MonthBy(month_by),
        times=times,
        until=until,
    )
    if made.fits(day):
        return made
    if made.weekdays:
        message = f"The activity is on a {day:%A}: choose that day too, or move it first."
        raise Invalid(message, {"weekdays": [message]})
    message = f"{day:%A} {day.day} {day:%B} is not the last {day:%A} of its month."
    raise Invalid(message, {"month_by": [message]})


def _begin_series(
    uow: UnitOfWork, activity: Activity, recurrence: Recurrence, begin: datetime, zone: ZoneInfo
) -> ActivitySeries:
    series = ActivitySeries(id=new_id(), starts_at=begin, made_until=begin)
    set_rule(series, recurrence, zone)
    uow.session.add(series)
    uow.session.flush()
    activity.slot_at, activity.varied = begin, []
    change_record(uow, activity, {"series_id": series.id})
    uow.session.flush()
    return series


def _note_rule(uow: UnitOfWork, activity: Activity, series: ActivitySeries) -> None:
    add_entry(
        uow,
        activity,
        "changed",
        f"Repeats: {series.name}",
        tells=["activity.series_id", "activity.starts_at", "activity.due_at"],
        plain="Repeats otherwise",
    )


def _remove_all(uow: UnitOfWork, rows: Any) -> None:
    for row in rows:
        remove(uow, row)
    uow.session.flush()
