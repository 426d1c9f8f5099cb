"""ISO 8601 dates, durations and cycles as timers use them.

Days and shorter are exact (`P1D` is 24 hours); months and years follow the calendar of the zone.
A date and time may name its zone (`2026-03-29T14:39:00@Europe/Oslo`, as FEEL writes it), give an
offset, or neither: then it is a local time of the host's zone.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from processes.engine.model import TimerKind

_DURATION = re.compile(
    r"(?P<sign>-)?P(?!$)(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<weeks>\d{1,6})W)?"
    r"(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,12}(?:\.\d{1,9})?)S)?)?"
)
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:T(?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d|@[A-Za-z0-9_+\-/]+)?)?"
)
_CYCLE = re.compile(r"R(?P<count>\d{0,9})/(?:(?P<start>[^/P]+)/)?(?P<every>P[^/]+)")


@dataclass(frozen=True)
class Duration:
    """A length of time: calendar months and an exact rest."""

    months: int
    rest: timedelta

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the time (UTC) this long after an aware one, months counted in `zone`."""
        if self.months:
            local = moment.astimezone(zone).replace(tzinfo=None)
            years, month = divmod(local.month - 1 + self.months, 12)
            year = local.year + years
            day = min(local.day, monthrange(year, month + 1)[1])
            local = local.replace(year=year, month=month + 1, day=day)
            moment = local.replace(tzinfo=zone)
        return moment.astimezone(UTC) + self.rest


@dataclass(frozen=True)
class Due:
    """When a timer fires.

    Attributes:
        at: Aware UTC.
        repeat: What remains of its cycle after that, as ISO text; None if nothing does.
    """

    at: datetime
    repeat: str | None = None


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration.

    Raises:
        ValueError: It is none, or it is negative.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration such as PT15M or P2D.")
    part = found.groupdict(default="0")
    if found["sign"]:
        raise ValueError(f"The duration {text} is negative.")
    return Duration(
        months=int(part["years"]) * 12 + int(part["months"]),
        rest=timedelta(
            weeks=int(part["weeks"]),
            days=int(part["days"]),
            hours=int(part["hours"]),
            minutes=int(part["minutes"]),
            seconds=float(part["seconds"]),
        ),
    )


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """Read an ISO 8601 date, or date and time, as aware UTC; a date is its local midnight.

    Raises:
        ValueError: It is none.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no date and time such as 2026-03-29T14:39:00+02:00.")
    day = date.fromisoformat(found["date"])
    local = datetime.fromisoformat(f"{day}T{found['time'] or '00:00'}")
    if fraction := found["fraction"]:
        local += timedelta(microseconds=int(fraction.ljust(6, "0")[:6]))
    return local.replace(tzinfo=_zone_of(found["zone"], zone)).astimezone(UTC)


def plan(kind: TimerKind, text: str, now: datetime, zone: tzinfo) -> Due:
    """Return when a timer that is set now fires first.

    Args:
        kind: Which of BPMN's three timers it is.
        text: Its ISO 8601 text; a date may also stand where a duration does, and the reverse,
            since an expression may give either.
        now: Aware UTC.
        zone: Of dates and times without one.

    Raises:
        ValueError: The text is none of these.
        OverflowError: The time is beyond the calendar.
    """
    text = text.strip()
    if kind == "cycle":
        return _plan_cycle(text, now, zone)
    if text.startswith(("P", "-P")):
        return Due(parse_duration(text).after(now, zone))
    return Due(parse_moment(text, zone))


def next_due(fired: Due, zone: tzinfo) -> Due | None:
    """Return when a repeating timer fires again; None if it does not.

    It is counted from when it was due, not from when it was fired, so that delays do not add up.
    """
    if fired.repeat is None:
        return None
    found = _cycle(fired.repeat)
    at = parse_duration(found["every"]).after(fired.at, zone)
    return Due(at, _rest(found["count"], found["every"]))


def check_text(kind: TimerKind, text: str) -> str | None:
    """Return what is wrong with a timer's literal text; None if nothing is."""
    try:
        if kind == "duration":
            parse_duration(text)
        elif kind == "date":
            parse_moment(text, UTC)
        else:
            _plan_cycle(text, datetime(2026, 1, 1, tzinfo=UTC), UTC)
    except (ValueError, OverflowError) as problem:
        return str(problem)
    return None


def _plan_cycle(text: str, now: datetime, zone: tzinfo) -> Due:
    found = _cycle(text)
    every = parse_duration(found["every"])
    if every.after(now, zone) <= now:
        raise ValueError(f"The cycle {text} has no interval.")
    if found["count"] == "0":
        raise ValueError(f"The cycle {text} never fires.")
    at = parse_moment(found["start"], zone) if found["start"] else every.after(now, zone)
    return Due(at, _rest(found["count"], found["every"]))


def _cycle(text: str) -> re.Match[str]:
    found = _CYCLE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no cycle such as R3/PT10M or R/P1D.")
    return found


def _rest(count: str, every: str) -> str | None:
    """Return the cycle that is left after one firing of `count` (empty: without end)."""
    if not count:
        return f"R/{every}"
    left = int(count) - 1
    return f"R{left}/{every}" if left > 0 else None


def _zone_of(text: str | None, default: tzinfo) -> tzinfo:
    if text is None:
        return default
    if text == "Z":
        return UTC
    if not text.startswith("@"):
        found = datetime.strptime(text, "%z").tzinfo
        assert found is not None  # noqa: S101 - %z always gives one
        return found
    try:
        return ZoneInfo(text[1:])
    except (ZoneInfoNotFoundError, OSError) as problem:
        raise ValueError(f"There is no time zone {text[1:]}.") from problem
