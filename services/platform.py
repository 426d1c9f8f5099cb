"""The program's pieces, wired together: settings, database, clock, and ``transact``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, TypeVar

from psycopg import OperationalError
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from config import Settings
from services.actors import Actor
from services.audit import record_refusal, write_entries
from services.clock import AdjustableClock, Clock, SystemClock
from services.database import create_database_engine
from services.embedded import start_embedded_server
from services.errors import Conflict, NotAllowed
from services.unit_of_work import UnitOfWork

Result = TypeVar("Result")
Part = TypeVar("Part")

_BEFORE: list[Callable[[Platform], None]] = []

_SHUT_DOWN = frozenset({"57P01", "57P02", "57P03"})
"""The server's words for being stopped, having crashed, and starting up."""


def before_transactions(function: Callable[[Platform], None]) -> Callable[[Platform], None]:
    """Have ``function`` called before each attempt of a transaction; it must be quick."""
    _BEFORE.append(function)
    return function


class Platform:
    """What every request, job and command works with; one per process."""

    def __init__(
        self, settings: Settings, engine: Engine | Callable[[], Engine], clock: Clock
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._open_engine = engine
        self._parts: dict[type[Any], Any] = {}

    @cached_property
    def engine(self) -> Engine:
        """The database, opened when it is first asked for."""
        given = self._open_engine
        return given if isinstance(given, Engine) else given()

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        return sessionmaker(self.engine, expire_on_commit=False)

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

        An operation that the actor may not do is noted in the audit, in a transaction of its own.
        ``work`` runs again from the start, at most ``attempts`` times in all, after a stale
        version, a serialization failure, a deadlock, a connection lost before the commit, or when
        something is there that must be there once: it then finds that, and can say so. So it must
        have no effect outside the database.

        Raises:
            Conflict: The last attempt failed in the same way.
        """
        for attempt in range(1, attempts + 1):
            is_committing = False
            for prepare in _BEFORE:
                prepare(self)
            try:
                with self._sessions.begin() as session:
                    uow = UnitOfWork(self, session, actor, source, address)
                    result = work(uow)
                    uow.flush_jobs()
                    write_entries(uow)
                    is_committing = True
            except NotAllowed as refusal:
                self._keep_refusal(actor, refusal, source, address)
                raise
            except (StaleDataError, DBAPIError) as error:
                # Whether a commit went through is not known when the connection is lost over it.
                was_open = was_lost(error) and not is_committing
                begin_anew = (was_open or is_double(error)) and attempt < attempts
                if not (begin_anew or may_be_retried(error)):
                    raise
            else:
                return result
        raise Conflict("Somebody else changed this at the same moment. Please try again.")

    def _keep_refusal(
        self, actor: Actor, refusal: NotAllowed, source: str, address: str | None
    ) -> None:
        if refusal.operation is None:
            return
        with self._sessions.begin() as session:
            uow = UnitOfWork(self, session, actor, source, address)
            record_refusal(uow, refusal.operation)
            write_entries(uow)

    def session(self) -> Session:
        """Open a bare session for reading outside ``transact`` (health checks, benchmarks)."""
        return self._sessions()

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Take a connection whose statements each stand for themselves, for single quick reads.

        Without a transaction around it, a read is one round trip instead of three. A session, or
        the engine's own way to autocommit, would take longer than the read itself.
        """
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.autocommit = True
            try:
                yield connection
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def part(self, kind: type[Part]) -> Part:
        """Return this platform's one instance of ``kind``, made on first use (for caches)."""
        made: Part = self._parts.setdefault(kind, self._parts.get(kind) or kind())
        return made

    def put_part(self, kind: type[Part], part: Part) -> None:
        """Use ``part`` as this platform's one instance of ``kind``, before it is first used."""
        self._parts[kind] = part

    def close(self) -> None:
        """Give all database connections back."""
        if "engine" in vars(self):
            self.engine.dispose()


def open_platform(settings: Settings) -> Platform:
    """Return the program on the database that ``settings`` name, or else the embedded one.

    It is opened, and the embedded server started, when somebody first needs it: a command that
    needs no database must not start one.
    """

    @cache
    def open_engine() -> Engine:
        url = settings.database_url or start_embedded_server(settings.instance_path)
        return create_database_engine(url)

    clock: Clock = AdjustableClock(open_engine) if settings.adjustable_clock else SystemClock()
    return Platform(settings, open_engine, clock)


def may_be_retried(error: Exception) -> bool:
    """Tell whether running the work again may succeed."""
    if isinstance(error, StaleDataError):
        return True
    cause = getattr(error, "orig", None)
    return isinstance(cause, SerializationFailure | DeadlockDetected)


def is_double(error: Exception) -> bool:
    """Tell whether something is there already, maybe since the work has looked for it."""
    return isinstance(getattr(error, "orig", None), UniqueViolation)


def was_lost(error: Exception) -> bool:
    """Tell whether the connection to the server is gone: it was restarted, or cut it off."""
    cause = getattr(error, "orig", None)
    if not isinstance(cause, OperationalError):
        return False
    state = cause.sqlstate
    return state is None or state.startswith("08") or state in _SHUT_DOWN
