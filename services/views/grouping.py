"""How many records of a list there are of each kind: by stage, by owner, by account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select

from services.errors import Invalid
from services.filtering import Filter, compile_filter
from services.records.time_limit import within_time
from services.records.types import Field, RecordType, get_record_type
from services.search.conditions import search_condition
from services.unit_of_work import UnitOfWork

LOOKED_AT: Final = 10_000
"""So many records are counted at most: a huge list costs no more than that."""
SHOWN: Final = 20
_KINDS: Final = frozenset({"choice", "boolean", "relation"})


@dataclass(frozen=True, slots=True)
class Groups:
    """The values of a field, the most frequent first, with how many records have each.

    Attributes:
        others: How many further values there are.
        is_capped: There are more records than were counted.
    """

    field: Field
    counts: list[tuple[Any, int]]
    others: int
    is_capped: bool


def group_fields(uow: UnitOfWork, record_type: RecordType) -> list[Field]:
    """Return the fields by which records of a type can be grouped."""
    return [
        field
        for field in uow.readable_fields(record_type)
        if field.kind in _KINDS
        and not field.is_computed
        and (field.relation or field.kind != "relation")
    ]


def count_groups(
    uow: UnitOfWork, record_type: str, name: str, where: Filter, search: str | None = None
) -> Groups:
    """Count what a list shows by the values of the field called ``name``.

    Raises:
        Invalid: It can't be grouped by this field.
        TookTooLong: What the filter asks for takes too long to find.
    """
    kind = get_record_type(record_type)
    field = next((one for one in group_fields(uow, kind) if one.name == name), None)
    if field is None:
        message = f"{kind.plural} can't be grouped by {name}."
        raise Invalid(message, {"group": [message]})
    value = getattr(kind.model, name).label("value")
    statement = uow.select(kind.model).where(compile_filter(uow, where))
    if search and search.strip():
        statement = statement.where(search_condition(uow, kind, search))
    some = statement.with_only_columns(value).limit(LOOKED_AT + 1).subquery()
    with within_time(uow, where):
        rows = uow.session.execute(_counted(some.c.value)).all()
    counts = [(found, number) for found, number in rows]
    is_capped = sum(number for _, number in counts) > LOOKED_AT
    return Groups(field, counts[:SHOWN], max(0, len(counts) - SHOWN), is_capped)


def _counted(value: Any) -> Select[Any]:
    count = func.count().label("number")
    return select(value.label("value"), count).group_by(value).order_by(count.desc(), value)
