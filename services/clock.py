"""The clock seam: the only place where the program learns the time.

``AdjustableClock`` lets demos and tests move time for every process at once, because its
offset lives in the database; production uses ``SystemClock``.
"""

from __future__ import annotations

from collections.abc import Callable
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

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """Take a function that opens the database, which is not needed before the time is."""
        self._open = engine

    def now(self) -> datetime:
        """Return the moved present as an aware UTC time; reads the offset each time."""
        with self._open().connect() as connection:
            seconds = connection.scalar(text("SELECT offset_seconds FROM clock_offsets"))
        return datetime.now(UTC) + timedelta(seconds=float(seconds or 0))

    def advance(self, delta: timedelta) -> datetime:
        """Move the time of all processes forward by ``delta`` and return the new present."""
        statement = text(
            "INSERT INTO clock_offsets (id, offset_seconds) VALUES (1, :seconds) "
            "ON CONFLICT (id) DO UPDATE "
            "SET offset_seconds = clock_offsets.offset_seconds + EXCLUDED.offset_seconds"
        )
        with self._open().begin() as connection:
            connection.execute(statement, {"seconds": delta.total_seconds()})
        return self.now()


class VirtualClock:
    """A clock that stands still until it is moved; for playing diagrams and for tests."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the moment that it was last moved to."""
        return self.moment

    def move_to(self, moment: datetime) -> None:
        """Let it be ``moment``, aware UTC, now."""
        self.moment = moment
