"""Lengths of working time between how people write them and seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError

from feel import DayTimeDuration, evaluate, to_timedelta
from services.arguments import Line

MAX_SECONDS = 10_000 * 3600
_HOUR, _MINUTE = 3600, 60
_WORDS = re.compile(
    r"(?:(?P<hours>\d{1,5})\s*h(?:ours?|rs?)?)?\s*(?:(?P<minutes>\d{1,6})\s*m(?:in(?:utes?)?)?)?",
    re.IGNORECASE,
)


def parse_span(text: str) -> int:
    """Return the seconds of ``4h``, ``1 h 30 min`` or ``PT90M``.

    Raises:
        ValueError: With a sentence for whoever wrote it.
    """
    seconds = _iso_seconds(text) if text.upper().startswith("P") else _worded_seconds(text)
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError("This must be more than nothing and at most 10,000 hours.")
    return seconds


def format_span(seconds: int) -> str:
    """Return seconds as hours and minutes, such as ``1 h 30 min``."""
    hours, rest = divmod(abs(seconds), _HOUR)
    minutes = rest // _MINUTE
    parts = [f"{hours:,} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
    return ("-" if seconds < 0 else "") + " ".join(filter(None, parts))


class WorkSpan(Line):
    """Working time in hours and minutes; loaded as whole seconds."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        shown = f"PT{value.total_seconds():.0f}S" if isinstance(value, timedelta) else value
        text = super()._deserialize(shown, attr, data, **kwargs)
        if text is None:
            return None
        try:
            return parse_span(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


def _iso_seconds(text: str) -> int:
    found = evaluate("duration(text)", {"text": text.upper()})
    if not isinstance(found, DayTimeDuration):
        raise ValueError("This is no length of time; months have no fixed one.")  # noqa: TRY004 - the text is wrong
    return int(to_timedelta(found).total_seconds())


def _worded_seconds(text: str) -> int:
    found = _WORDS.fullmatch(text.strip())
    if found is None or not (found["hours"] or found["minutes"]):
        raise ValueError("Write hours and minutes of working time, such as 4h or 1h 30m.")
    return int(found["hours"] or 0) * _HOUR + int(found["minutes"] or 0) * _MINUTE
