"""Working calendars: when a place works, as a value, and the arithmetic of its working time.

Moments and amounts are whole nanoseconds, moments counted from 1970-01-01T00:00:00Z, so that
nothing is ever rounded. The rules:

- A shift belongs to the day on which it begins. A holiday or special day replaces the shifts that
  begin on it; a night shift from the day before is worked to its end.
- A shift lasts from the moment at which the clocks of the zone first show its beginning to the
  moment at which they first show its end: a night in which clocks go forward is an hour shorter. A
  time that clocks skip is the moment at which they skip it.
- Shifts are open at their end: at 18:00 sharp, a shift until 18:00 is over. Where shifts overlap,
  time counts once.
- To add an amount gives the earliest moment by which so much was worked; to take one away, the
  latest from which on so much is worked. So nothing added moves nothing, and what is added in two
  steps is added at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from feel.calendar import days_in_month, from_day_number, to_day_number, to_weekday
from feel.durations import NANOS_PER_SECOND, SECONDS_PER_DAY
from feel.errors import FeelError
from feel.working_hours import (
    DAYS_PER_WEEK,
    CalendarError,
    Shift,
    SpecialDay,
    check_days,
    check_shifts,
)
from feel.working_year import Year
from feel.zones import find_zone, first_moment, local_at, offset_at

MAX_YEARS = 100
"""How far from a moment its working time is looked for."""

_KEPT_YEARS = 250
_FIRST_YEAR, _LAST_YEAR = 2, 9998  # those of the time zone database, with a margin
_SPAN = DAYS_PER_WEEK
# A shift that begins on the last day of a span ends within two days.
_REACH = _SPAN + 2


class CalendarRangeError(FeelError):
    """The answer lies too far away, or beyond the years that can be counted."""


class UnknownCalendarError(FeelError):
    """There is no calendar of the name that was asked for."""


class Calendars(Protocol):
    """Where an evaluation finds its working calendars."""

    def find(self, name: str | None) -> WorkingCalendar | None:
        """Return the calendar of this name, the default one for None; None if there is none.

        Raises:
            UnknownCalendarError: There is none, where that is not to be passed over.
        """
        ...


@dataclass(frozen=True)
class WorkingCalendar:
    """When a place works.

    Attributes:
        zone: The name of its time zone in the IANA database.
        week: The shifts of Monday to Sunday.
        special_days: At most one for each date, and one for each day of every year; where both
            fall on the same day, that of the date counts.
    """

    name: str
    zone: str
    week: tuple[tuple[Shift, ...], ...]
    special_days: tuple[SpecialDay, ...] = ()
    _years: dict[int, Year] = field(default_factory=dict, init=False, repr=False, compare=False)
    _days: dict[int, dict[int, SpecialDay]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if find_zone(self.zone) is None:
            raise CalendarError(f"There is no time zone {self.zone}.")
        if len(self.week) != _SPAN:
            raise CalendarError("A week has seven days.")
        if not any(self.week):
            raise CalendarError("A calendar without working hours has no working time.")
        for shifts in (*self.week, *(day.shifts for day in self.special_days)):
            check_shifts(shifts)
        check_days(self.special_days)

    # Arithmetic --------------------------------------------------------------------------------

    def add(self, moment: int, amount: int) -> int:
        """Return the moment by which ``amount`` is worked from ``moment`` on; back if negative.

        Raises:
            CalendarRangeError: That lies more than ``MAX_YEARS`` away.
        """
        if amount == 0:
            return moment
        year = self._year_at(moment)
        needed = year.worked_before(moment) + amount
        for _ in range(MAX_YEARS):
            if needed < 0:
                year = self.year(year.number - 1)
                needed += year.total
            elif amount < 0:
                return year.last_moment_at(needed)
            elif needed <= year.total:
                return year.first_moment_at(needed)
            else:
                needed -= year.total
                year = self.year(year.number + 1)
        raise _too_far()

    def between(self, start: int, end: int) -> int:
        """Return what is worked from one moment to another; negative if they are reversed.

        Raises:
            CalendarRangeError: They are more than ``MAX_YEARS`` apart.
        """
        if end < start:
            return -self.between(end, start)
        year, last = self._year_at(start), self._year_at(end)
        if last.number - year.number > MAX_YEARS:
            raise _too_far()
        worked = last.worked_before(end) - year.worked_before(start)
        return worked + sum(self.year(one).total for one in range(year.number, last.number))

    def next_working(self, moment: int) -> int:
        """Return the first moment from ``moment`` on that is working time.

        Raises:
            CalendarRangeError: That lies more than ``MAX_YEARS`` away.
        """
        year = self._year_at(moment)
        for _ in range(MAX_YEARS):
            place = bisect_right(year.ends, moment)
            if place < len(year.starts):
                return max(moment, year.starts[place])
            year = self.year(year.number + 1)
        raise _too_far()

    def is_working(self, moment: int) -> bool:
        """Tell whether a moment is working time."""
        year = self._year_at(moment)
        place = bisect_right(year.starts, moment) - 1
        return place >= 0 and moment < year.ends[place]

    def working_spans(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield what is worked between two moments, without gaps, in order.

        Raises:
            CalendarRangeError: They are more than ``MAX_YEARS`` apart.
        """
        first, last = self._year_at(start).number, self._year_at(end).number
        if last - first > MAX_YEARS:
            raise _too_far()
        held: tuple[int, int] | None = None
        for number in range(first, last + 1):
            year = self.year(number)
            for one, other in zip(year.starts, year.ends, strict=True):
                if one >= end or other <= start:
                    continue
                if held is not None and held[1] == one:  # at New Year
                    held = (held[0], min(other, end))
                    continue
                if held is not None:
                    yield held
                held = (max(one, start), min(other, end))
        if held is not None:
            yield held

    # Days --------------------------------------------------------------------------------------

    def special_day(self, day: int) -> SpecialDay | None:
        """Return what is special about a day, counted from 1970-01-01; None for most days."""
        return self._days_of(from_day_number(day)[0]).get(day)

    def shifts_on(self, day: int) -> tuple[Shift, ...]:
        """Return the shifts that begin on a day, counted from 1970-01-01."""
        special = self.special_day(day)
        return self.week[to_weekday(day) - 1] if special is None else special.shifts

    def add_days(self, day: int, count: int) -> int:
        """Return the ``count``-th day after ``day`` on which a shift begins; before if negative.

        Raises:
            CalendarRangeError: That lies more than ``MAX_YEARS`` away.
        """
        step = 1 if count > 0 else -1
        left = abs(count)
        last = day + step * MAX_YEARS * 366
        while left:
            day += step
            if day == last:
                raise _too_far()
            left -= bool(self.shifts_on(day))
        return day

    def local_day(self, moment: int) -> int:
        """Return the day, counted from 1970-01-01, that the zone's calendars show at a moment."""
        local = local_at(self.zone, moment // NANOS_PER_SECOND)
        assert local is not None  # noqa: S101 - the zone was checked
        return local // SECONDS_PER_DAY

    def midnight(self, day: int) -> int:
        """Return the moment at which a day, counted from 1970-01-01, begins in the zone."""
        return first_moment(self.zone, day * SECONDS_PER_DAY) * NANOS_PER_SECOND

    # Years -------------------------------------------------------------------------------------

    def year(self, number: int) -> Year:
        """Return the working time of a year of the zone's calendar, made on first use.

        Raises:
            CalendarRangeError: It is beyond the years that can be counted.
        """
        found = self._years.get(number)
        if found is not None:
            return found
        if not _FIRST_YEAR <= number <= _LAST_YEAR:
            raise CalendarRangeError(f"Working time can't be counted in the year {number}.")
        if len(self._years) >= _KEPT_YEARS:
            self._years.clear()
        return self._years.setdefault(number, self._make_year(number))

    def _year_at(self, moment: int) -> Year:
        year = self.year(from_day_number(self.local_day(moment))[0])
        # Where clocks change at New Year, the calendars show a year twice or too late.
        if moment < year.begin:
            return self.year(year.number - 1)
        return self.year(year.number + 1) if moment >= year.end else year

    def _make_year(self, number: int) -> Year:
        first, following = to_day_number(number, 1, 1), to_day_number(number + 1, 1, 1)
        begin, end = self.midnight(first), self.midnight(following)
        starts: list[int] = []
        ends: list[int] = []
        reached = begin
        # The night before New Year's Day may reach into it.
        for start, stop in self._shifts_in(first - 1, following, number):
            if stop <= max(start, reached):
                continue
            if start > reached or not ends:
                starts.append(max(start, begin))
                ends.append(stop)
            else:
                ends[-1] = stop
            reached = stop
        while ends and ends[-1] > end:
            # The night of New Year's Eve reaches into the next year.
            ends[-1] = end
            if starts[-1] >= end:
                del starts[-1], ends[-1]
        return Year(number, begin, end, starts, ends)

    def _shifts_in(self, first: int, last: int, year: int) -> Iterator[tuple[int, int]]:
        special = {**self._days_of(year - 1), **self._days_of(year)}
        week = self._week_nanos
        for span in range(first, last, _SPAN):
            offset = offset_at(self.zone, span * SECONDS_PER_DAY)
            if offset != offset_at(self.zone, (span + _REACH) * SECONDS_PER_DAY):
                offset = None
            for day in range(span, min(span + _SPAN, last)):
                found = special.get(day) if special else None
                shifts = week[(day + 3) % _SPAN] if found is None else _nanos(found.shifts)
                if offset is not None:
                    midnight = (day * SECONDS_PER_DAY - offset) * NANOS_PER_SECOND
                    for start, stop in shifts:
                        yield midnight + start, midnight + stop
                    continue
                # Clocks change about this day.
                for start, stop in shifts:
                    yield self._moment(day, start), self._moment(day, stop)

    def _moment(self, day: int, nanos: int) -> int:
        seconds = day * SECONDS_PER_DAY + nanos // NANOS_PER_SECOND
        return first_moment(self.zone, seconds) * NANOS_PER_SECOND

    @cached_property
    def _week_nanos(self) -> list[list[tuple[int, int]]]:
        return [_nanos(shifts) for shifts in self.week]

    def _days_of(self, year: int) -> dict[int, SpecialDay]:
        """Return the special days of a year by their number."""
        found = self._days.get(year)
        if found is None:
            if len(self._days) >= _KEPT_YEARS:
                self._days.clear()
            dated = [day for day in self.special_days if day.year in {None, year}]
            # Those of every year come first, and give way to those of the date.
            dated.sort(key=lambda day: day.year is not None)
            found = {
                to_day_number(year, day.month, day.day): day
                for day in dated
                if day.day <= days_in_month(year, day.month)
            }
            self._days[year] = found
        return found


def _nanos(shifts: tuple[Shift, ...]) -> list[tuple[int, int]]:
    minute = 60 * NANOS_PER_SECOND
    return [(start * minute, stop * minute) for start, stop in shifts]


def _too_far() -> CalendarRangeError:
    return CalendarRangeError(f"The working time lies more than {MAX_YEARS} years away.")
