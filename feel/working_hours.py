"""The hours of a working calendar as they are written down: shifts, and days that have others."""

from __future__ import annotations

from dataclasses import dataclass

from feel.calendar import days_in_month
from feel.errors import FeelError

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
_LEAP_YEAR = 2024

Shift = tuple[int, int]
"""When it begins and ends, in minutes from the midnight at which its day begins."""


class CalendarError(FeelError, ValueError):
    """The hours or days given make no calendar."""


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day whose hours are not those of its weekday.

    Attributes:
        year: None for a day of every year.
        shifts: Its hours; a day without any is a holiday.
    """

    year: int | None
    month: int
    day: int
    name: str = ""
    shifts: tuple[Shift, ...] = ()

    @property
    def is_holiday(self) -> bool:
        """Whether nobody works."""
        return not self.shifts


def check_shifts(shifts: tuple[Shift, ...]) -> None:
    """Refuse hours of a day that make no sense.

    Raises:
        CalendarError: They do not.
    """
    end = 0
    for start, stop in shifts:
        if not (0 <= start < MINUTES_PER_DAY and start < stop <= start + MINUTES_PER_DAY):
            raise CalendarError("A shift begins on its day and lasts a day at most.")
        if start < end:
            raise CalendarError("The hours of a day must follow one another.")
        end = stop


def check_days(days: tuple[SpecialDay, ...]) -> None:
    """Refuse days that there are not, or of which there are two.

    Raises:
        CalendarError: There are such days.
    """
    seen: set[tuple[int | None, int, int]] = set()
    for day in days:
        year = _LEAP_YEAR if day.year is None else day.year
        if not (1 <= day.month <= 12 and 1 <= day.day <= days_in_month(year, day.month)):  # noqa: PLR2004
            raise CalendarError("There is no such day in the calendar.")
        key = (day.year, day.month, day.day)
        if key in seen:
            raise CalendarError(f"The day {day.month:02}-{day.day:02} is given twice.")
        seen.add(key)
