"""ISO 8601 dates, durations and cycles as timers use them.

Days and shorter are exact (`P1D` is 24 hours); months and years follow the calendar of the zone.
With a working calendar a duration counts working time instead: `P1D` is 24 hours of it, and months
have no meaning. Dates stay what they are.
A date and time may name its zone (`2026-03-29T14:39:00@Europe/Oslo`, as FEEL writes it), give an
offset, or neither: then it is a local time of the host's zone.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feel import CalendarRangeError, Calendars, UnknownCalendarError, WorkingCalendar
from feel.working_time import add_working_time
from processes.engine.errors import EngineError
from processes.engine.model import TimerKind

DEFAULT_CALENDAR = "default"
MISSED_AT_MOST = 10_000
"""How many missed times of a timer are gone through to keep its rhythm."""

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

NO_MONTHS = "Months and years can't be counted in working time."


@dataclass(frozen=True)
class Duration:
    """A length of time: calendar months and an exact rest."""

    months: int
    rest: timedelta

    def after(
        self, moment: datetime, zone: tzinfo, calendar: WorkingCalendar | None = None
    ) -> datetime:
        """Return the time (UTC) this long after an aware one, months counted in `zone`.

        Raises:
            ValueError: It counts months of working time, or more of it than can be found.
            OverflowError: The time is beyond the calendar of years.
        """
        if calendar is not None:
            return self._worked_after(moment, calendar)
        if self.months:
            local = moment.astimezone(zone).replace(tzinfo=None)
            years, month = divmod(local.month - 1 + self.months, 12)
            year = local.year + years
            day = min(local.day, monthrange(year, month + 1)[1])
            local = local.replace(year=year, month=month + 1, day=day)
            moment = local.replace(tzinfo=zone)
        return moment.astimezone(UTC) + self.rest

    def _worked_after(self, moment: datetime, calendar: WorkingCalendar) -> datetime:
        if self.months:
            raise ValueError(NO_MONTHS)
        try:
            return add_working_time(calendar, moment, self.rest)
        except CalendarRangeError as problem:
            raise ValueError(str(problem)) from problem


@dataclass(frozen=True)
class Due:
    """When a timer fires.

    Attributes:
        at: Aware UTC.
        repeat: What remains of its cycle after that, as ISO text, with `@` and the name of its
            working calendar if it has one; None if nothing does.
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


def plan(
    kind: TimerKind,
    text: str,
    now: datetime,
    zone: tzinfo,
    calendar: tuple[str, WorkingCalendar] | None = None,
) -> Due:
    """Return when a timer that is set now fires first.

    Args:
        kind: Which of BPMN's three timers it is.
        text: Its ISO 8601 text; a date may also stand where a duration does, and the reverse,
            since an expression may give either.
        now: Aware UTC.
        zone: Of dates and times without one.
        calendar: The working calendar that durations count by, after the name by which it will
            be found again; None counts all time.

    Raises:
        ValueError: The text is none of these, or counts no working time.
        OverflowError: The time is beyond the calendar.
    """
    text = text.strip()
    if kind == "cycle":
        return _plan_cycle(text, now, zone, calendar)
    if text.startswith(("P", "-P")):
        return Due(parse_duration(text).after(now, zone, calendar and calendar[1]))
    return Due(parse_moment(text, zone))


def find_calendar(calendars: Calendars | None, name: str) -> WorkingCalendar:
    """Return the working calendar of this name; `default` is the default one.

    Raises:
        EngineError: There is none.
    """
    try:
        found = calendars.find(None if name == DEFAULT_CALENDAR else name) if calendars else None
    except UnknownCalendarError as problem:
        raise EngineError(str(problem)) from problem
    if found is None:
        raise EngineError(f"There is no working calendar called {name}.")
    return found


def next_due(
    fired: Due,
    zone: tzinfo,
    calendars: Calendars | None = None,
    later_than: datetime | None = None,
) -> Due | None:
    """Return when a repeating timer fires again; None if it does not.

    It is counted from when it was due, not from when it was fired, so that delays do not add up.

    Args:
        fired: When it was due.
        zone: Of months and days.
        calendars: To find its working calendar in.
        later_than: What was missed up to then is not made up for: one firing stands for all that
            were overdue. A cycle that counts still fires as often as it says.

    Raises:
        EngineError: Its working calendar is there no more, or finds no time.
    """
    if fired.repeat is None:
        return None
    text, _, name = fired.repeat.partition("@")
    found, calendar = _cycle(text), find_calendar(calendars, name) if name else None
    every = parse_duration(found["every"])
    try:
        at = every.after(fired.at, zone, calendar)
        if later_than is not None and at <= later_than:
            at = _first_after(later_than, at, every, zone, calendar)
    except ValueError as problem:
        raise EngineError(f"The timer can't be set again: {problem}") from problem
    return Due(at, _rest(found["count"], found["every"], name))


def _first_after(
    moment: datetime, at: datetime, every: Duration, zone: tzinfo, calendar: WorkingCalendar | None
) -> datetime:
    """Return the first of the times `at` and every so often after it that is after `moment`."""
    if calendar is None and not every.months:
        return at + ((moment - at) // every.rest + 1) * every.rest
    for _ in range(MISSED_AT_MOST):
        at = every.after(at, zone, calendar)
        if at > moment:
            return at
    return every.after(moment, zone, calendar)


def check_text(kind: TimerKind, text: str, *, counts_work: bool = False) -> str | None:
    """Return what is wrong with a timer's literal text; None if nothing is.

    Args:
        kind: Which of BPMN's three timers it is.
        text: As it stands in the model.
        counts_work: Whether its durations count working time.
    """
    try:
        if kind == "date":
            parse_moment(text, UTC)
            return None
        if kind == "cycle":
            _plan_cycle(text, datetime(2026, 1, 1, tzinfo=UTC), UTC)
        every = _cycle(text)["every"] if kind == "cycle" else text
        if parse_duration(every).months and counts_work:
            return NO_MONTHS
    except (ValueError, OverflowError) as problem:
        return str(problem)
    return None


def _plan_cycle(
    text: str,
    now: datetime,
    zone: tzinfo,
    calendar: tuple[str, WorkingCalendar] | None = None,
) -> Due:
    found = _cycle(text)
    name, counted = calendar or ("", None)
    after = parse_duration(found["every"]).after(now, zone, counted)
    if after <= now:
        raise ValueError(f"The cycle {text} has no interval.")
    if found["count"] == "0":
        raise ValueError(f"The cycle {text} never fires.")
    at = parse_moment(found["start"], zone) if found["start"] else after
    return Due(at, _rest(found["count"], found["every"], name))


def _cycle(text: str) -> re.Match[str]:
    found = _CYCLE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no cycle such as R3/PT10M or R/P1D.")
    return found


def _rest(count: str, every: str, calendar: str = "") -> str | None:
    """Return the cycle that is left after one firing of `count` (empty: without end)."""
    every = f"{every}@{calendar}" if calendar else every
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
