"""What comes again, and the calendar; the agenda is in ``app.agenda``."""

from __future__ import annotations

from flask import Flask

from app.activities import series


def register(app: Flask) -> None:
    """Add their pages and forms."""
    series.register(app)
