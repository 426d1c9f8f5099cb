"""Letting what belongs to one record belong to another, and back again.

Of what a record may have only once (a tag, an address, a place in a segment), the record that is
kept keeps its own, and that of the other one stays with it in the bin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    TextClause,
    UniqueConstraint,
    and_,
    exists,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from services.errors import Conflict
from services.records.pointers import Pointer, pointers_to
from services.unit_of_work import UnitOfWork

Ends: TypeAlias = tuple[UUID, UUID]
"""From which record to which."""

Moved: TypeAlias = dict[str, list[Any]]
"""``table.column`` → keys of the rows that moved; a list where a key has several columns."""

# What may be there once without the database's saying so.
_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "deal_contacts": ("deal_id", "contact_id"),
    "deal_team": ("deal_id", "user_id"),
    "record_shares": ("record_id", "holder_id"),
}
# Rows that only make sense together: they move if the other record has none.
_TOGETHER: Final = frozenset({"deal_positions"})
# Of what is underway, neither can be left behind: one has to be ended first.
_UNDERWAY: Final[Mapping[str, str]] = {"process_instances": "process_key"}


def check_underway(uow: UnitOfWork, record_type: str, ends: Ends) -> None:
    """Refuse to move where both have the same underway of which there may be one only.

    Raises:
        Conflict: With its name.
    """
    for pointer in pointers_to(record_type):
        named = _UNDERWAY.get(pointer.table.name)
        if named is None:
            continue
        statement = select(pointer.table.c[named]).where(
            _points(pointer, record_type, ends[0]), _has_twin(pointer, ends[1])
        )
        names = uow.session.scalars(statement).all()
        if names:
            shown = ", ".join(f"“{name}”" for name in sorted(set(names)))
            raise Conflict(
                f"On both of them the process {shown} is running. End one of them first.",
                code="not_mergeable",
            )


def hold_pointing(
    uow: UnitOfWork, record_type: str, key: UUID, only: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Lock what points to a record, before the record itself is locked.

    Whoever changes a contact has it locked first and its account after it, if only by the
    reference of the timeline's entry. In the other order, the two would wait for each other.
    ``only`` are the rows that will move; None: all.
    """
    for pointer in pointers_to(record_type):
        table = pointer.table
        if "version" not in table.c or (only is not None and not only.get(pointer.name)):
            continue
        first = tuple(table.primary_key.columns)
        statement = select(*first).where(_points(pointer, record_type, key)).order_by(*first)
        if only is not None:
            statement = statement.where(_is_one_of(first, only[pointer.name]))
        uow.session.execute(statement.with_for_update(of=table, key_share=True))


def move_rows(
    uow: UnitOfWork, record_type: str, ends: Ends, only: Mapping[str, Sequence[Any]] | None = None
) -> Moved:
    """Let all rows point to the second of ``ends`` instead of the first.

    ``only`` are the rows that may move; None: all.

    Returns:
        The rows that moved.

    Raises:
        Conflict: Both have something of which there may be one only.
    """
    moved: Moved = {}
    for pointer in pointers_to(record_type):
        if only is not None and not only.get(pointer.name):
            continue
        try:
            some = None if only is None else only[pointer.name]
            keys = _move(uow, pointer, record_type, ends, some)
        except IntegrityError as error:
            raise Conflict(
                "Both have something of which there may be one only. Remove one of them first.",
                code="not_mergeable",
            ) from error
        if keys:
            moved[pointer.name] = keys
    return moved


def _move(
    uow: UnitOfWork,
    pointer: Pointer,
    record_type: str,
    ends: Ends,
    only: Sequence[Any] | None,
) -> list[Any]:
    table = pointer.table
    key = tuple(table.primary_key.columns)
    condition = _points(pointer, record_type, ends[0])
    if len(key) == 1:
        # A record that points to its twin must not come to point to itself.
        condition = and_(condition, key[0] != ends[1])
    if table.name in _TOGETHER:
        condition = and_(condition, _has_none(pointer, ends[1]))
    elif table.name not in _UNDERWAY:
        condition = and_(condition, ~_has_twin(pointer, ends[1]))
    if only is not None:
        condition = and_(condition, _is_one_of(key, only))
    changes: dict[str, Any] = {pointer.column.name: ends[1]}
    if "version" in table.c:
        # So that who is just writing the row is told, and does not put the former key back.
        changes["version"] = table.c.version + 1
    statement = update(table).where(condition).values(changes).returning(*key)
    with uow.session.begin_nested():
        rows = uow.session.execute(statement).all()
    uow.session.expire_all()
    return [str(row[0]) if len(key) == 1 else [str(part) for part in row] for row in rows]


def _points(pointer: Pointer, record_type: str, key: UUID) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = pointer.column == key
    if pointer.of_type is not None:
        condition = and_(condition, pointer.of_type == record_type)
    return condition


def _is_one_of(key: tuple[Column[Any], ...], only: Sequence[Any]) -> ColumnElement[bool]:
    types = [column.type.python_type for column in key]
    if len(key) == 1:
        return key[0].in_([types[0](text) for text in only])
    rows = [tuple(make(text) for make, text in zip(types, one, strict=True)) for one in only]
    return tuple_(*key).in_(rows)


def _has_none(pointer: Pointer, owner: UUID) -> ColumnElement[bool]:
    twin = pointer.table.alias()
    return ~exists().where(twin.c[pointer.column.name] == owner)


def _has_twin(pointer: Pointer, owner: UUID) -> ColumnElement[bool]:
    """Return whether ``owner`` has the like of a row, of which there may be one only."""
    found = []
    for names, where in _unique_sets(pointer.table):
        if pointer.column.name not in names:
            continue
        twin = pointer.table.alias()
        same = [
            twin.c[name] == pointer.table.c[name] for name in names if name != pointer.column.name
        ]
        # The text of a partial index names columns alone: within, they are those of the twin.
        inner = [where] if where is not None else []
        has_one = exists().where(twin.c[pointer.column.name] == owner, *same, *inner)
        found.append(has_one if where is None else and_(where, has_one))
    return or_(*found) if found else ~true()


def _unique_sets(table: Table) -> Iterator[tuple[list[str], TextClause | None]]:
    """Yield the columns that together are there once, and the condition under which."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield _names(constraint.columns), None
    if len(table.primary_key.columns) > 1:
        yield _names(table.primary_key.columns), None
    for index in table.indexes:
        plain = [one for one in index.expressions if isinstance(one, Column)]
        if index.unique and len(plain) == len(index.expressions):
            yield _names(plain), index.dialect_options["postgresql"]["where"]
    if table.name in _ONCE:
        yield sorted(_ONCE[table.name]), None


def _names(columns: Iterable[Any]) -> list[str]:
    return sorted(str(column.name) for column in columns)
