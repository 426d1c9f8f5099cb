"""The clock seam: the only place where the program learns the time.

``AdjustableClock`` lets demos and tests move time for every process at once, because its
offset lives in the database; production uses ``SystemClock``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.engine import Engine


class Clock(Protocol):
    """Gives the present moment."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        return datetime.now(UTC)


class AdjustableClock:
    """The machine's clock plus an offset that is kept in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        """Return the moved present as an aware UTC time; reads the offset each time."""
        with self._engine.connect() as connection:
            seconds = connection.scalar(text("SELECT offset_seconds FROM clock_offsets"))
        return datetime.now(UTC) + timedelta(seconds=float(seconds or 0))

    def advance(self, delta: timedelta) -> datetime:
        """Move the time of all processes forward by ``delta`` and return the new present."""
        statement = text(
            "INSERT INTO clock_offsets (id, offset_seconds) VALUES (1, :seconds) "
            "ON CONFLICT (id) DO UPDATE "
            "SET offset_seconds = clock_offsets.offset_seconds + EXCLUDED.offset_seconds"
        )
        with self._engine.begin() as connection:
            connection.execute(statement, {"seconds": delta.total_seconds()})
        return self.now()
