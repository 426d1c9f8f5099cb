"""When an activity is: its start, end, duration and due time, made to agree with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from services.activities.model import HELD_KINDS
from services.errors import Invalid

MAX_MINUTES = 60 * 24 * 366
TIME_FIELDS = frozenset({"starts_at", "ends_at", "due_at", "duration_minutes", "all_day"})
"""The fields that say when an activity is."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one activity; see ``Activity`` for what each of them says."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    due_at: datetime | None = None
    duration_minutes: int | None = None
    all_day: bool = False

    def as_values(self) -> dict[str, Any]:
        """Return the columns."""
        return {name: getattr(self, name) for name in TIME_FIELDS}


def timing_of(activity: Any) -> Timing:
    """Return the times that an activity has."""
    return Timing(**{name: getattr(activity, name) for name in TIME_FIELDS})


def days_of(activity: Any, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day of an activity that takes whole days, in their own zone."""
    first = activity.starts_at.astimezone(zone).date()
    over = (activity.ends_at or activity.starts_at).astimezone(zone).date()
    return first, max(first, over - timedelta(days=1))


def settle(kind: str, now_is: Timing, given: Mapping[str, Any], zone: ZoneInfo) -> Timing:
    """Return the times after a change: what was not given follows from what was.

    A new start keeps the duration (whole days: their number, whatever the clocks do), an end
    gives the duration, a call or meeting is due when it is over. The end of whole days is the
    midnight after the last one.

    Raises:
        Invalid: It would end before it begins, last too long, or go beyond the year 9999.
    """
    try:
        return _settled(kind, now_is, given, zone)
    except OverflowError:
        name = next((name for name in ("starts_at", "due_at", "ends_at") if given.get(name)), None)
        _refuse(name or "duration_minutes", "This is too far from now.")


def _settled(kind: str, now_is: Timing, given: Mapping[str, Any], zone: ZoneInfo) -> Timing:
    changed = {name: given[name] for name in TIME_FIELDS if name in given}
    asked = replace(now_is, **changed)
    if kind in HELD_KINDS and "due_at" in changed and "starts_at" not in changed:
        # Somebody who plans a call by a due time means the moment of the call.
        asked = replace(asked, starts_at=asked.due_at)
        changed["starts_at"] = asked.starts_at
    if asked.all_day:
        timed = _whole_days(now_is, asked, changed, zone)
    else:
        timed = _by_the_clock(now_is, asked, changed)
    _check(timed)
    return replace(timed, due_at=_due(kind, now_is, timed, changed))


def _whole_days(
    now_is: Timing, asked: Timing, changed: Mapping[str, Any], zone: ZoneInfo
) -> Timing:
    first = asked.starts_at or asked.ends_at or asked.due_at
    if first is None:
        _refuse("starts_at", "Give the day.")
    start = _midnight(first, zone)
    end = asked.ends_at
    moved = "starts_at" in changed and "ends_at" not in changed
    if moved and now_is.all_day and now_is.starts_at is not None and now_is.ends_at is not None:
        days = now_is.ends_at.astimezone(zone).date() - now_is.starts_at.astimezone(zone).date()
        end = _midnight(start, zone, days=days.days)
    if end is None:
        end = _midnight(start, zone, days=1)
    elif end != _midnight(end, zone) or end == start:
        end = _midnight(end, zone, days=1)
    return replace(asked, starts_at=start, ends_at=end, duration_minutes=None)


def _by_the_clock(now_is: Timing, asked: Timing, changed: Mapping[str, Any]) -> Timing:
    start, end = asked.starts_at, asked.ends_at
    minutes = asked.duration_minutes
    if start is None:
        return replace(asked, ends_at=None if "starts_at" in changed else end)
    if now_is.all_day and "ends_at" not in changed:
        end = None
    if "ends_at" in changed and end is not None:
        minutes = None
    elif minutes is not None:
        end = start + timedelta(minutes=minutes)
    elif "duration_minutes" in changed or "ends_at" in changed:
        end = None
    elif end is not None and now_is.starts_at is not None:
        end = start + (end - now_is.starts_at)
    if end is not None and minutes is None:
        minutes = round((end - start).total_seconds() / 60)
    return replace(asked, ends_at=end, duration_minutes=minutes)


def _due(kind: str, now_is: Timing, timed: Timing, changed: Mapping[str, Any]) -> datetime | None:
    over = timed.ends_at or timed.starts_at
    if kind in HELD_KINDS or timed.all_day:
        return over or timed.due_at
    followed = now_is.due_at is None or now_is.due_at == (now_is.ends_at or now_is.starts_at)
    if changed.get("due_at") is None and followed and over is not None:
        return over
    return timed.due_at


def _check(timed: Timing) -> None:
    if timed.duration_minutes is not None and timed.duration_minutes > MAX_MINUTES:
        _refuse("duration_minutes", "This is longer than a year.")
    if timed.starts_at is None or timed.ends_at is None:
        return
    if timed.ends_at < timed.starts_at:
        _refuse("ends_at", "It ends before it begins.")
    if timed.ends_at - timed.starts_at > timedelta(minutes=MAX_MINUTES):
        _refuse("ends_at", "This is longer than a year.")


def _midnight(moment: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """Return the beginning of the day of ``moment`` in ``zone``, so many days on, in UTC."""
    day = moment.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _refuse(name: str, message: str) -> NoReturn:
    raise Invalid(message, {name: [message]})
