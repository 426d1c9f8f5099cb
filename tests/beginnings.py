"""What many tests begin with: made once in each process, and put back by one statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

from services.platform import Platform

Made = TypeVar("Made")

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'"
)
_SEQUENCES = (
    "SELECT sequencename, last_value FROM pg_sequences"
    " WHERE schemaname = 'public' AND last_value IS NOT NULL"
)
_FUNCTION = SQL(
    "CREATE FUNCTION kept.{} () RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
    " SET LOCAL session_replication_role = replica; {} END $$"
)


@dataclass(frozen=True)
class _Beginning:
    """The statement that puts the rows back, and what was returned by what made them."""

    restore: str
    value: object


_known: dict[tuple[str, datetime], _Beginning] = {}


def begin_with(platform: Platform, name: str, make: Callable[[], Made]) -> Made:
    """Have the rows in the database that ``make`` makes there, and return what it returns.

    It is called the first time only: making people and all that an installation needs takes a
    tenth of a second of a processor, putting them back a few milliseconds. What it returns is
    shared by all tests of a process, so that it must not be changed.
    """
    key = (name, platform.clock.now())
    if key in _known:
        with platform.engine.begin() as connection:
            connection.exec_driver_sql(_known[key].restore)
        return _known[key].value  # type: ignore[return-value]
    made = make()
    with platform.engine.begin() as connection:
        restore = _keep(connection.connection.driver_connection, f"beginning_{len(_known)}")
    _known[key] = _Beginning(restore, made)
    return made


def _keep(connection: Connection, name: str) -> str:
    """Copy all rows into tables of their own, and return the statement that puts them back."""
    steps = []
    connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
    for (table,) in connection.execute(_TABLES).fetchall():
        rows = SQL("SELECT EXISTS (SELECT FROM {})").format(Identifier(table))
        if table != "alembic_version" and connection.execute(rows).fetchone() == (True,):
            steps.append(_keep_table(connection, table, name))
    for sequence, value in connection.execute(_SEQUENCES).fetchall():
        steps.append(SQL("PERFORM setval({}, {}); ").format(Literal(sequence), Literal(value)))
    connection.execute(_FUNCTION.format(Identifier(name), SQL("").join(steps)))
    return f"SELECT kept.{name}()"


def _keep_table(connection: Connection, table: str, name: str) -> Composed:
    columns = [Identifier(column) for (column,) in connection.execute(_COLUMNS, (table,))]
    parts = {
        "table": Identifier(table),
        "copy": Identifier("kept", f"{name}_{table}"),
        "columns": SQL(", ").join(columns),
    }
    connection.execute(SQL("CREATE TABLE {copy} AS SELECT {columns} FROM {table}").format(**parts))
    return SQL(
        "DELETE FROM {table}; INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
        " SELECT {columns} FROM {copy}; "
    ).format(**parts)
