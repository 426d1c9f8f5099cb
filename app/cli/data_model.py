"""The tables in words and pictures: ``docs/data-model.md`` is written from the models."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

import processes.models  # noqa: F401 - both imports make all tables known
import services.models  # noqa: F401
from services.database import Base

_HEADER: Final = """\
# Data model

Written by `flask db model` from the models; a test fails when it is out of date. All keys are
UUIDv7 (RFC 9562), all times are aware and in UTC. Records of customers share the columns that
`services/records/base.py` names: an owner and a team (who sees them), `version` (optimistic
locking), `deleted_at` (the bin). The diagrams leave these out, and keys to people and groups in
them; tables of other subjects stand in a diagram without columns.
"""
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_UNDRAWN: Final = frozenset(
    {
        "created_at",
        "custom",
        "deleted_at",
        "deleted_by",
        "id",
        "owner_id",
        "search_text",
        "team_id",
        "updated_at",
        "version",
    }
)


def describe_data_model() -> str:
    """Return the page: a diagram and the tables of each package that declares some."""
    subjects: dict[str, list[Table]] = {}
    for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name):
        subjects.setdefault(_subject(table), []).append(table)
    parts = [_part(name, tables) for name, tables in sorted(subjects.items())]
    return "\n".join([_HEADER, *parts])


def _classes() -> Mapping[str, type[Any]]:
    """Return the first class of each table that has one."""
    found: dict[str, type[Any]] = {}
    for mapper in Base.registry.mappers:
        if mapper.inherits is None and isinstance(mapper.local_table, Table):
            found[mapper.local_table.name] = mapper.class_
    return found


def _subject(table: Table) -> str:
    """Return the package whose module declares the table; a link table goes with what it links."""
    owner = _classes().get(table.name)
    if owner is not None:
        return owner.__module__.rpartition(".")[0]
    for module in list(sys.modules.values()):
        names = vars(module) if module.__name__.startswith(("services.", "processes.")) else {}
        if any(value is table for value in names.values()):
            return module.__name__.rpartition(".")[0]
    raise LookupError(table.name)


def _part(subject: str, tables: Iterable[Table]) -> str:
    tables = list(tables)
    package = sys.modules[subject]
    about = (inspect.getdoc(package) or "").partition("\n")[0]
    lines = [f"## {subject}", "", about, "", "```mermaid", "erDiagram"]
    for table in tables:
        lines += _entity(table)
    lines += _links(tables)
    lines += ["```", "", "| table | what a row is | columns |", "| --- | --- | --- |"]
    lines += [_row(table) for table in tables]
    return "\n".join([*lines, ""])


def _entity(table: Table) -> Iterator[str]:
    yield f"  {table.name} {{"
    for column in table.columns:
        if column.name not in _UNDRAWN:
            yield f"    {_type(column)} {column.name}{_marks(column)}"
    yield "  }"


def _type(column: Column[Any]) -> str:
    """Return the column's type as one word."""
    name = column.type.compile(_DIALECT).lower().partition("(")[0]
    words = {"timestamp with time zone": "timestamptz", "varchar": "text"}
    return words.get(name.strip(), name.strip().replace(" ", "_"))


def _marks(column: Column[Any]) -> str:
    kinds = [("PK", column.primary_key), ("FK", bool(column.foreign_keys))]
    marks = ", ".join(name for name, holds in kinds if holds)
    return f" {marks}" if marks else ""


def _links(tables: Iterable[Table]) -> Iterator[str]:
    """Yield the foreign keys: how many rows of this table point to one of the other."""
    for table in tables:
        for column in table.columns:
            if column.name in {"owner_id", "team_id"}:
                continue
            for key in sorted(column.foreign_keys, key=lambda key: key.target_fullname):
                target = key.column.table.name
                one = "|o" if column.nullable else "||"
                yield f"  {target} {one}--o{{ {table.name} : {column.name}"


def _row(table: Table) -> str:
    owner = _classes().get(table.name)
    doc = "" if owner is None else (inspect.getdoc(owner) or "").partition("\n")[0]
    columns = ", ".join(f"`{column.name}`" for column in table.columns)
    return f"| `{table.name}` | {doc} | {columns} |"
