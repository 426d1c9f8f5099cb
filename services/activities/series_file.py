"""A whole series as a calendar file: one rule, what it leaves out, and what is not like the rest.

The times stand in the clock of the series's zone, which the file describes, so that nine stays nine
in any calendar program (RFC 5545 3.6.5, 3.8.4.4, 3.8.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.activities.calendar_file import (
    Sending,
    check_shown,
    event_lines,
    written,
)
from services.activities.copying import times_at
from services.activities.model import Activity, ActivitySeries, ActivityStatus
from services.activities.recurrence import Recurrence
from services.activities.series import recurrence_of, slots_until, zone_of
from services.activities.timing import Timing, timing_of

_LOCAL: Final = "%Y%m%dT%H%M%S"
_DAY: Final = "%Y%m%d"
_ZONE_YEARS: Final = 5
"""How far the changes of the clocks are told; programs know the zone by its name beyond that."""


def series_file(
    series: ActivitySeries, rows: Sequence[Activity], pattern: Activity, sending: Sending
) -> str:
    """Return a series as one event with its exceptions.

    Args:
        series: The rule.
        rows: What there is of it, in its order.
        pattern: The one that the others are like.
        sending: Who sends it.

    Raises:
        NotAllowed: One of its times is hidden.
    """
    check_shown(sending)
    uid = f"{series.id}@{sending.host}"
    zone = zone_of(series)
    slots = slots_until(series, series.made_until)
    there = {row.slot_at: row for row in rows if row.slot_at is not None}
    gone = [slot for slot in slots if slot not in there]
    clock = _Clock(zone, all_day=pattern.all_day)
    first = times_at(pattern, series.starts_at, zone, sending.zone)
    rule = [
        *clock.span(first),
        f"RRULE:{_rule(recurrence_of(series), clock)}",
        *(f"EXDATE{clock.moment(slot)}" for slot in gone),
    ]
    sequence = _sequence(series, sending)
    lines = event_lines(pattern, uid, sending, rule, sequence)
    for slot in slots:
        row = there.get(slot)
        if row is not None and _differs(row, pattern, slot, zone, sending.zone):
            own = _Clock(zone, all_day=row.all_day)
            which = [*own.span(timing_of(row)), f"RECURRENCE-ID{clock.moment(slot)}"]
            lines += event_lines(row, uid, sending, which, sequence)
    described = () if pattern.all_day else _zone_lines(zone, series.starts_at)
    return written(lines, described)


def one_of_series(series: ActivitySeries, activity: Activity, sending: Sending) -> str:
    """Return one of a series for those who have the whole of it: it changes that one alone.

    Raises:
        NotAllowed: One of its times is hidden.
    """
    check_shown(sending)
    zone = zone_of(series)
    clock = _Clock(zone, all_day=activity.all_day)
    slot = activity.slot_at or activity.created_at
    which = [*clock.span(timing_of(activity)), f"RECURRENCE-ID{clock.moment(slot)}"]
    uid, sequence = f"{series.id}@{sending.host}", _sequence(series, sending)
    lines = event_lines(activity, uid, sending, which, sequence)
    return written(lines, () if activity.all_day else _zone_lines(zone, series.starts_at))


class _Clock:
    """Writes moments as the wall of a zone shows them; whole days without hours."""

    def __init__(self, zone: ZoneInfo, *, all_day: bool) -> None:
        self.zone = zone
        self.all_day = all_day

    def moment(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        if self.all_day:
            return f";VALUE=DATE:{local:{_DAY}}"
        return f";TZID={self.zone.key}:{local:{_LOCAL}}"

    def span(self, timing: Timing) -> list[str]:
        """Return the lines of beginning and end; a due time is the end of a quarter of an hour."""
        start, end = timing.starts_at, timing.ends_at
        if start is None and timing.due_at is not None:
            # As a rule goes by the beginning, the quarter of an hour comes after the due time.
            start, end = timing.due_at, timing.due_at + timedelta(minutes=15)
        if start is None:
            return []
        found = [f"DTSTART{self.moment(start)}"]
        return found if end is None else [*found, f"DTEND{self.moment(end)}"]


def _rule(recurrence: Recurrence, clock: _Clock) -> str:
    """Return the rule; the end of whole days is a day (RFC 5545 3.3.10)."""
    text = recurrence.rule(clock.zone)
    if recurrence.until is None or not clock.all_day:
        return text
    return f"{text.partition(';UNTIL=')[0]};UNTIL={recurrence.until:{_DAY}}"


def _sequence(series: ActivitySeries, sending: Sending) -> int:
    """Return a number that is greater each time; which activities there are tells no order."""
    return int((sending.now - series.created_at).total_seconds())


def _differs(
    row: Activity, pattern: Activity, slot: datetime, zone: ZoneInfo, own_zone: ZoneInfo
) -> bool:
    """Tell whether one of a series is not what the rule and the pattern say of it."""
    texts = ("subject", "location", "description", "reminder_minutes")
    if any(getattr(row, name) != getattr(pattern, name) for name in texts):
        return True
    is_off = row.status == ActivityStatus.CANCELLED
    if is_off != (pattern.status == ActivityStatus.CANCELLED):
        return True
    return timing_of(row) != times_at(pattern, slot, zone, own_zone)


def _zone_lines(zone: ZoneInfo, since: datetime) -> Iterable[str]:
    """Yield the description of a zone: how far it is from UTC, and when the clocks change."""
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{zone.key}"
    begin = datetime(since.astimezone(zone).year, 1, 1, tzinfo=UTC)
    yield from _observance(zone, begin, begin - timedelta(hours=1))
    for day in range(366 * _ZONE_YEARS):
        before = begin + timedelta(days=day)
        if _offset(zone, before) != _offset(zone, before + timedelta(days=1)):
            change = _change_between(zone, before, before + timedelta(days=1))
            yield from _observance(zone, change, before)
    yield "END:VTIMEZONE"


def _observance(zone: ZoneInfo, at: datetime, before: datetime) -> Iterable[str]:
    """Yield what holds in a zone from a moment on; it stands in the clock of before."""
    kind = "DAYLIGHT" if at.astimezone(zone).dst() else "STANDARD"
    was = _offset(zone, before)
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{(at + was).replace(tzinfo=None):{_LOCAL}}"
    yield f"TZOFFSETFROM:{_signed(was)}"
    yield f"TZOFFSETTO:{_signed(_offset(zone, at))}"
    yield f"END:{kind}"


def _change_between(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the moment at which the clocks change, to the second."""
    was = _offset(zone, early)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) // 2).replace(microsecond=0)
        early, late = (middle, late) if _offset(zone, middle) == was else (early, middle)
    return late


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{rest:02d}"
