"""What is looked for: the values of a record to be, as they are stored and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from services.duplicates.comparing import Subject, subject_of
from services.duplicates.rules import Rule
from services.records.contact_points import website_domain
from services.records.folding import match_key
from services.records.schemas import argument_for
from services.records.types import Field, RecordType


@dataclass(slots=True)
class Wanted:
    """What is looked for: its values as the database keeps them, and as they are compared."""

    raw: Mapping[str, Any]
    points: Mapping[str, set[str]]
    subject: Subject


def wanted_of(
    record_type: RecordType,
    rules: Iterable[Rule],
    values: Mapping[str, Any],
    key: UUID | None = None,
    points: Mapping[str, set[str]] | None = None,
) -> Wanted:
    """Return what is looked for by these values, which are as they are stored."""
    name = values.get(getattr(record_type.model, "__match__", ""))
    name_key = match_key(str(name)) if name else ""
    own = points or {}
    return Wanted(values, own, subject_of(key, rules, values, own, name_key=name_key))


def as_stored(
    record_type: RecordType, rules: Iterable[Rule], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what rules compare of typed values; what is not whole yet is left out."""
    given = {}
    for name in dict.fromkeys(name for rule in rules for name in rule.fields):
        one = record_type.field(name)
        value = values.get(name)
        if one is not None and value is not None and value != "":
            given[name] = _read(one, value) if isinstance(value, str) else value
    return with_made(record_type, given, values)


def with_made(
    record_type: RecordType, given: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return ``given`` with what is not stored as it is given: a whole name, a website's host."""
    made = dict(given)
    if record_type.name == "account":
        made["website"] = website_domain(values.get("website"))
    if record_type.name == "contact" and not made.get("name"):
        names = (values.get("first_name"), values.get("last_name"))
        made["name"] = " ".join(str(name) for name in names if name)
    return {name: value for name, value in made.items() if value is not None and value != ""}


def _read(one: Field, text: str) -> Any:
    try:
        return argument_for(one).deserialize(text)
    except ValidationError:
        return None
