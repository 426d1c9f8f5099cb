"""Sections of fields: a type's forms and pages in parts, each below a heading of its own.

Fields of all kinds can stand in one, shipped ones too. What stands in none stays where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.actors import Permission
from services.arguments import Key, Line
from services.custom.arguments import LABEL_LENGTH
from services.custom.fields import list_fields
from services.custom.layout import change_layout, lock_layout, on_reading
from services.custom.model import FieldSection
from services.custom.options import attribute_of
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION, AnyRecordType
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

MAX_SECTIONS: Final = 50
MAX_FIELDS: Final = 500


@dataclass(frozen=True, slots=True)
class Section:
    """A section as this process knows it; ``names`` are those of its fields."""

    id: UUID
    label: str
    names: tuple[str, ...]
    is_closed: bool


_SECTIONS: Final[dict[str, tuple[Section, ...]]] = {}


class _Label(Line):
    max_length = LABEL_LENGTH


class _SectionArguments(Arguments):
    field_names = fields.List(
        Line(),
        validate=validate.Length(max=MAX_FIELDS),
        metadata={"title": "Fields", "description": "Names of its fields, in their order."},
    )
    is_closed = fields.Boolean(
        metadata={"title": "Closed", "description": "One opens it to see its fields."}
    )


class CreateSection(_SectionArguments):
    """Which section is added to which type."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    label = _Label(required=True, metadata={"title": "Label"})


class NameSection(Arguments):
    """Which section."""

    section_id = Key(required=True, metadata={"title": "Section"})


class UpdateSection(_SectionArguments, NameSection):
    """What is changed of a section."""

    version = VERSION
    label = _Label(metadata={"title": "Label"})


class TakeField(NameSection):
    """Which field comes into which section."""

    field_name = Line(required=True, metadata={"title": "Field", "description": "Its name."})


class MoveSection(NameSection):
    """Which section goes which way."""

    direction = Line(
        required=True, validate=validate.OneOf(("up", "down")), metadata={"title": "Direction"}
    )


@operation("field_section.create", Permission.LAYOUT_WRITE, CreateSection)
def create_section(
    uow: UnitOfWork,
    *,
    record_type: str,
    label: str,
    field_names: Sequence[str] = (),
    is_closed: bool = False,
) -> dict[str, Any]:
    """Add a section to the forms and pages of a record type."""
    lock_layout(uow)
    others = list_sections(uow, record_type)
    if len(others) >= MAX_SECTIONS:
        raise Conflict(f"A record type has {MAX_SECTIONS} sections at most.")
    row = FieldSection(
        record_type=record_type,
        label=label,
        fields=_checked(uow, record_type, field_names),
        position=max((one.position for one in others), default=0) + 1,
        is_closed=is_closed,
    )
    _take_from(others, row.fields)
    uow.add(row)
    change_layout(uow)
    return present_section(row)


@operation("field_section.update", Permission.LAYOUT_WRITE, UpdateSection)
def update_section(
    uow: UnitOfWork, *, section_id: UUID, version: int | None = None, **values: Any
) -> dict[str, Any]:
    """Change a section; fields that it gets leave the section in which they were."""
    lock_layout(uow)
    row = get_section(uow, section_id)
    check_version(uow, row, version)
    if "field_names" in values:
        _set_fields(uow, row, values.pop("field_names"))
    for name, value in values.items():
        setattr(row, name, value)
    change_layout(uow)
    return present_section(row)


@operation("field_section.take", Permission.LAYOUT_WRITE, TakeField)
def take_field(uow: UnitOfWork, *, section_id: UUID, field_name: str) -> dict[str, Any]:
    """Let a field stand in a section, as the last one; it leaves the one in which it was."""
    lock_layout(uow)
    row = get_section(uow, section_id)
    _set_fields(uow, row, [*(name for name in row.fields if name != field_name), field_name])
    change_layout(uow)
    return present_section(row)


@operation("field_section.move", Permission.LAYOUT_WRITE, MoveSection)
def move_section(uow: UnitOfWork, *, section_id: UUID, direction: str) -> dict[str, Any]:
    """Let a section change places with the one above or below it."""
    lock_layout(uow)
    row = get_section(uow, section_id)
    rows = list_sections(uow, row.record_type)
    for position, one in enumerate(rows):
        one.position = position + 1
    other = rows.index(row) + (-1 if direction == "up" else 1)
    if 0 <= other < len(rows):
        row.position, rows[other].position = rows[other].position, row.position
    change_layout(uow)
    return present_section(row)


@operation("field_section.delete", Permission.LAYOUT_WRITE, NameSection)
def delete_section(uow: UnitOfWork, *, section_id: UUID) -> dict[str, Any]:
    """Delete a section; its fields stand again where those without one are."""
    lock_layout(uow)
    row = get_section(uow, section_id)
    uow.session.delete(row)
    change_layout(uow)
    return present_section(row)


def sections_of(record_type: str) -> tuple[Section, ...]:
    """Return the sections of a type, in their order, as this process knows them."""
    return _SECTIONS.get(record_type, ())


def list_sections(uow: UnitOfWork, record_type: str) -> Sequence[FieldSection]:
    """Return the rows of the sections of a type, in their order."""
    statement = select(FieldSection).where(FieldSection.record_type == record_type)
    ordered = statement.order_by(FieldSection.position, FieldSection.id)
    return uow.session.scalars(ordered).all()


def get_section(uow: UnitOfWork, section_id: UUID) -> FieldSection:
    """Return a section.

    Raises:
        NotFound: There is none with this key.
    """
    row = uow.session.get(FieldSection, section_id)
    if row is None:
        raise NotFound("There is no such section.")
    return row


def present_section(row: FieldSection) -> dict[str, Any]:
    """Return a section as the operations take it, with its key."""
    names = ("id", "version", "record_type", "label", "position", "is_closed")
    return {**{name: getattr(row, name) for name in names}, "field_names": row.fields}


@on_reading
def _read(session: Session | None) -> None:
    """Take over the sections that there are."""
    found: defaultdict[str, list[Section]] = defaultdict(list)
    order = (FieldSection.position, FieldSection.id)
    rows = [] if session is None else session.scalars(select(FieldSection).order_by(*order)).all()
    for row in rows:
        section = Section(row.id, row.label, tuple(row.fields), row.is_closed)
        found[row.record_type].append(section)
    _SECTIONS.clear()
    _SECTIONS.update({name: tuple(sections) for name, sections in found.items()})


def _set_fields(uow: UnitOfWork, row: FieldSection, names: Sequence[str]) -> None:
    row.fields = _checked(uow, row.record_type, names, kept=row.fields)
    _take_from([one for one in list_sections(uow, row.record_type) if one.id != row.id], names)


def _checked(
    uow: UnitOfWork, record_type: str, names: Sequence[str], kept: Sequence[str] = ()
) -> list[str]:
    """Return the names, each once; one that was there before may have gone since.

    Raises:
        Invalid: There is no such field.
    """
    found = get_record_type(record_type)
    # A field that was added in this transaction is not known yet.
    added = {attribute_of(row) for row in list_fields(uow, record_type) if row.retired_at is None}
    for name in names:
        if found.field(name) is None and name not in added and name not in kept:
            message = f"{found.label} has no field “{name}”."
            raise Invalid(message, {"field_names": [message]})
    return list(dict.fromkeys(names))


def _take_from(others: Sequence[FieldSection], names: Sequence[str]) -> None:
    for one in others:
        if not set(names).isdisjoint(one.fields):
            one.fields = [name for name in one.fields if name not in names]
