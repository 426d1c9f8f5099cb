"""An activity as a calendar file (RFC 5545), to be put into anybody's calendar."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.activities.model import Activity, ActivityStatus
from services.errors import NotAllowed

TIMES = frozenset({"starts_at", "ends_at", "due_at", "all_day"})
"""The fields that say when an activity is."""

_LINE_BYTES = 75


def calendar_file(
    activity: Activity,
    *,
    now: datetime,
    zone: ZoneInfo,
    host: str,
    hidden: Collection[str] = (),
) -> str:
    """Return the event; what has no time of its own lasts a quarter of an hour until it is due.

    ``host`` makes the identifier unique in the world: the same activity is the same event. The
    ``hidden`` ones of its fields are left out: place, description, state and reminder.

    Raises:
        NotAllowed: One of its times is hidden, without which there is no event.
    """
    if TIMES & set(hidden):
        raise NotAllowed("Your roles don't show you when this is.")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Lanewise//Activities//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{activity.id}@{host}",
        f"SEQUENCE:{activity.version}",
        f"DTSTAMP:{_utc(now)}",
        *_times(activity, zone),
        f"SUMMARY:{_escaped(activity.subject)}",
    ]
    if activity.location and "location" not in hidden:
        lines.append(f"LOCATION:{_escaped(activity.location)}")
    if activity.description and "description" not in hidden:
        lines.append(f"DESCRIPTION:{_escaped(activity.description)}")
    if "status" not in hidden:
        cancelled = activity.status == ActivityStatus.CANCELLED
        lines.append(f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}")
    if "reminder_minutes" not in hidden:
        lines += _alarm(activity)
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return "".join(_folded(line) + "\r\n" for line in lines)


def _times(activity: Activity, zone: ZoneInfo) -> list[str]:
    start, end = activity.starts_at, activity.ends_at
    if start is None:
        end = activity.due_at or activity.created_at
        start = end - timedelta(minutes=15)
    if activity.all_day and end is not None:
        days = (moment.astimezone(zone).strftime("%Y%m%d") for moment in (start, end))
        return [
            f"{name};VALUE=DATE:{day}" for name, day in zip(("DTSTART", "DTEND"), days, strict=True)
        ]
    found = [f"DTSTART:{_utc(start)}"]
    return found if end is None else [*found, f"DTEND:{_utc(end)}"]


def _alarm(activity: Activity) -> list[str]:
    if activity.reminder_minutes is None:
        return []
    return [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escaped(activity.subject)}",
        f"TRIGGER:-PT{activity.reminder_minutes}M",
        "END:VALARM",
    ]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Escape what has a meaning in texts (RFC 5545 3.3.11)."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """Break a long line between characters, 75 bytes at most (RFC 5545 3.1)."""
    pieces, piece = [], ""
    for sign in line:
        if len((piece + sign).encode()) > _LINE_BYTES:
            pieces.append(piece)
            piece = " "
        piece += sign
    return "\r\n".join([*pieces, piece])
