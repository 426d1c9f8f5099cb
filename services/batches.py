"""Many records made in one transaction: the operations' own code, its rows written by COPY.

The handler of the operation runs for each record as ever, but what it adds stays in the session
until the end, where all listeners see it at once and each table gets one COPY. So an imported
record has the same rows as one that somebody typed, without any second way of writing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Dialect, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapper, Session

from services import audit
from services.changes import RowChange, begin_collecting, take_changes, tell_watchers
from services.database import Base
from services.unit_of_work import UnitOfWork

BEHIND = -10
"""The priority of the jobs that a batch leaves: people's own come first."""


@contextmanager
def batch(uow: UnitOfWork, links: Iterable[tuple[str, UUID]] = ()) -> Iterator[None]:
    """Keep what the block adds in the session, and write it by COPY at the end.

    Args:
        uow: Of whoever makes the records.
        links: Relations and keys that were found to be visible in this transaction; the block
            doesn't look at them again.

    The jobs that the block leaves wait behind all others.
    """
    session = uow.session
    session.flush()
    jobs = len(uow.jobs)
    session.info["batch"] = set(links)
    try:
        with session.no_autoflush:
            yield
    finally:
        del session.info["batch"]
    copy_new(session)
    tell_watchers(uow)
    for job in uow.jobs[jobs:]:
        job.priority = min(job.priority, BEHIND)


@contextmanager
def one_entry(
    uow: UnitOfWork, operation: str, about: tuple[str, UUID], arguments: Mapping[str, Any]
) -> Iterator[list[RowChange]]:
    """Write one audit entry for all that the block changes, and give its changes afterwards."""
    mark = begin_collecting(uow.session)
    changes: list[RowChange] = []
    yield changes
    changes += take_changes(uow.session, mark)
    if changes:
        audit.record_changes(uow, operation, about, arguments, changes)


def copy_new(session: Session) -> None:
    """Write the session's new rows by COPY, the tables in the order of their references.

    The listeners of a flush are told as if it were one. The rows leave the session.
    """
    session.dispatch.before_flush(session, None, None)
    if session.dirty or session.deleted:
        session.flush()  # someone changed what is there already: all is written the usual way
        return
    groups: dict[tuple[Mapper[Any], frozenset[str]], list[Any]] = {}
    for row in session.new:
        state = inspect(row)
        given = {name for name in _left_to_server(state.mapper) if state.dict.get(name) is not None}
        groups.setdefault((state.mapper, frozenset(given)), []).append(row)
    order: dict[Any, int] = {
        table: place for place, table in enumerate(Base.metadata.sorted_tables)
    }
    for mapper, present in sorted(groups, key=lambda key: order[key[0].local_table]):
        _copy(session, mapper, present, groups[mapper, present])
    # One by one it takes as long as writing them; what else there is comes back at once.
    others = list(session.identity_map.values())
    session.expunge_all()
    session.add_all(others)


@cache
def _left_to_server(mapper: Mapper[Any]) -> frozenset[str]:
    """Return the attributes whose value the server gives where none is set."""
    found: set[str] = set()
    for attribute in mapper.column_attrs:
        column: Any = attribute.columns[0]
        if column.server_default is not None and column.default is None:
            found.add(attribute.key)
    return frozenset(found)


def _copy(session: Session, mapper: Mapper[Any], present: frozenset[str], rows: list[Any]) -> None:
    """Write rows of one table in which the same server's defaults are replaced."""
    connection = session.connection()
    dialect = connection.dialect
    left = _left_to_server(mapper) - present
    columns = [
        _Column.of(mapper, one, dialect) for one in mapper.column_attrs if one.key not in left
    ]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(str(mapper.local_table.name)),  # type: ignore[attr-defined]
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
    )
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = row.__dict__
                copy.write_row([column.value_of(values) for column in columns])
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement.as_string(driver),
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            dialect=dialect,
        ) from error


@dataclass(frozen=True, slots=True)
class _Column:
    """How one attribute's value comes into its column, as SQLAlchemy's INSERT would bring it."""

    key: str
    name: str
    default: Callable[[], Any]
    process: Callable[[Any], Any] | None
    keeps_none: bool

    @classmethod
    def of(cls, mapper: Mapper[Any], attribute: Any, dialect: Dialect) -> _Column:
        """Return the column of a mapped attribute."""
        column = attribute.columns[0]
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        return cls(
            attribute.key,
            column.name,
            _default(mapper, column),
            process,
            process is not None and bool(column.type.should_evaluate_none),
        )

    def value_of(self, values: Mapping[str, Any]) -> Any:
        """Return what COPY is given for the row with these attributes."""
        value = values.get(self.key)
        if value is None and not (self.keeps_none and self.key in values):
            value = self.default()
            if value is None:
                return None
        return value if self.process is None else self.process(value)


def _default(mapper: Mapper[Any], column: Any) -> Callable[[], Any]:
    """Return what gives the value of a column that was not set."""
    if column is mapper.version_id_col:
        return lambda: 1
    if column.default is None:
        return lambda: None
    if column.default.is_callable:
        return lambda: column.default.arg(None)
    return lambda: column.default.arg
