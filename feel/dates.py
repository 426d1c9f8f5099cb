"""Dates, times and dates with times (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.6).

All are immutable and hashable; `==` asks for the very same value, zone included, while FEEL's `=`
compares moments (`comparable`).
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from feel.calendar import add_months, from_day_number, is_valid_date, to_day_number, to_weekday
from feel.durations import (
    NANOS_PER_DAY,
    NANOS_PER_SECOND,
    SECONDS_PER_DAY,
    format_fraction,
    parse_fraction,
)
from feel.zones import (
    MAX_OFFSET_SECONDS,
    find_zone,
    fixed_offset,
    format_zone,
    local_at,
    offset_at,
)

Zone = int | str | None

_DATE_TEXT = r"(?P<year>-?(?:\d{4}|[1-9]\d{4,8}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME_TEXT = (
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,30}))?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d(?::\d\d)?|@[\w/+\-]+)?"
)
_DATE = re.compile(_DATE_TEXT, re.ASCII)
_TIME = re.compile(f"T?{_TIME_TEXT}", re.ASCII)
_DATE_TIME = re.compile(f"{_DATE_TEXT}T{_TIME_TEXT}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeelDate:
    """A day of the calendar."""

    year: int
    month: int
    day: int

    kind: ClassVar[str] = "date"

    @property
    def day_number(self) -> int:
        """The days from 1970-01-01."""
        return to_day_number(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return to_weekday(self.day_number)

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class FeelTime:
    """A time of day, perhaps in a zone."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    zone: Zone = None

    kind: ClassVar[str] = "time"

    @property
    def second_of_day(self) -> int:
        """The whole seconds from midnight."""
        return self.hour * 3600 + self.minute * 60 + self.second

    @property
    def nano_of_day(self) -> int:
        """The nanoseconds from midnight."""
        return self.second_of_day * NANOS_PER_SECOND + self.nano

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC; None for a local time or a zone whose offset changes."""
        return fixed_offset(self.zone)

    def __str__(self) -> str:
        clock = f"{self.hour:02}:{self.minute:02}:{self.second:02}{format_fraction(self.nano)}"
        return clock + format_zone(self.zone)


@dataclass(frozen=True, slots=True)
class FeelDateTime:
    """A day and a time of day, perhaps in a zone."""

    date: FeelDate
    time: FeelTime

    kind: ClassVar[str] = "date and time"

    @property
    def zone(self) -> Zone:
        """The zone of the time."""
        return self.time.zone

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC at this moment; None for a local time."""
        zone = self.time.zone
        return None if zone is None else offset_at(zone, self._local_seconds())

    @property
    def local_nanos(self) -> int:
        """The nanoseconds of the local clock from 1970-01-01T00:00:00."""
        return self.date.day_number * NANOS_PER_DAY + self.time.nano_of_day

    @property
    def utc_nanos(self) -> int | None:
        """The nanoseconds from 1970-01-01T00:00:00Z; None for a local time."""
        offset = self.offset
        return None if offset is None else self.local_nanos - offset * NANOS_PER_SECOND

    def _local_seconds(self) -> int:
        return self.date.day_number * SECONDS_PER_DAY + self.time.second_of_day

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


def make_date(year: int, month: int, day: int) -> FeelDate | None:
    """Make a date; None if the calendar has no such day."""
    return FeelDate(year, month, day) if is_valid_date(year, month, day) else None


def date_of_day(number: int) -> FeelDate | None:
    """Make the date so many days from 1970-01-01; None beyond the calendar."""
    return make_date(*from_day_number(number))


def time_of_nanos(nanos: int, zone: Zone) -> FeelTime:
    """Make the time so many nanoseconds after midnight, going round at midnight."""
    seconds, nano = divmod(nanos % NANOS_PER_DAY, NANOS_PER_SECOND)
    return FeelTime(seconds // 3600, seconds // 60 % 60, seconds % 60, nano, zone)


def date_time_of_local(nanos: int, zone: Zone) -> FeelDateTime | None:
    """Make the date and time that a local clock shows; None beyond the calendar."""
    days, rest = divmod(nanos, NANOS_PER_DAY)
    date = date_of_day(days)
    return None if date is None else FeelDateTime(date, time_of_nanos(rest, zone))


def date_time_of_utc(nanos: int, zone: int | str) -> FeelDateTime | None:
    """Make the date and time in a zone at a moment; None beyond the calendar."""
    seconds, nano = divmod(nanos, NANOS_PER_SECOND)
    local = local_at(zone, seconds)
    return None if local is None else date_time_of_local(local * NANOS_PER_SECOND + nano, zone)


def shift_months(date: FeelDate, months: int) -> FeelDate | None:
    """Return the date so many months later; None beyond the calendar."""
    return make_date(*add_months(date.year, date.month, date.day, months))


def is_valid_time(hour: int, minute: int, second: int) -> bool:
    """Tell whether the three make a time of day."""
    return 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60  # noqa: PLR2004


def parse_date(text: str) -> FeelDate | None:
    """Read an ISO 8601 date; None if the text is none."""
    match = _DATE.fullmatch(text)
    return make_date(int(match["year"]), int(match["month"]), int(match["day"])) if match else None


def parse_time(text: str) -> FeelTime | None:
    """Read an ISO 8601 time, with an offset, `Z` or `@zone` at its end; None if it is none."""
    match = _TIME.fullmatch(text)
    return _read_time(match) if match else None


def parse_date_time(text: str) -> FeelDateTime | None:
    """Read an ISO 8601 date and time; None if the text is none.

    24:00:00 is the beginning of the next day, as in XSD.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    date = make_date(int(match["year"]), int(match["month"]), int(match["day"]))
    time = _read_time(match)
    if date is None or time is None:
        return None
    if match["hour"] == "24":
        date = date_of_day(date.day_number + 1)
    return None if date is None else FeelDateTime(date, time)


def _read_time(match: re.Match[str]) -> FeelTime | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    nano = parse_fraction(match["fraction"])
    if (hour, minute, second, nano) == (24, 0, 0, 0):
        hour = 0
    zone = _read_zone(match["zone"])
    if not is_valid_time(hour, minute, second) or zone is False:
        return None
    return FeelTime(hour, minute, second, nano, zone)


def _read_zone(text: str | None) -> Zone | bool:
    if text is None:
        return None
    if text in {"Z", "z"}:
        return 0
    if text.startswith("@"):
        return text[1:] if find_zone(text[1:]) else False
    hours, minutes, *rest = (int(part) for part in text[1:].split(":"))
    seconds = hours * 3600 + minutes * 60 + (rest[0] if rest else 0)
    if seconds > MAX_OFFSET_SECONDS or minutes >= 60 or (rest and rest[0] >= 60):  # noqa: PLR2004
        return False
    return -seconds if text[0] == "-" else seconds
