"""Days of contracts and subscriptions: months counted from an anchor day, terms, notice periods.

A month is counted from the anchor day, not from the last date: 31 January and a month is
28 February, and another month is 31 March again.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.days import show_day
from services.errors import Invalid

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days that follow each other, the last one among them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def text(self) -> str:
        """Both days as people read them."""
        return f"{show_day(self.first)} – {show_day(self.last)}"  # noqa: RUF001 - a range's dash


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How periods follow each other.

    Attributes:
        anchored_on: A day on which one begins; only its month counts.
        anchor_day: The day of the month on which they begin, 1 to 31.
        months: How long each is.
    """

    anchored_on: date
    anchor_day: int
    months: int

    def period_at(self, day: date) -> Span:
        """Return the whole period that a day lies in."""
        passed = _months(day) - _months(self.anchored_on)
        number = passed // self.months
        if self._boundary(number) > day:
            number -= 1
        return Span(self._boundary(number), self._boundary(number + 1) - DAY)

    def _boundary(self, number: int) -> date:
        return shift(self.anchored_on, number * self.months, self.anchor_day)


@dataclass(frozen=True, slots=True)
class Notice:
    """How long before its end a contract must be cancelled.

    Attributes:
        unit: ``days`` or ``months``.
    """

    count: int
    unit: str

    def last_day_for(self, end: date) -> date:
        """Return the last day on which notice for this end can be given."""
        if self.unit == "days":
            return end - timedelta(days=self.count)
        following = end + DAY
        return shift(following, -self.count, following.day) - DAY

    def end_after(self, given: date) -> date:
        """Return the first day at whose end the notice period is over that begins on a day."""
        if self.unit == "days":
            return given + timedelta(days=self.count)
        following = given + DAY
        return shift(following, self.count, following.day) - DAY

    @property
    def text(self) -> str:
        """What people read: ``3 months``."""
        return f"{self.count} {self.unit.removesuffix('s') if self.count == 1 else self.unit}"


def shift(day: date, months: int, anchor_day: int) -> date:
    """Return the anchor day of a later month (or an earlier one), its last day where it is short.

    Raises:
        Invalid: That is beyond the calendar.
    """
    count = _months(day) + months
    year, month = divmod(count, 12)
    if not FIRST_YEAR - 30 <= year <= LAST_YEAR + 100:
        raise Invalid("This is too far away.")
    return date(year, month + 1, min(anchor_day, monthrange(year, month + 1)[1]))


def next_end(starts_on: date, ends_on: date, months: int) -> date:
    """Return the last day of the term after the one that ends on a day.

    Terms that began on the 31st go on ending as if all months had 31 days.
    """
    following = ends_on + DAY
    is_on_anchor = following == shift(following, 0, starts_on.day)
    return shift(following, months, starts_on.day if is_on_anchor else following.day) - DAY


def first_boundary(starts_on: date, anchor_day: int) -> date:
    """Return the first anchor day from a day on."""
    found = shift(starts_on, 0, anchor_day)
    return found if found >= starts_on else shift(starts_on, 1, anchor_day)


def check_years(name: str, day: date | None) -> None:
    """Refuse a day that nobody means.

    Raises:
        Invalid: With the field's name.
    """
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"Use a day from {FIRST_YEAR} to {LAST_YEAR}."
        raise Invalid(message, {name: [message]})


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1
