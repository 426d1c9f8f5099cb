"""Statements that every step of every process runs, straight on the driver.

SQLAlchemy takes longer to wrap such a statement than the server to run it. Here the text is fixed,
its parameters are few, and its rows are plain tuples; errors and listeners are SQLAlchemy's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Place: TypeAlias = Session | Connection
"""Where a statement is run: in a session's transaction, or by itself (`Platform.reader`)."""


class Statement:
    """A fixed SQL text with parameters such as ``%(name)s``, which the server keeps prepared.

    What the text does must not depend on the number of rows: many travel as one JSON document.
    """

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def run(self, place: Place, **parameters: Any) -> None:
        """Run it for its effect."""
        self._execute(place, parameters)

    def rows(self, place: Place, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run it and return its rows."""
        return self._execute(place, parameters).fetchall()

    def _execute(
        self, place: Place, parameters: Mapping[str, Any]
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        connection = place if isinstance(place, Connection) else place.connection()
        cursor: Any = connection.connection.cursor()
        for tell in connection.dispatch.before_cursor_execute:
            tell(connection, cursor, self._sql, parameters, None, False)  # noqa: FBT003 - SQLAlchemy's order
        try:
            cursor.execute(self._sql, parameters)
        except psycopg.Error as error:
            raise _wrapped(connection, self._sql, error) from error
        return cursor  # type: ignore[no-any-return]


def _wrapped(connection: Connection, sql: str, error: psycopg.Error) -> BaseException:
    """Return the error as SQLAlchemy would raise it, without the parameters."""
    return DBAPIError.instance(
        sql, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
    )
