"""Where the request finds what ``create_app`` was given: no module keeps any of it globally."""

from __future__ import annotations

from typing import Final, cast

from flask import current_app

from config import Settings
from services.clock import Clock
from services.platform import Platform

API_PREFIX: Final = "/api/v1/"
PLATFORM: Final = "lanewise.platform"
SESSION_CLOCK: Final = "lanewise.session_clock"


def platform() -> Platform:
    """Return the platform that this application serves."""
    return cast("Platform", current_app.extensions[PLATFORM])


def settings() -> Settings:
    """Return the settings of the installation."""
    return platform().settings


def session_clock() -> Clock:
    """Return the clock that sign-ins age by.

    It is the machine's, not the platform's: a demo that moves its time ahead by a week must
    not sign everybody out.
    """
    return cast("Clock", current_app.extensions[SESSION_CLOCK])
