"""Functions of working calendars: an extension of the standard's built-ins.

The last argument of each names the calendar; without it, and for ``"default"``, the default one
counts. A moment without a zone is a local time of the calendar's zone, and a date is its midnight
there; what comes back is in the zone of what was given.
"""

from __future__ import annotations

from decimal import Decimal

from feel.builtin.registry import builtin
from feel.dates import (
    FeelDate,
    FeelDateTime,
    date_of_day,
    date_time_of_local,
    date_time_of_utc,
)
from feel.durations import NANOS_PER_SECOND, DayTimeDuration, make_nanos
from feel.errors import NullResult
from feel.numbers import to_integer
from feel.run import Run
from feel.working_calendar import CalendarRangeError, WorkingCalendar
from feel.zones import first_moment, local_at

DEFAULT_CALENDAR = "default"
_Moment = FeelDateTime | FeelDate
_STEPS = 100
"""What an answer costs of an evaluation's budget: it may look through a hundred years, once."""
_OUT_OF_BOUNDS = "the result is out of bounds"


@builtin(
    "add working time",
    "moment: date and time|date, duration: days and time duration, calendar?: string?",
    wants_run=True,
)
def add_working_time(
    run: Run, moment: _Moment, duration: DayTimeDuration, calendar: str | None = None
) -> FeelDateTime:
    """Return the moment by which so long was worked; a day of the duration is 24 hours."""
    found = _calendar(run, calendar)
    try:
        return _back(found, moment, found.add(_number(found, moment), duration.nanos))
    except CalendarRangeError as problem:
        raise NullResult(str(problem)) from problem


@builtin(
    "working time between",
    "from: date and time|date, to: date and time|date, calendar?: string?",
    wants_run=True,
)
def working_time_between(
    run: Run, start: _Moment, end: _Moment, calendar: str | None = None
) -> DayTimeDuration:
    """Return how long is worked between two moments, negative if they are reversed."""
    found = _calendar(run, calendar)
    try:
        result = make_nanos(found.between(_number(found, start), _number(found, end)))
    except CalendarRangeError as problem:
        raise NullResult(str(problem)) from problem
    assert result is not None  # noqa: S101 - a hundred years fit into a duration
    return result


@builtin("is working time", "moment: date and time|date, calendar?: string?", wants_run=True)
def is_working_time(run: Run, moment: _Moment, calendar: str | None = None) -> bool:
    """Tell whether a moment is working time."""
    found = _calendar(run, calendar)
    try:
        return found.is_working(_number(found, moment))
    except CalendarRangeError as problem:
        raise NullResult(str(problem)) from problem


@builtin("next working time", "moment: date and time|date, calendar?: string?", wants_run=True)
def next_working_time(run: Run, moment: _Moment, calendar: str | None = None) -> FeelDateTime:
    """Return the first moment from this one on that is working time."""
    found = _calendar(run, calendar)
    try:
        return _back(found, moment, found.next_working(_number(found, moment)))
    except CalendarRangeError as problem:
        raise NullResult(str(problem)) from problem


@builtin("is holiday", "date: date|date and time, calendar?: string?", wants_run=True)
def is_holiday(run: Run, date: _Moment, calendar: str | None = None) -> bool:
    """Tell whether a day is one of the calendar's holidays; a free weekday is none."""
    found = _calendar(run, calendar)
    special = found.special_day(_day(found, date))
    return special is not None and special.is_holiday


@builtin(
    "add working days", "date: date|date and time, days: number, calendar?: string?", wants_run=True
)
def add_working_days(
    run: Run, date: _Moment, days: Decimal, calendar: str | None = None
) -> _Moment:
    """Return the date so many working days later; a date and time keeps its time of day."""
    found = _calendar(run, calendar)
    count = to_integer(days)
    if count is None:
        raise NullResult("days is no integer")
    try:
        day = found.add_days(_day(found, date), count)
    except CalendarRangeError as problem:
        raise NullResult(str(problem)) from problem
    if isinstance(date, FeelDateTime):
        return _shifted(found, date, day - _day(found, date))
    moved = date_of_day(day)
    if moved is None:
        raise NullResult(_OUT_OF_BOUNDS)
    return moved


def _shifted(calendar: WorkingCalendar, moment: FeelDateTime, days: int) -> FeelDateTime:
    """Return a moment so many days later by the clocks of the calendar's zone."""
    seconds = days * 86_400
    if moment.zone is None:
        result = date_time_of_local(moment.local_nanos + seconds * NANOS_PER_SECOND, None)
        if result is None:
            raise NullResult(_OUT_OF_BOUNDS)
        return result
    whole, nano = divmod(_number(calendar, moment), NANOS_PER_SECOND)
    local = local_at(calendar.zone, whole)
    assert local is not None  # noqa: S101 - the zone was checked
    later = first_moment(calendar.zone, local + seconds)
    return _back(calendar, moment, later * NANOS_PER_SECOND + nano)


def _calendar(run: Run, name: str | None) -> WorkingCalendar:
    run.spend(_STEPS)
    if name == DEFAULT_CALENDAR:
        name = None
    found = None if run.calendars is None else run.calendars.find(name)
    if found is None:
        missing = "no default calendar" if name is None else f"no calendar {name[:80]!r}"
        raise NullResult(f"there is {missing}")
    return found


def _number(calendar: WorkingCalendar, moment: _Moment) -> int:
    if isinstance(moment, FeelDate):
        return calendar.midnight(moment.day_number)
    number = moment.utc_nanos
    if number is not None:
        return number
    seconds, nano = divmod(moment.local_nanos, NANOS_PER_SECOND)
    return first_moment(calendar.zone, seconds) * NANOS_PER_SECOND + nano


def _day(calendar: WorkingCalendar, moment: _Moment) -> int:
    if isinstance(moment, FeelDate):
        return moment.day_number
    return calendar.local_day(_number(calendar, moment))


def _back(calendar: WorkingCalendar, given: _Moment, number: int) -> FeelDateTime:
    """Return a moment in the zone of the one that was given."""
    zone = given.zone if isinstance(given, FeelDateTime) else calendar.zone
    result = date_time_of_utc(number, calendar.zone if zone is None else zone)
    if result is not None and zone is None:
        result = date_time_of_local(result.local_nanos, None)
    if result is None:
        raise NullResult(_OUT_OF_BOUNDS)
    return result
