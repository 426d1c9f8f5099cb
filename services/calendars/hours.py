"""Working hours and special days between how people write them and how they are counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from feel import CalendarError, SpecialDay, WorkingCalendar
from services.calendars.model import DAYS
from services.errors import Invalid

MINUTES_PER_DAY = 1440
MAX_SHIFTS = 12
_DASHES = "-\u2013\u2014"
_SHIFT = re.compile(rf"(\d{{1,2}})(?:[:.](\d\d))?\s*[{_DASHES}]\s*(\d{{1,2}})(?:[:.](\d\d))?")
_FREE = frozenset({"", *_DASHES, "free", "closed"})

Shifts = tuple[tuple[int, int], ...]


def parse_hours(text: str) -> Shifts:
    """Read ``09:00-12:00, 13:00-17:00``; one that ends before it begins goes over midnight.

    Raises:
        ValueError: With a sentence for whoever wrote it.
    """
    if text.strip().casefold() in _FREE:
        return ()
    parts = re.split(r"[,;]", text)
    if len(parts) > MAX_SHIFTS:
        raise ValueError(f"Give at most {MAX_SHIFTS} times for a day.")
    shifts = tuple(sorted(_shift(part.strip()) for part in parts))
    for (_, end), (start, _) in pairwise(shifts):
        if start < end:
            raise ValueError("These hours overlap.")
    return shifts


def format_hours(shifts: Shifts) -> str:
    """Return shifts as ``parse_hours`` reads them; nothing for a free day."""
    return ", ".join(f"{_clock(start)}-{_clock(end, is_end=True)}" for start, end in shifts)


def read_calendar(
    name: str,
    timezone: str,
    week: Mapping[str, str],
    special_days: Sequence[Mapping[str, Any]],
) -> WorkingCalendar:
    """Return the calendar that these entries describe.

    Raises:
        Invalid: With messages by field, such as ``week.monday`` and ``special_days.0.date``.
    """
    errors: dict[str, list[str]] = {}
    shifts = [_checked(errors, f"week.{day}", week.get(day, "")) for day in DAYS]
    days = [
        _special_day(errors, f"special_days.{number}", entry)
        for number, entry in enumerate(special_days)
    ]
    if not errors:
        try:
            return WorkingCalendar(name, timezone, tuple(shifts), tuple(days))
        except CalendarError as error:
            field = _field_of(shifts, days)
            errors[field] = [str(error)]
    raise Invalid("Please check the marked fields.", errors)


def _field_of(shifts: Sequence[Shifts], days: Sequence[SpecialDay]) -> str:
    """Return which field is to be marked for a calendar that makes no sense as a whole."""
    if not any(shifts):
        return "week"
    seen = [(day.year, day.month, day.day) for day in days]
    return "special_days" if len(set(seen)) < len(seen) else "timezone"


def _special_day(errors: dict[str, list[str]], place: str, entry: Mapping[str, Any]) -> SpecialDay:
    try:
        day = date.fromisoformat(str(entry["date"]))
    except ValueError:
        errors[f"{place}.date"] = ["This is not a date."]
        day = date.min
    hours = _checked(errors, f"{place}.hours", str(entry.get("hours") or ""))
    year = None if entry.get("yearly") else day.year
    return SpecialDay(year, day.month, day.day, str(entry.get("name") or ""), hours)


def _checked(errors: dict[str, list[str]], place: str, text: str) -> Shifts:
    try:
        return parse_hours(text)
    except ValueError as error:
        errors[place] = [str(error)]
        return ()


def _shift(text: str) -> tuple[int, int]:
    found = _SHIFT.fullmatch(text)
    if found is None:
        raise ValueError("Write hours as 09:00-17:00, several with commas between them.")
    start = _minutes(found[1], found[2])
    end = _minutes(found[3], found[4])
    if start in {MINUTES_PER_DAY, end}:
        raise ValueError("These hours have no length; a whole day is 00:00-24:00.")
    return start, end if end > start else end + MINUTES_PER_DAY


def _minutes(hours: str, minutes: str | None) -> int:
    found = int(hours) * 60 + int(minutes or 0)
    if int(minutes or 0) >= 60 or found > MINUTES_PER_DAY:  # noqa: PLR2004
        raise ValueError("There is no such time of day.")
    return found


def _clock(minutes: int, *, is_end: bool = False) -> str:
    if minutes > MINUTES_PER_DAY or (minutes == MINUTES_PER_DAY and not is_end):
        minutes -= MINUTES_PER_DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"
