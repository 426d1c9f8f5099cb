"""How often something comes again: a rule of RFC 5545, in the wall clock of its zone.

Only what people choose from is known: every so many days, weeks, months or years, on weekdays, on a
date or on the second Tuesday, without end, so many times or up to a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from services.days import show_day

WEEKDAYS: Final = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
"""The days as RFC 5545 names them, and as people do; Monday is the first."""

_SIGNS: Final = tuple(WEEKDAYS)
_NTH: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_LAST_DAY: Final = timedelta(hours=23, minutes=59, seconds=59)


class Frequency(StrEnum):
    """The unit in which is counted."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class MonthBy(StrEnum):
    """What stays the same from month to month, or from year to year."""

    DATE = "date"
    WEEKDAY = "weekday"
    LAST_WEEKDAY = "last_weekday"


_UNITS: Final = {
    Frequency.DAILY: "day",
    Frequency.WEEKLY: "week",
    Frequency.MONTHLY: "month",
    Frequency.YEARLY: "year",
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule, in step with the day that it was made for.

    Attributes:
        every: 2 is every other day, week, month or year.
        weekdays: Of weeks, in their order, such as ``("MO", "WE")``.
        month: Of years: 1 to 12.
        day: Of months and years: the date; too short months are left out (RFC 5545 3.3.10).
        nth: Instead: which of the weekdays ``weekday`` of the month, 1 to 4, or -1 for the last.
        times: How often in all, the first one counted; None for no such limit.
        until: The last day on which it may begin, in its own zone.
    """

    frequency: Frequency
    every: int = 1
    weekdays: tuple[str, ...] = ()
    month: int | None = None
    day: int | None = None
    nth: int | None = None
    weekday: str | None = None
    times: int | None = None
    until: date | None = None

    def rule(self, zone: ZoneInfo) -> str:
        """Return the RRULE value of RFC 5545, whose end is a moment in UTC."""
        parts = [f"FREQ={self.frequency.value.upper()}"]
        if self.every > 1:
            parts.append(f"INTERVAL={self.every}")
        if self.weekdays:
            parts.append(f"BYDAY={','.join(self.weekdays)}")
        if self.month is not None:
            parts.append(f"BYMONTH={self.month}")
        if self.day is not None:
            parts.append(f"BYMONTHDAY={self.day}")
        if self.nth is not None:
            parts.append(f"BYDAY={self.nth}{self.weekday}")
        if self.times is not None:
            parts.append(f"COUNT={self.times}")
        if self.until is not None:
            last = datetime.combine(self.until, time(), zone) + _LAST_DAY
            parts.append(f"UNTIL={last.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        return ";".join(parts)

    def words(self) -> str:
        """Return the rule as people say it: ``Every 2 weeks on Monday, 10 times``."""
        unit = _UNITS[self.frequency]
        said = f"Every {unit}" if self.every == 1 else f"Every {self.every} {unit}s"
        said += self._days_in_words()
        if self.times is not None:
            said += ", once" if self.times == 1 else f", {self.times} times"
        return f"{said}, until {show_day(self.until)}" if self.until else said

    def slots(self, first: datetime) -> Iterator[datetime]:
        """Yield when it comes by the clock on the wall, from ``first`` on (all without a zone)."""
        bare = replace(self, until=None).rule(ZoneInfo("UTC"))
        for moment in rrulestr(bare, dtstart=first):
            if self.until is not None and moment.date() > self.until:
                return
            yield moment

    def fits(self, day: date) -> bool:
        """Tell whether the rule can begin on a day."""
        if self.weekdays:
            return _SIGNS[day.weekday()] in self.weekdays
        if self.month is not None and self.month != day.month:
            return False
        if self.day is not None:
            return self.day == day.day
        return self.nth is None or (
            self.weekday == _SIGNS[day.weekday()] and self.nth in _positions(day)
        )

    def moved(self, before: date, after: date) -> Recurrence:
        """Return the rule of what is moved from one of its days to another."""
        if self.weekdays:
            by = (after - before).days
            days = {(_SIGNS.index(one) + by) % 7 for one in self.weekdays}
            return replace(self, weekdays=tuple(_SIGNS[one] for one in sorted(days)))
        month = None if self.month is None else after.month
        if self.day is not None:
            return replace(self, month=month, day=after.day)
        if self.nth is not None:
            places = _positions(after)
            nth = self.nth if self.nth in places else places[0]
            return replace(self, month=month, nth=nth, weekday=_SIGNS[after.weekday()])
        return self

    def period(self, moment: datetime) -> int:
        """Return the number of the day, week, month or year in which a moment lies."""
        if self.frequency is Frequency.DAILY:
            return moment.toordinal()
        if self.frequency is Frequency.WEEKLY:
            return (moment.toordinal() - 1) // 7
        if self.frequency is Frequency.MONTHLY:
            return moment.year * 12 + moment.month
        return moment.year

    def _days_in_words(self) -> str:
        if self.weekdays:
            return " on " + _and([WEEKDAYS[one] for one in self.weekdays])
        of_month = "" if self.month is None else f" of {date(2000, self.month, 1):%B}"
        if self.day is not None:
            month = "" if self.month is None else f" {date(2000, self.month, 1):%B}"
            return f" on {self.day}{month}" if month else f" on day {self.day}"
        if self.nth is not None and self.weekday is not None:
            return f" on the {_NTH[self.nth]} {WEEKDAYS[self.weekday]}{of_month}"
        return ""


def make_recurrence(
    frequency: Frequency,
    day: date,
    *,
    every: int = 1,
    weekdays: tuple[str, ...] = (),
    by: MonthBy = MonthBy.DATE,
    times: int | None = None,
    until: date | None = None,
) -> Recurrence:
    """Return the rule of what is on ``day`` for the first time; it says the rest of it."""
    made = Recurrence(frequency, every, times=times, until=until)
    if frequency is Frequency.DAILY:
        return made
    if frequency is Frequency.WEEKLY:
        chosen = set(weekdays) or {_SIGNS[day.weekday()]}
        return replace(made, weekdays=tuple(one for one in _SIGNS if one in chosen))
    month = day.month if frequency is Frequency.YEARLY else None
    if by is MonthBy.DATE:
        return replace(made, month=month, day=day.day)
    nth = -1 if by is MonthBy.LAST_WEEKDAY else _positions(day)[0]
    return replace(made, month=month, nth=nth, weekday=_SIGNS[day.weekday()])


def read_recurrence(rule: str, zone: ZoneInfo) -> Recurrence:
    """Return the rule that ``Recurrence.rule`` has written."""
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    made = Recurrence(
        Frequency(parts["FREQ"].lower()),
        int(parts.get("INTERVAL", 1)),
        month=int(parts["BYMONTH"]) if "BYMONTH" in parts else None,
        day=int(parts["BYMONTHDAY"]) if "BYMONTHDAY" in parts else None,
        times=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_day_of(parts["UNTIL"], zone) if "UNTIL" in parts else None,
    )
    days = parts.get("BYDAY")
    if days is None:
        return made
    if made.frequency is Frequency.WEEKLY:
        return replace(made, weekdays=tuple(days.split(",")))
    return replace(made, nth=int(days[:-2]), weekday=days[-2:])


def _positions(day: date) -> list[int]:
    """Return which of its weekday in the month a day is: from the front, where there are four."""
    nth = (day.day - 1) // 7 + 1
    is_last = (day + timedelta(days=7)).month != day.month
    return [one for one in (nth if nth in _NTH else None, -1 if is_last else None) if one]


def _day_of(text: str, zone: ZoneInfo) -> date:
    moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return moment.astimezone(zone).date()


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
