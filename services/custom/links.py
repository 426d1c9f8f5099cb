"""Links that stand in added fields, when the record that they point to is merged into another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from services.custom.model import CustomField, CustomRecord
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork


def move_links(
    uow: UnitOfWork,
    record_type: str,
    ends: tuple[UUID, UUID],
    only: Mapping[str, list[str]] | None = None,
) -> dict[str, list[str]]:
    """Let added fields point to the second of ``ends`` instead of the first.

    ``only`` are the links that may move: type and field → keys of the records; None: all.

    Returns:
        The links that moved, in the same form.
    """
    moved: dict[str, list[str]] = {}
    for row in _fields_to(uow, record_type):
        name = f"{row.record_type}.c_{row.key}"
        if only is not None and name not in only:
            continue
        found = find_record_type(row.record_type)
        table: Any = (CustomRecord if found is None else found.model).__table__
        statement = update(table).where(table.c.custom[row.key].astext == str(ends[0]))
        if "type" in table.c and table is CustomRecord.__table__:
            statement = statement.where(table.c.type == row.record_type)
        if only is not None:
            statement = statement.where(table.c.id.in_([UUID(key) for key in only[name]]))
        path = cast([row.key], ARRAY(String))
        value = func.to_jsonb(cast(str(ends[1]), String))
        # With its version, so that who is just writing the record does not put the former back.
        changed = statement.values(
            custom=func.jsonb_set(table.c.custom, path, value), version=table.c.version + 1
        )
        keys = uow.session.execute(changed.returning(table.c.id)).scalars().all()
        if keys:
            moved[name] = [str(key) for key in keys]
    if moved:
        uow.session.expire_all()
    return moved


def _fields_to(uow: UnitOfWork, record_type: str) -> Iterator[CustomField]:
    """Yield the fields that point to records of a type, retired ones too."""
    statement = select(CustomField).where(CustomField.kind == "relation")
    for row in uow.session.scalars(statement).all():
        if row.options.get("relation") == record_type:
            yield row
