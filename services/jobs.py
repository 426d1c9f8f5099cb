"""Work after the commit: handlers by name, and effects that happen once.

A transaction leaves a job with ``uow.defer``; the worker calls the handler at least once. A
handler opens its own transactions on the platform it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.unit_of_work import UnitOfWork

Handler = Callable[..., None]


class RetryLater(Exception):  # noqa: N818 - a request to the worker, not a failure
    """The handler wants to be called again with the same arguments.

    Attributes:
        delay_seconds: How long the worker waits at least.
    """

    def __init__(self, delay_seconds: float) -> None:
        super().__init__(f"again in {delay_seconds} seconds")
        self.delay_seconds = delay_seconds


@dataclass(frozen=True, slots=True)
class JobHandler:
    """A named piece of work: ``handle(platform, **args)``."""

    name: str
    handle: Handler


class JobEffect(Base):
    """An effect that has been had; the row's presence makes its repetition a no-op."""

    __tablename__ = "job_effects"
    __table_args__ = (Index(None, "at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


_HANDLERS: dict[str, JobHandler] = {}


def job(name: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of jobs called ``name``.

    Any exception but ``RetryLater`` is retried by the worker with back-off.
    """

    def register(handle: Handler) -> Handler:
        if name in _HANDLERS:
            raise ValueError(f"two jobs are called {name}")
        _HANDLERS[name] = JobHandler(name, handle)
        return handle

    return register


def all_jobs() -> Iterator[JobHandler]:
    """Yield every handler, by name."""
    yield from (_HANDLERS[name] for name in sorted(_HANDLERS))


def once(uow: UnitOfWork, key: str) -> bool:
    """Claim the effect ``key`` in this transaction.

    Returns:
        Whether it is still to be had. A second transaction with the same key waits for the
        first to end, then gets False, or True if the first was rolled back.
    """
    statement = insert(JobEffect).values(key=key, at=uow.now).on_conflict_do_nothing()
    result: Any = uow.session.execute(statement.returning(JobEffect.key))
    return result.first() is not None
