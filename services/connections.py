"""Connections to the database that are quick to take up again.

Nothing is asked of the server when a connection is taken from the pool, and the statements that it
has prepared outlive a rollback.
"""

from __future__ import annotations

import select
from typing import Any

from psycopg._preparing import PrepareManager
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

KEPT_STATEMENTS = 500
"""How many statements a connection keeps prepared; those not used for longest go."""


def keep_ready(engine: Engine) -> None:
    """Make the engine's connections keep what they have prepared, and notice when they are lost."""
    event.listen(engine, "connect", _prepare_lastingly)
    event.listen(engine, "checkout", _refuse_closed)


class _LastingStatements(PrepareManager):
    """Keeps prepared statements over a rollback.

    psycopg forgets all of them at each, as a table that one is about may be gone then. Here no
    transaction makes tables, and one refused form must not cost hundreds of statements their
    plans.
    """

    prepared_max = KEPT_STATEMENTS

    def clear(self) -> bool:
        """Keep everything."""
        return False


def _prepare_lastingly(connection: Any, _record: object) -> None:
    connection._prepared = _LastingStatements()  # noqa: SLF001 - there is no public way


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Let the pool open another connection if the server has closed this one.

    An idle connection has nothing to be read but its end (or the reason for it), and to look for
    that takes microseconds; to ask the server costs a round trip for each transaction.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError("the server has closed the connection")
