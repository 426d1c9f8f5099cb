"""The program's pieces, wired together: settings, database, clock, and ``transact``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from config import Settings
from services.actors import Actor
from services.clock import AdjustableClock, Clock, SystemClock
from services.database import create_database_engine
from services.embedded import start_embedded_server
from services.errors import Conflict
from services.unit_of_work import UnitOfWork

Result = TypeVar("Result")
Part = TypeVar("Part")


class Platform:
    """What every request, job and command works with; one per process."""

    def __init__(self, settings: Settings, engine: Engine, clock: Clock) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._parts: dict[type[Any], Any] = {}

    def transact(
        self,
        actor: Actor,
        work: Callable[[UnitOfWork], Result],
        *,
        source: str = "page",
        address: str | None = None,
        attempts: int = 3,
    ) -> Result:
        """Run ``work`` in one transaction and commit it; nothing else commits.

        ``work`` runs again from the start, at most ``attempts`` times in all, after a stale
        version, a serialization failure or a deadlock, so it must have no effect outside the
        database.

        Raises:
            Conflict: The last attempt failed in the same way.
        """
        for _ in range(attempts):
            try:
                with self._sessions.begin() as session:
                    uow = UnitOfWork(self, session, actor, source, address)
                    result = work(uow)
                    uow.flush_jobs()
            except (StaleDataError, DBAPIError) as error:
                if not may_be_retried(error):
                    raise
            else:
                return result
        raise Conflict("Somebody else changed this at the same moment. Please try again.")

    def session(self) -> Session:
        """Open a bare session for reading outside ``transact`` (health checks, benchmarks)."""
        return self._sessions()

    def part(self, kind: type[Part]) -> Part:
        """Return this platform's one instance of ``kind``, made on first use (for caches)."""
        made: Part = self._parts.setdefault(kind, self._parts.get(kind) or kind())
        return made

    def close(self) -> None:
        """Give all database connections back."""
        self.engine.dispose()


def open_platform(settings: Settings) -> Platform:
    """Open the database that ``settings`` name, starting the embedded server if they name none."""
    url = settings.database_url or start_embedded_server(settings.instance_path)
    engine = create_database_engine(url)
    clock: Clock = AdjustableClock(engine) if settings.adjustable_clock else SystemClock()
    return Platform(settings, engine, clock)


def may_be_retried(error: Exception) -> bool:
    """Tell whether running the work again may succeed."""
    if isinstance(error, StaleDataError):
        return True
    cause = getattr(error, "orig", None)
    return isinstance(cause, SerializationFailure | DeadlockDetected)
