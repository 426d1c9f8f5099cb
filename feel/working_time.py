"""Working time in terms of Python's `datetime`, for timers and agreed times; see the calendars.

All moments are aware and come back in UTC, whole to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from feel.calendar import from_day_number
from feel.working_calendar import WorkingCalendar
from feel.working_hours import SpecialDay

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_NANOS = 1000


def add_working_time(calendar: WorkingCalendar, moment: datetime, amount: timedelta) -> datetime:
    """Return the moment by which ``amount`` is worked from ``moment`` on; back if negative.

    Raises:
        CalendarRangeError: That lies too far away.
    """
    return _moment(calendar.add(_number(moment), amount // _MICROSECOND * _NANOS))


def working_time_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Return what is worked from one moment to another; negative if they are reversed.

    Raises:
        CalendarRangeError: They lie too far apart.
    """
    return timedelta(microseconds=calendar.between(_number(start), _number(end)) // _NANOS)


def next_working_time(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """Return the first moment from ``moment`` on that is working time.

    Raises:
        CalendarRangeError: That lies too far away.
    """
    return _moment(calendar.next_working(_number(moment)))


def is_working_time(calendar: WorkingCalendar, moment: datetime) -> bool:
    """Tell whether a moment is working time."""
    return calendar.is_working(_number(moment))


def working_spans(
    calendar: WorkingCalendar, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield what is worked between two moments, without gaps, in order.

    Raises:
        CalendarRangeError: They lie too far apart.
    """
    for one, other in calendar.working_spans(_number(start), _number(end)):
        yield _moment(one), _moment(other)


def local_date(calendar: WorkingCalendar, moment: datetime) -> date:
    """Return the date that the calendar's zone shows at a moment."""
    return date(*from_day_number(calendar.local_day(_number(moment))))


def begin_of(calendar: WorkingCalendar, day: date) -> datetime:
    """Return the moment at which a day begins in the calendar's zone."""
    return _moment(calendar.midnight((day - _EPOCH_DAY).days))


def special_day(calendar: WorkingCalendar, day: date) -> SpecialDay | None:
    """Return what is special about a day; None for most days."""
    return calendar.special_day((day - _EPOCH_DAY).days)


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND * _NANOS


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number // _NANOS)
