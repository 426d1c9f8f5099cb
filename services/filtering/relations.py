"""What a filter can go to from a record: what its fields point to, and what points to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from services.filtering.further_fields import find_further_field
from services.records.types import (
    Field,
    RecordType,
    all_record_types,
    find_record_type,
    find_relation,
)

_OPEN_RELATIONS = frozenset({"user", "group"})
"""What is no record and yet may be looked into: everybody knows the names of colleagues."""

Link = Callable[[Any, Any], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Target:
    """What a relation field points to.

    Attributes:
        record_type: None for a person or a group.
        fields: What can be compared; those of a record type are read when they are asked for.
    """

    label: str
    model: Any
    record_type: RecordType | None
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """Return the field called ``name``, or None; a further field will do."""
        own = next((field for field in self.fields if field.name == name), None)
        if own is not None or self.record_type is None:
            return own
        return find_further_field(self.record_type, name)

    @staticmethod
    def name_of(field: Field) -> str:
        """Return how filters and expressions name what ``field`` points to."""
        return field.name.removesuffix("_id")


@dataclass(frozen=True, slots=True)
class RelatedRecords:
    """Records that point to those of another type.

    Attributes:
        name: What a filter calls them.
        link: Makes the SQL condition from (the pointing model, the filtered model).
        field: Of the pointing type, which ``link`` compares; None if it is no field.
    """

    name: str
    label: str
    record_type: RecordType
    link: Link
    field: Field | None = None


_FURTHER: dict[str, list[RelatedRecords]] = {}


def register_related_records(record_type: str, related: RelatedRecords) -> None:
    """Let filters of ``record_type`` go to records that point to it by other than a field."""
    _FURTHER.setdefault(record_type, []).append(related)


def related_field(record_type: RecordType, segment: str) -> Field | None:
    """Return the relation field that a path's segment (``account`` or ``account_id``) names."""
    for name in (f"{segment}_id", segment):
        field = record_type.field(name)
        if field is not None and field.relation is not None:
            return field
    return None


def target_of(field: Field) -> Target | None:
    """Return what ``field`` points to, or None if filters can't look into that."""
    if field.relation is None:
        return None
    relation = find_relation(field.relation)
    if relation is not None:
        if relation.name not in _OPEN_RELATIONS:
            return None
        shown = tuple(Field(name, name.capitalize()) for name in relation.fields)
        return Target(relation.name.capitalize(), relation.model, None, shown)
    found = find_record_type(field.relation)
    return None if found is None else Target(found.label, found.model, found, tuple(found.fields))


def find_related(record_type: RecordType, name: str) -> RelatedRecords | None:
    """Return the records that filters of ``record_type`` call ``name``, or None."""
    return next((one for one in related_records(record_type) if one.name == name), None)


def related_records(record_type: RecordType) -> Iterator[RelatedRecords]:
    """Yield what points to records of this type, under each of its names.

    A type that points here by one field goes by its plural, ``deals``; by several, the field
    named after the type goes by the plural. ``deal.account_id`` is always understood.
    """
    for other in all_record_types():
        pointing = [field for field in other.fields if field.relation == record_type.name]
        natural = next((f for f in pointing if f.name == f"{record_type.name}_id"), None)
        for field in pointing:
            link = _by_field(field.name)
            label = other.plural if len(pointing) == 1 else f"{other.plural} ({field.label})"
            if len(pointing) == 1 or field is natural:
                yield RelatedRecords(_plural(other), other.plural, other, link, field)
            yield RelatedRecords(f"{other.name}.{field.name}", label, other, link, field)
    yield from _FURTHER.get(record_type.name, ())


def _by_field(name: str) -> Link:
    def link(pointing: Any, pointed_to: Any) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = getattr(pointing, name) == pointed_to.id
        return condition

    return link


def _plural(record_type: RecordType) -> str:
    return record_type.plural.lower().replace(" ", "_")
