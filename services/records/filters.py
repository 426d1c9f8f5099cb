"""Conditions of lists: ``stage``, ``amount__gte``, ``name__contains`` and the like, into SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import ColumnElement, and_, or_, true

from services.errors import Invalid
from services.records.folding import fold
from services.records.schemas import argument_for
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

MAX_FILTERS = 20
MAX_VALUES = 100
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(value),
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
}


def conditions(
    uow: UnitOfWork, record_type: RecordType, filters: Mapping[str, str]
) -> list[ColumnElement[bool]]:
    """Return the SQL of ``filters``: field names, with ``__`` and a comparison or without.

    ``eq`` (the default), ``ne``, ``in`` (values with commas), ``empty`` (true or false) go with
    every field, ``gt gte lt lte`` with numbers and times, ``contains`` and ``starts`` with
    texts. The value ``me`` of a person's field is the actor.

    Raises:
        Invalid: There is no such field or comparison, or the value doesn't fit.
    """
    if len(filters) > MAX_FILTERS:
        raise Invalid(f"Use at most {MAX_FILTERS} filters.")
    return [_condition(uow, record_type, name, value) for name, value in filters.items()]


def search_condition(record_type: RecordType, text: str) -> ColumnElement[bool]:
    """Return the SQL that finds every word of ``text``, and phone numbers however written."""
    column = record_type.model.search_text
    words = fold(_storable(text[:200])).split()[:10]
    matches = and_(true(), *(column.contains(word, autoescape=True) for word in words))
    digits = "".join(c for c in text[:200] if c.isdigit())
    if len(digits) >= 4 and not any(c.isalpha() for c in text):  # noqa: PLR2004
        return or_(matches, column.contains(digits, autoescape=True))
    return matches


def _condition(
    uow: UnitOfWork, record_type: RecordType, name: str, value: str
) -> ColumnElement[bool]:
    field_name, _, comparison = name.partition("__")
    field = record_type.field(field_name)
    if field is None:
        raise _refused(name, f"There is no field {field_name} to filter by.")
    column = getattr(record_type.model, field.name)
    comparison = comparison or "eq"
    if comparison == "empty":
        return _empty(name, column, value)
    if comparison == "in":
        values = [_value(uow, name, field, part) for part in value.split(",")[:MAX_VALUES]]
        found: ColumnElement[bool] = column.in_(values)
        return found
    if comparison in {"contains", "starts"} and field.traits.is_textual:
        return _like(column, comparison, value)
    ordered = comparison in {"eq", "ne"} or field.traits.is_ordered
    if comparison not in _COMPARISONS or not ordered:
        raise _refused(name, f"{field.label} can't be compared like this.")
    compared: ColumnElement[bool] = _COMPARISONS[comparison](
        column, _value(uow, name, field, value)
    )
    return compared


def _empty(name: str, column: Any, value: str) -> ColumnElement[bool]:
    if value not in {"true", "false"}:
        raise _refused(name, "Use true or false.")
    found: ColumnElement[bool] = column.is_(None) if value == "true" else column.is_not(None)
    return found


def _like(column: Any, comparison: str, value: str) -> ColumnElement[bool]:
    text = _storable(value)
    if comparison == "starts":
        found: ColumnElement[bool] = column.istartswith(text, autoescape=True)
    else:
        found = column.icontains(text, autoescape=True)
    return found


def _storable(text: str) -> str:
    """Return ``text`` with ``?`` for what PostgreSQL has no text for."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode()


def _value(uow: UnitOfWork, name: str, field: Field, text: str) -> Any:
    if field.relation == "user" and text == "me":
        return uow.actor.user_id
    try:
        return argument_for(field, required=True).deserialize(text)
    except ValidationError as error:
        raise _refused(name, f"{field.label}: {error.messages[0]}") from error


def _refused(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})
