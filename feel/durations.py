"""The two kinds of durations (DMN 1.5, 10.3.2.3.7 and 10.3.2.3.8)."""

import re
from dataclasses import dataclass
from typing import ClassVar

NANOS_PER_SECOND = 1_000_000_000
SECONDS_PER_DAY = 86_400
NANOS_PER_DAY = SECONDS_PER_DAY * NANOS_PER_SECOND
# Longer durations could move no date within the calendar.
MAX_MONTHS = 24_000_000_000
MAX_NANOS = 2_000_000_000 * 366 * NANOS_PER_DAY

_DAY_TIME = re.compile(
    r"(?P<sign>-?)P(?=[\dT])(?:(?P<days>\d{1,18})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,18})H)?(?:(?P<minutes>\d{1,18})M)?"
    r"(?:(?P<seconds>\d{1,18})(?:\.(?P<fraction>\d{0,30}))?S)?)?",
    re.ASCII,
)
_YEAR_MONTH = re.compile(
    r"(?P<sign>-?)P(?=\d)(?:(?P<years>\d{1,18})Y)?(?:(?P<months>\d{1,18})M)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class DayTimeDuration:
    """A length of time in nanoseconds, negative if it goes back."""

    nanos: int

    kind: ClassVar[str] = "days and time duration"

    @property
    def days(self) -> int:
        """The whole days, with the sign of the duration."""
        return self._part(NANOS_PER_DAY, None)

    @property
    def hours(self) -> int:
        """The whole hours beyond the days, with the sign of the duration."""
        return self._part(3600 * NANOS_PER_SECOND, 24)

    @property
    def minutes(self) -> int:
        """The whole minutes beyond the hours, with the sign of the duration."""
        return self._part(60 * NANOS_PER_SECOND, 60)

    @property
    def seconds(self) -> int:
        """The whole seconds beyond the minutes, with the sign of the duration."""
        return self._part(NANOS_PER_SECOND, 60)

    def _part(self, unit: int, wrap: int | None) -> int:
        amount = abs(self.nanos) // unit
        amount = amount % wrap if wrap else amount
        return -amount if self.nanos < 0 else amount

    def __str__(self) -> str:
        if not self.nanos:
            return "PT0S"
        days, rest = divmod(abs(self.nanos), NANOS_PER_DAY)
        seconds, nanos = divmod(rest, NANOS_PER_SECOND)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        fraction = format_fraction(nanos)
        parts = [
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{seconds}{fraction}S" if seconds or nanos else "",
        ]
        time = "".join(parts)
        sign = "-" if self.nanos < 0 else ""
        return f"{sign}P{f'{days}D' if days else ''}{'T' + time if time else ''}"


@dataclass(frozen=True, slots=True)
class YearMonthDuration:
    """A number of calendar months, negative if it goes back."""

    total: int

    kind: ClassVar[str] = "years and months duration"

    @property
    def years(self) -> int:
        """The whole years, with the sign of the duration."""
        years = abs(self.total) // 12
        return -years if self.total < 0 else years

    @property
    def months(self) -> int:
        """The months beyond the years, with the sign of the duration."""
        months = abs(self.total) % 12
        return -months if self.total < 0 else months

    def __str__(self) -> str:
        years, months = divmod(abs(self.total), 12)
        sign = "-" if self.total < 0 else ""
        if not years:
            return f"{sign}P{months}M"
        return f"{sign}P{years}Y{f'{months}M' if months else ''}"


def format_fraction(nanos: int) -> str:
    """Return the digits after the seconds, with their point, or nothing."""
    return f".{nanos:09}".rstrip("0") if nanos else ""


def parse_fraction(digits: str | None) -> int:
    """Return the nanoseconds that the digits after the point stand for; more than nine are cut."""
    return int(digits[:9].ljust(9, "0")) if digits else 0


def parse_duration(text: str) -> DayTimeDuration | YearMonthDuration | None:
    """Read an ISO 8601 duration of one of the two kinds; None if the text is none."""
    match = _YEAR_MONTH.fullmatch(text)
    if match:
        months = int(match["years"] or 0) * 12 + int(match["months"] or 0)
        return make_months(-months if match["sign"] else months)
    match = _DAY_TIME.fullmatch(text)
    if not match:
        return None
    seconds = (
        int(match["days"] or 0) * SECONDS_PER_DAY
        + int(match["hours"] or 0) * 3600
        + int(match["minutes"] or 0) * 60
        + int(match["seconds"] or 0)
    )
    nanos = seconds * NANOS_PER_SECOND + parse_fraction(match["fraction"])
    return make_nanos(-nanos if match["sign"] else nanos)


def make_months(total: int) -> YearMonthDuration | None:
    """Make a duration of months; None if no calendar is that long."""
    return YearMonthDuration(total) if abs(total) <= MAX_MONTHS else None


def make_nanos(nanos: int) -> DayTimeDuration | None:
    """Make a duration of nanoseconds; None if no calendar is that long."""
    return DayTimeDuration(nanos) if abs(nanos) <= MAX_NANOS else None
