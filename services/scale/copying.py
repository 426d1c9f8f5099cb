"""Putting rows into tables by COPY, with all that the program itself would write of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from services.database import to_json_text
from services.records.folding import match_key
from services.search.words import search_text


def key_at(moment: datetime, rng: Random) -> UUID:
    """Return a UUIDv7 of this moment (RFC 9562 5.7)."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(
        int=milliseconds << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62)
    )


def with_derived(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Add what a record's flush would derive from its other columns."""
    searched = [str(values[name]) for name in model.__search__ if values.get(name)]
    title = values.get(model.title_field) or ""
    values["search_text"] = search_text(model.record_type, title, searched)
    if hasattr(model, "__match__"):
        values["match_key"] = match_key(values[model.__match__] or "")
    return values


def copy_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows``, which all have the same columns; the others get their usual defaults."""
    if not rows:
        return
    given = tuple(rows[0])
    defaults = {name: value for name, value in plain_defaults(table) if name not in given}
    json_columns = [name for name in given if isinstance(table.c[name].type, JSONB)]
    connection: Any = session.connection().connection.driver_connection
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, (*given, *defaults)))
    )
    tail = tuple(defaults.values())
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in _ready(rows, json_columns):
            copy.write_row((*(row[name] for name in given), *tail))


@cache
def plain_defaults(table: Table) -> tuple[tuple[str, Any], ...]:
    """Return the columns that the program fills with a value that is the same for all rows."""
    return tuple(
        (column.name, _plain(column))
        for column in table.columns
        if column.default is not None and column.server_default is None and not column.primary_key
    )


def _plain(column: Column[Any]) -> Any:
    default: Any = column.default
    value = default.arg(None) if default.is_callable else default.arg
    return to_json_text(value) if isinstance(column.type, JSONB) else value


def _ready(
    rows: Iterable[Mapping[str, Any]], json_columns: Sequence[str]
) -> Iterable[Mapping[str, Any]]:
    if not json_columns:
        return rows
    return ({**row, **{name: to_json_text(row[name]) for name in json_columns}} for row in rows)
