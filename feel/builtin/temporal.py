"""Functions of dates, times and durations (DMN 1.5, 10.3.4.1, 10.3.4.6 and 10.3.4.7)."""

from decimal import ROUND_DOWN, Decimal

from feel.builtin.registry import builtin
from feel.calendar import to_day_number, to_iso_week
from feel.convert import from_datetime
from feel.dates import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    Zone,
    is_valid_time,
    make_date,
    parse_date,
    parse_date_time,
    parse_time,
)
from feel.durations import (
    NANOS_PER_SECOND,
    DayTimeDuration,
    YearMonthDuration,
    parse_duration,
)
from feel.errors import NullResult
from feel.numbers import CONTEXT, to_integer
from feel.operators import midnight_utc
from feel.run import Run
from feel.zones import MAX_OFFSET_SECONDS, find_zone

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_MIDNIGHT = FeelTime(0, 0, 0)


@builtin("date", "from: string|date|date and time")
def date(source: str | FeelDate | FeelDateTime) -> FeelDate:
    """Return the date in a text, or the day of a date and time."""
    if isinstance(source, FeelDateTime):
        return source.date
    if isinstance(source, FeelDate):
        return source
    result = parse_date(source)
    if result is None:
        raise NullResult(f"{source[:40]!r} is no date")
    return result


@builtin("date", "year: number, month: number, day: number")
def date_of(year: Decimal, month: Decimal, day: Decimal) -> FeelDate:
    """Return the date of a year, month and day."""
    result = make_date(_whole(year), _whole(month), _whole(day))
    if result is None:
        raise NullResult("there is no such date")
    return result


def _whole(number: Decimal) -> int:
    integer = to_integer(number)
    if integer is None:
        raise NullResult(f"{number} is no integer of use here")
    return integer


@builtin("time", "from: string|time|date and time|date")
def time(source: str | FeelTime | FeelDateTime | FeelDate) -> FeelTime:
    """Return the time in a text, or the time of a date and time; a date is its midnight in UTC."""
    if isinstance(source, FeelTime):
        return source
    if isinstance(source, FeelDateTime):
        return source.time
    if isinstance(source, FeelDate):
        return FeelTime(0, 0, 0, 0, 0)
    result = parse_time(source)
    if result is None:
        raise NullResult(f"{source[:40]!r} is no time")
    return result


@builtin("time", "hour: number, minute: number, second: number, offset?: days and time duration?")
def time_of(
    hour: Decimal, minute: Decimal, second: Decimal, offset: DayTimeDuration | None = None
) -> FeelTime:
    """Return the time of an hour, minute and second, perhaps at an offset from UTC."""
    return _make_time(hour, minute, second, _read_offset(offset))


def _make_time(hour: Decimal, minute: Decimal, second: Decimal, zone: Zone) -> FeelTime:
    whole = second.to_integral_value(ROUND_DOWN)
    parts = _whole(hour), _whole(minute), _whole(whole)
    if not is_valid_time(*parts) or second < 0:
        raise NullResult("there is no such time")
    nanos = CONTEXT.multiply(CONTEXT.subtract(second, whole), Decimal(NANOS_PER_SECOND))
    return FeelTime(*parts, int(nanos), zone)


def _read_offset(offset: DayTimeDuration | None) -> int | None:
    if offset is None:
        return None
    seconds = abs(offset.nanos) // NANOS_PER_SECOND
    if seconds > MAX_OFFSET_SECONDS:
        raise NullResult("the offset is more than 18 hours")
    return -seconds if offset.nanos < 0 else seconds


@builtin("date and time", "from: string|date and time|date")
def date_and_time(source: str | FeelDateTime | FeelDate) -> FeelDateTime:
    """Return the date and time in a text; a date is its midnight, in UTC if it is no text."""
    if isinstance(source, FeelDateTime):
        return source
    if isinstance(source, FeelDate):
        return midnight_utc(source)
    result = parse_date_time(source)
    day = parse_date(source) if result is None else None
    if day is not None:
        return FeelDateTime(day, _MIDNIGHT)
    if result is None:
        raise NullResult(f"{source[:40]!r} is no date and time")
    return result


@builtin("date and time", "date: date|date and time, time: time")
def date_and_time_of(day: FeelDate | FeelDateTime, clock: FeelTime) -> FeelDateTime:
    """Return the date and time of a day and a time, in the zone of the time."""
    return FeelDateTime(day.date if isinstance(day, FeelDateTime) else day, clock)


