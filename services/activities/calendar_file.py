"""An activity as a calendar file (RFC 5545), to be put into anybody's calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.activities.model import Activity, ActivityStatus
from services.errors import NotAllowed

TIMES = frozenset({"starts_at", "ends_at", "due_at", "all_day"})
"""The fields that say when an activity is."""

_LINE_BYTES = 75


@dataclass(frozen=True, slots=True)
class Sending:
    """Who makes a calendar file, when and from where.

    Attributes:
        now: When it is made.
        zone: In which whole days are days.
        host: Makes identifiers unique in the world: the same activity is the same event.
        hidden: Fields that are left out: place, description, state and reminder.
    """

    now: datetime
    zone: ZoneInfo
    host: str
    hidden: Collection[str] = ()


def calendar_file(activity: Activity, sending: Sending) -> str:
    """Return the event; what has no time of its own lasts a quarter of an hour until it is due.

    Raises:
        NotAllowed: One of its times is hidden, without which there is no event.
    """
    check_shown(sending)
    return written(event_lines(activity, f"{activity.id}@{sending.host}", sending))


def check_shown(sending: Sending) -> None:
    """Refuse a file without times.

    Raises:
        NotAllowed: One of them is hidden.
    """
    if TIMES & set(sending.hidden):
        raise NotAllowed("Your roles don't show you when this is.")


def written(lines: Iterable[str], zones: Iterable[str] = ()) -> str:
    """Return a whole file of events, and of the zones that they stand in."""
    whole = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Lanewise//Activities//EN",
        "METHOD:PUBLISH",
        *zones,
        *lines,
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + "\r\n" for line in whole)


def event_lines(
    activity: Activity,
    uid: str,
    sending: Sending,
    rule: Sequence[str] = (),
    sequence: int | None = None,
) -> list[str]:
    """Return one event.

    Args:
        activity: What it is.
        uid: Its identifier.
        sending: Who sends it.
        rule: The lines of its times, if it comes again or is one of what does.
        sequence: Greater each time; the version of the activity if it is None.
    """
    hidden = sending.hidden
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{activity.version if sequence is None else sequence}",
        f"DTSTAMP:{in_utc(sending.now)}",
        *(rule or _times(activity, sending.zone)),
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
    return [*lines, "END:VEVENT"]


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
    found = [f"DTSTART:{in_utc(start)}"]
    return found if end is None else [*found, f"DTEND:{in_utc(end)}"]


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


def in_utc(moment: datetime) -> str:
    """Return a moment as RFC 5545 writes it in UTC."""
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
