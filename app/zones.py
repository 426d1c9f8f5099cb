"""The time zone in which a reader sees times and types them: the browser's own."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from flask import request

from app.context import settings

ZONE_FIELD: Final = "_zone"
"""The hidden control by which a form says in which zone its times stand."""
_COOKIE: Final = "zone"


def reader_zone() -> ZoneInfo:
    """Return the zone of the form that was sent, else the browser's, else the installation's.

    The form's comes first: a browser that has moved since shows times that were never typed.
    """
    for name in (request.form.get(ZONE_FIELD), request.cookies.get(_COOKIE)):
        if name in _zones():
            return ZoneInfo(name)
    return settings().timezone


def zone_note() -> str:
    """Say in which zone a control's time stands, where that may not be the reader's own."""
    return "" if request.cookies.get(_COOKIE) in _zones() else f"Time in {reader_zone().key}"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
