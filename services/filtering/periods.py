"""Days that are told by words: ``today``, ``this week``, ``last 7 days``, ``older than 1 year``.

A period begins and ends at midnight in the installation's time zone; weeks begin on Monday. It is
half open: its last moment is the one before the end.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Days = tuple[date | None, date | None]

MAX_NUMBER = 5_000
_UNITS = ("day", "week", "month", "quarter", "year")
_DAYS: Mapping[str, int] = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WHICH: Mapping[str, int] = {"last": -1, "this": 0, "next": 1}
_NAMED = re.compile(r"(last|this|next) (day|week|month|quarter|year)")
_COUNTED = re.compile(r"(last|next|older than) ([0-9]{1,4}) (day|week|month|quarter|year)s?")
SUGGESTED = (
    "today",
    "yesterday",
    "tomorrow",
    *(f"{which} {unit}" for unit in _UNITS[1:] for which in ("this", "last", "next")),
    "last 7 days",
    "last 30 days",
    "last 12 months",
    "next 7 days",
    "next 30 days",
    "older than 30 days",
    "older than 1 year",
)


def tidy_period(text: str) -> str | None:
    """Return the usual spelling of a period, or None if ``text`` tells none."""
    words = " ".join(text.lower().split())
    if words in _DAYS or _NAMED.fullmatch(words):
        return words
    counted = _COUNTED.fullmatch(words)
    return words if counted and 1 <= int(counted[2]) <= MAX_NUMBER else None


def is_open_ended(text: str) -> bool:
    """Tell whether a period has no beginning, so that nothing can be before it."""
    return text.startswith("older")


def days_of(text: str, today: date) -> Days:
    """Return the first day of a period and the day after its last; None: there is no such end.

    ``last 3 months`` are the three months up to and including today, ``next 3 months`` the three
    from today on; ``last month`` is the calendar's. A day that a month doesn't have is its last.
    """
    if text in _DAYS:
        day = today + timedelta(days=_DAYS[text])
        return day, day + timedelta(days=1)
    if named := _NAMED.fullmatch(text):
        first = _begin(named[2], today)
        return (
            moved(first, _WHICH[named[1]], named[2]),
            moved(first, _WHICH[named[1]] + 1, named[2]),
        )
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        raise ValueError(f"no period: {text}")
    which, number, unit = counted[1], int(counted[2]), counted[3]
    if which == "older than":
        return None, moved(today, -number, unit)
    if which == "last":
        tomorrow = today + timedelta(days=1)
        return moved(tomorrow, -number, unit), tomorrow
    return today, moved(today, number, unit)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which ``day`` begins in ``zone``, in UTC, as far as that goes."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


def _begin(unit: str, day: date) -> date:
    """Return the first day of the week, month, … that ``day`` lies in."""
    beginnings: Mapping[str, Callable[[], date]] = {
        "day": lambda: day,
        "week": lambda: day - timedelta(days=day.weekday()),
        "month": lambda: day.replace(day=1),
        "quarter": lambda: day.replace(month=day.month - (day.month - 1) % 3, day=1),
        "year": lambda: day.replace(month=1, day=1),
    }
    return beginnings[unit]()


def moved(day: date, number: int, unit: str) -> date:
    """Return ``day`` moved by a number of units, as far as the calendar goes."""
    if unit in {"day", "week"}:
        days = number * (7 if unit == "week" else 1)
        return date.fromordinal(max(1, min(date.max.toordinal(), day.toordinal() + days)))
    months = number * {"month": 1, "quarter": 3, "year": 12}[unit]
    index = max(12, min(9999 * 12 + 11, day.year * 12 + day.month - 1 + months))
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
