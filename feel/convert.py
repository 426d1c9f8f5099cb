"""Between the temporal types of Python and of FEEL."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feel.dates import FeelDate, FeelDateTime, FeelTime, Zone
from feel.durations import DayTimeDuration
from feel.zones import find_zone

FeelTemporal = FeelDate | FeelTime | FeelDateTime | DayTimeDuration


def from_python_temporal(value: date | datetime | time | timedelta) -> FeelTemporal:
    """Turn a value of Python's `datetime` module into the FEEL value that means the same."""
    if isinstance(value, datetime):
        return from_datetime(value)
    if isinstance(value, date):
        return FeelDate(value.year, value.month, value.day)
    if isinstance(value, time):
        return _time(value, _zone(value.tzinfo, value.utcoffset()))
    microseconds = value // timedelta(microseconds=1)
    return DayTimeDuration(microseconds * 1000)


def from_datetime(value: datetime) -> FeelDateTime:
    """Turn Python's date and time into FEEL's; a naive one is a local time."""
    zone = _zone(value.tzinfo, value.utcoffset())
    return FeelDateTime(FeelDate(value.year, value.month, value.day), _time(value, zone))


def to_date(value: FeelDate | FeelDateTime) -> date:
    """Turn a FEEL date, or the day of a date and time, into Python's.

    Raises:
        ValueError: The year is beyond Python's calendar.
    """
    day = value.date if isinstance(value, FeelDateTime) else value
    return date(day.year, day.month, day.day)


def to_datetime(value: FeelDateTime | FeelDate) -> datetime:
    """Turn a FEEL date and time into Python's; a date becomes its midnight in UTC.

    A local time stays naive. Nanoseconds are cut to microseconds.

    Raises:
        ValueError: The year is beyond Python's calendar.
    """
    if isinstance(value, FeelDate):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    clock = value.time
    return datetime(
        value.date.year,
        value.date.month,
        value.date.day,
        clock.hour,
        clock.minute,
        clock.second,
        clock.nano // 1000,
        tzinfo=_tzinfo(clock.zone),
    )


def to_time(value: FeelTime) -> time:
    """Turn a FEEL time into Python's; nanoseconds are cut to microseconds."""
    return time(
        value.hour, value.minute, value.second, value.nano // 1000, tzinfo=_tzinfo(value.zone)
    )


def to_timedelta(value: DayTimeDuration) -> timedelta:
    """Turn a FEEL duration into Python's; nanoseconds are cut to microseconds.

    Raises:
        OverflowError: It is longer than Python's longest.
    """
    return timedelta(microseconds=value.nanos // 1000)


def _time(value: datetime | time, zone: Zone) -> FeelTime:
    return FeelTime(value.hour, value.minute, value.second, value.microsecond * 1000, zone)


def _zone(info: tzinfo | None, offset: timedelta | None) -> Zone:
    if isinstance(info, ZoneInfo) and info.key != "UTC":
        return str(info.key)
    return None if offset is None else round(offset.total_seconds())


def _tzinfo(zone: Zone) -> tzinfo | None:
    if isinstance(zone, str):
        return find_zone(zone)
    if zone is None:
        return None
    return UTC if zone == 0 else timezone(timedelta(seconds=zone))
