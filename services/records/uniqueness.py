"""Values of which there may be one only among the records of a type that are not in the bin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from services.errors import Invalid
from services.records.types import Field, get_record_type
from services.unit_of_work import UnitOfWork


def check_unique(uow: UnitOfWork, record: Any, fields: Iterable[Field]) -> None:
    """Refuse values of ``record`` that another one has, for those of ``fields`` that ask for it.

    Who else wants the same value at this moment waits until this transaction is over. Texts are
    the same whatever their case. Records that the actor may not see count, unnamed.

    Raises:
        Invalid: With the fields.
    """
    taken = {}
    for field in fields:
        value = getattr(record, field.name) if field.rules.is_unique else None
        if value is not None and _is_taken(uow, record, field, value):
            label = get_record_type(record.record_type).label.lower()
            taken[field.name] = [f"Another {label} has this {field.label.lower()} already."]
    if taken:
        raise Invalid("Please check the marked fields.", taken)


def _is_taken(uow: UnitOfWork, record: Any, field: Field, value: Any) -> bool:
    text = str(value).lower() if field.traits.is_textual else str(value)
    place = f"unique:{record.record_type}:{field.name}:{text}"
    model = get_record_type(record.record_type).model
    column = getattr(model, field.name)
    same = func.lower(column) == func.lower(value) if field.traits.is_textual else column == value
    with uow.session.no_autoflush:
        uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(place, 0))))
        statement = select(model.id).where(same, model.deleted_at.is_(None))
        if record.id is not None:
            statement = statement.where(model.id != record.id)
        return uow.session.scalar(statement.limit(1)) is not None
