"""Time zones: an offset in seconds east of UTC, or the name of a zone of the IANA database.

A zone is an `int`, a `str` or, for local times, None.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feel.calendar import from_day_number

MAX_OFFSET_SECONDS = 18 * 3600
_DAY_SECONDS = 86_400
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database, or None if there is none of that name."""
    if len(name) > 100 or not _NAME.fullmatch(name):  # noqa: PLR2004 - longer than any zone's
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_at(zone: int | str, local_seconds: int) -> int | None:
    """Return the offset of a zone at a local time.

    Where clocks go back, the first of the two moments counts.

    Args:
        zone: An offset or the name of a zone.
        local_seconds: Seconds of the local clock from 1970-01-01T00:00:00.

    Returns:
        Seconds east of UTC, or None for an unknown zone.
    """
    if isinstance(zone, int):
        return zone
    found = find_zone(zone)
    if found is None:
        return None
    return _whole_seconds(_as_datetime(local_seconds).replace(tzinfo=found).utcoffset())


def local_at(zone: int | str, utc_seconds: int) -> int | None:
    """Return what the clocks of a zone show, as seconds from 1970, at a moment in UTC."""
    if isinstance(zone, int):
        return utc_seconds + zone
    found = find_zone(zone)
    if found is None:
        return None
    moment = _as_datetime(utc_seconds).replace(tzinfo=UTC)
    return utc_seconds + _whole_seconds(moment.astimezone(found).utcoffset())


def first_moment(zone: str, local_seconds: int) -> int:
    """Return the moment at which the clocks of a known zone first show a time, or pass it.

    Args:
        zone: The name of a zone.
        local_seconds: As for `offset_at`.

    Returns:
        Seconds in UTC from 1970; for a time that the clocks skip, those at which they skip it.
    """
    moment = local_seconds - (offset_at(zone, local_seconds) or 0)
    if local_at(zone, moment) == local_seconds:
        return moment
    # The clocks skip it within the day before: find the second at which they do.
    low, high = moment - _DAY_SECONDS, moment
    while high - low > 1:
        middle = (low + high) // 2
        if (local_at(zone, middle) or 0) < local_seconds:
            low = middle
        else:
            high = middle
    return high


def fixed_offset(zone: int | str | None) -> int | None:
    """Return the offset of a zone that never changes; None for any other."""
    if zone is None or isinstance(zone, int):
        return zone
    winter, summer = offset_at(zone, 946_684_800), offset_at(zone, 962_409_600)
    return winter if winter == summer else None


def format_zone(zone: int | str | None) -> str:
    """Return a zone as it stands at the end of an ISO 8601 text."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return f"@{zone}"
    if zone == 0:
        return "Z"
    sign = "-" if zone < 0 else "+"
    minutes, seconds = divmod(abs(zone), 60)
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _as_datetime(seconds: int) -> datetime:
    """Build a datetime; a year that Python lacks by its like in the 400-year cycle."""
    days, rest = divmod(seconds, _DAY_SECONDS)
    year, month, day = from_day_number(days)
    # A day's margin at both ends, since a conversion between zones may cross New Year.
    known = year if 1 < year < 9999 else 2000 + year % 400  # noqa: PLR2004
    return datetime(known, month, day) + timedelta(seconds=rest)  # noqa: DTZ001 - a local time


def _whole_seconds(offset: timedelta | None) -> int:
    return int(offset.total_seconds()) if offset is not None else 0