@builtin("date and time", "date: date|date and time, timezone: string")
def date_and_time_in(moment: FeelDate | FeelDateTime, timezone: str) -> FeelDateTime:
    """Return a date and time with its zone replaced."""
    day, clock = (
        (moment.date, moment.time) if isinstance(moment, FeelDateTime) else (moment, _MIDNIGHT)
    )
    zoned = FeelTime(clock.hour, clock.minute, clock.second, clock.nano, _read_zone(timezone))
    return FeelDateTime(day, zoned)


_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"


@builtin("date and time", f"{_PARTS}, offset?: days and time duration?")
def date_and_time_of_parts(  # noqa: PLR0917 - they are what FEEL says
    year: Decimal,
    month: Decimal,
    day: Decimal,
    hour: Decimal,
    minute: Decimal,
    second: Decimal,
    offset: DayTimeDuration | None = None,
) -> FeelDateTime:
    """Return the date and time of all its parts, perhaps at an offset from UTC."""
    zone = _read_offset(offset)
    return FeelDateTime(date_of(year, month, day), _make_time(hour, minute, second, zone))


@builtin("date and time", f"{_PARTS}, timezone: string")
def date_and_time_of_parts_in(  # noqa: PLR0917 - likewise
    year: Decimal,
    month: Decimal,
    day: Decimal,
    hour: Decimal,
    minute: Decimal,
    second: Decimal,
    timezone: str,
) -> FeelDateTime:
    """Return the date and time of all its parts in a zone."""
    zone = _read_zone(timezone)
    return FeelDateTime(date_of(year, month, day), _make_time(hour, minute, second, zone))


def _read_zone(name: str) -> Zone:
    clock = parse_time(f"00:00:00{name}") or parse_time(f"00:00:00@{name}")
    if clock is None or clock.zone is None:
        raise NullResult(f"{name[:40]!r} is no time zone")
    return clock.zone if find_zone(str(clock.zone)) is None else str(clock.zone)


@builtin("duration", "from: string|days and time duration|years and months duration")
def duration(
    source: str | DayTimeDuration | YearMonthDuration,
) -> DayTimeDuration | YearMonthDuration:
    """Return the duration in a text."""
    if not isinstance(source, str):
        return source
    result = parse_duration(source)
    if result is None:
        raise NullResult(f"{source[:40]!r} is no duration")
    return result


@builtin("years and months duration", "from: date|date and time, to: date|date and time")
def years_and_months_between(
    start: FeelDate | FeelDateTime, end: FeelDate | FeelDateTime
) -> YearMonthDuration:
    """Return the whole months from one day to another."""
    one = start.date if isinstance(start, FeelDateTime) else start
    other = end.date if isinstance(end, FeelDateTime) else end
    months = (other.year - one.year) * 12 + other.month - one.month
    if months > 0 and other.day < one.day:
        months -= 1
    elif months < 0 and other.day > one.day:
        months += 1
    return YearMonthDuration(months)


@builtin("day of year", "date: date|date and time")
def day_of_year(moment: FeelDate | FeelDateTime) -> Decimal:
    """Return the number of a day in its year."""
    day = date(moment)
    return Decimal(day.day_number - to_day_number(day.year, 1, 1) + 1)


@builtin("day of week", "date: date|date and time")
def day_of_week(moment: FeelDate | FeelDateTime) -> str:
    """Return the English name of a day."""
    return _WEEKDAYS[date(moment).weekday - 1]


@builtin("month of year", "date: date|date and time")
def month_of_year(moment: FeelDate | FeelDateTime) -> str:
    """Return the English name of a month."""
    return _MONTHS[date(moment).month - 1]


@builtin("week of year", "date: date|date and time")
def week_of_year(moment: FeelDate | FeelDateTime) -> Decimal:
    """Return the number of an ISO 8601 week."""
    return Decimal(to_iso_week(date(moment).day_number))


@builtin("now", "", wants_run=True)
def now(run: Run) -> FeelDateTime:
    """Return the date and time that the run was given."""
    if run.now is None:
        raise NullResult("the evaluation was given no clock")
    return from_datetime(run.now)


@builtin("today", "", wants_run=True)
def today(run: Run) -> FeelDate:
    """Return the day that the run was given."""
    return now(run).date
