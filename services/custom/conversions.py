"""Changing the kind of a field that has values already: only where each of them can follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, literal, select, text, update

from services.custom.model import CustomField
from services.custom.options import KEY_KINDS
from services.errors import Invalid
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_SAME: Final = frozenset(
    {
        ("text", "long_text"),
        ("email", "text"),
        ("email", "long_text"),
        ("phone", "text"),
        ("phone", "long_text"),
        ("url", "text"),
        ("url", "long_text"),
        ("money", "decimal"),
        ("money", "text"),
        ("decimal", "text"),
        ("date", "text"),
        ("choice", "text"),
    }
)
"""What is kept alike, so that nothing has to be rewritten."""

_REWRITTEN: Final[Mapping[tuple[str, str], str]] = {
    ("number", "decimal"): "to_jsonb(custom ->> :key)",
    ("number", "text"): "to_jsonb(custom ->> :key)",
    ("choice", "multi_choice"): "jsonb_build_array(custom -> :key)",
}


def change_kind(uow: UnitOfWork, row: CustomField, kind: str) -> None:
    """Give a field another kind, with the values it has.

    Raises:
        Invalid: Values exist that can't be of the other kind.
    """
    if kind == row.kind:
        return
    if {kind, row.kind} & KEY_KINDS:
        raise _refused("A link or a file can't become another kind; add another field.")
    change = (row.kind, kind)
    model = get_record_type(row.record_type).model
    if change in _REWRITTEN:
        rewritten = text(_REWRITTEN[change]).bindparams(key=row.key)
        columns = model.__table__.c
        # With its version, so that who is just writing the record does not put the former back.
        statement = update(model.__table__).values(
            custom=func.jsonb_set(columns.custom, _path(row.key), rewritten),
            version=columns.version + 1,
        )
        uow.session.execute(statement.where(columns.custom.has_key(row.key)))
    elif change not in _SAME and has_values(uow, row):
        raise _refused("There are values that can't be of this kind; add another field.")
    row.kind = kind


def has_values(uow: UnitOfWork, row: CustomField) -> bool:
    """Tell whether any record has a value of this field, those in the bin too."""
    custom = get_record_type(row.record_type).model.__table__.c.custom
    statement = select(literal(1)).where(custom.has_key(row.key)).limit(1)
    return uow.session.scalar(statement) is not None


def is_chosen(uow: UnitOfWork, row: CustomField, value: str) -> bool:
    """Tell whether any record has this choice."""
    custom = get_record_type(row.record_type).model.__table__.c.custom
    held: Any = custom[row.key]
    condition = held.has_key(value) if row.kind == "multi_choice" else held.astext == value
    return uow.session.scalar(select(literal(1)).where(condition).limit(1)) is not None


def _path(key: str) -> Any:
    return text("ARRAY[CAST(:path AS text)]").bindparams(path=key)


def _refused(message: str) -> Invalid:
    return Invalid(message, {"kind": [message]})
