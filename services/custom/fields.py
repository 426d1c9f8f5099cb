"""What administrators can do with the fields of record types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.actors import Permission
from services.custom.arguments import (
    KEY_LENGTH,
    CreateField,
    MoveField,
    NameField,
    RetireField,
    UpdateField,
)
from services.custom.attributes import stored_text
from services.custom.checking import OPTION_NAMES, check_flags, checked_options
from services.custom.conversions import change_kind, is_chosen
from services.custom.formulas import fields_read
from services.custom.indexes import index_job
from services.custom.keys import key_from
from services.custom.layout import change_layout, lock_layout
from services.custom.model import CustomField
from services.custom.options import CHOICE_KINDS, FORMULA, GOING, KEY_KINDS, attribute_of
from services.custom.values import storage_of
from services.errors import Conflict, Invalid, NotFound
from services.operations import operation
from services.records.changes import check_version
from services.records.named import Named, check_unused
from services.records.types import find_record_type, get_record_type
from services.search.rebuilding import rebuild_type
from services.unit_of_work import UnitOfWork

MAX_FIELDS: Final = 300
MAX_INDEXES: Final = 30
_FLAGS: Final = ("is_required", "is_unique", "is_indexed", "is_in_list", "is_in_short_form")


@operation("custom_field.create", Permission.LAYOUT_WRITE, CreateField)
def create_field(
    uow: UnitOfWork, *, record_type: str, key: str | None, **values: Any
) -> dict[str, Any]:
    """Add a field to a record type."""
    lock_layout(uow)
    found = get_record_type(record_type)
    others = list_fields(uow, record_type)
    if len(others) >= MAX_FIELDS:
        raise Conflict(f"A record type has {MAX_FIELDS} fields of your own at most.")
    row = CustomField(
        record_type=record_type,
        key=_free_key(key, values["label"], values["kind"], [one.key for one in others]),
        label=values["label"],
        kind=values["kind"],
        options={},
        position=max((one.position for one in others), default=0) + 1,
        **{name: bool(values.get(name)) for name in _FLAGS},
    )
    checked_options(row, found, {name: values.get(name) for name in OPTION_NAMES}, others)
    check_flags(row)
    _check_indexes([*others, row])
    uow.add(row)
    if row.is_indexed:
        uow.defer(index_job(row))
    change_layout(uow)
    return present_field(row)


@operation("custom_field.update", Permission.LAYOUT_WRITE, UpdateField)
def update_field(
    uow: UnitOfWork,
    *,
    field_id: UUID,
    version: int | None = None,
    even_if_used: bool = False,
    **values: Any,
) -> dict[str, Any]:
    """Change a field of a record type.

    Raises:
        Conflict: Processes name a choice that goes, among others.
    """
    lock_layout(uow)
    row = _staying(uow, field_id)
    check_version(uow, row, version)
    others = [one for one in list_fields(uow, row.record_type) if one.id != row.id]
    was_unique, was_indexed, former_kind = row.is_unique, row.is_indexed, row.kind
    change_kind(uow, row, values.get("kind", row.kind))
    row.label = values.get("label", row.label)
    for name in _FLAGS:
        setattr(row, name, values.get(name, getattr(row, name)))
    given: dict[str, Any] = {name: values[name] for name in OPTION_NAMES if name in values}
    before = row.options
    if row.kind in CHOICE_KINDS and "choices" in given:
        _keep_chosen(uow, row, given["choices"])
    row.options = checked_options(
        row, get_record_type(row.record_type), {**before, **given}, others
    )
    check_unused(uow, lost_choices(row, before), even_if_used=even_if_used)
    check_flags(row)
    _check_indexes([*others, row])
    if row.is_unique and not was_unique:
        _check_unique_so_far(uow, row)
    if row.is_indexed != was_indexed or (row.is_indexed and row.kind != former_kind):
        row.index_ready_at = None
        uow.defer(index_job(row))
    if row.kind != former_kind:
        uow.defer(rebuild_type(row.record_type))
    change_layout(uow)
    return present_field(row)


@operation("custom_field.move", Permission.LAYOUT_WRITE, MoveField)
def move_field(uow: UnitOfWork, *, field_id: UUID, direction: str) -> dict[str, Any]:
    """Let a field change places with the one above or below it."""
    lock_layout(uow)
    row = get_field(uow, field_id)
    shown = [one for one in list_fields(uow, row.record_type) if one.retired_at is None]
    for position, one in enumerate(shown):
        one.position = position + 1
    place = next((place for place, one in enumerate(shown) if one.id == row.id), None)
    if place is None:
        raise Conflict("A retired field has no place.")
    other = place + (-1 if direction == "up" else 1)
    if 0 <= other < len(shown):
        row.position, shown[other].position = shown[other].position, row.position
    change_layout(uow)
    return present_field(row)


@operation("custom_field.retire", Permission.LAYOUT_WRITE, RetireField)
def retire_field(uow: UnitOfWork, *, field_id: UUID, even_if_used: bool = False) -> dict[str, Any]:
    """Take a field away from everywhere; its values are kept, and it can be restored.

    Raises:
        Conflict: A formula needs it, or processes name it.
    """
    lock_layout(uow)
    row = get_field(uow, field_id)
    if row.retired_at is not None:
        return present_field(row)
    _check_unread(uow, row)
    check_unused(uow, [Named(row.record_type, attribute_of(row))], even_if_used=even_if_used)
    row.retired_at = uow.now
    uow.defer(rebuild_type(row.record_type))
    change_layout(uow)
    return present_field(row)


@operation("custom_field.restore", Permission.LAYOUT_WRITE, NameField)
def restore_field(uow: UnitOfWork, *, field_id: UUID) -> dict[str, Any]:
    """Bring a retired field back, with the values that records have of it."""
    lock_layout(uow)
    row = _staying(uow, field_id)
    if row.retired_at is None:
        return present_field(row)
    row.retired_at = None
    if row.is_unique:
        _check_unique_so_far(uow, row)
    uow.defer(rebuild_type(row.record_type))
    change_layout(uow)
    return present_field(row)


def lost_choices(row: CustomField, before: Mapping[str, Any]) -> list[Named]:
    """Return the choices that a field offers no more, of those that it had ``before``."""
    offered = _offered(row.options)
    gone = (value for value in _offered(before) if value not in offered)
    return [Named(row.record_type, attribute_of(row), value) for value in gone]


def _offered(options: Mapping[str, Any]) -> list[str]:
    return [one["value"] for one in options.get("choices") or () if not one.get("retired")]


def list_fields(uow: UnitOfWork, record_type: str) -> Sequence[CustomField]:
    """Return the fields that were added to a type, in their order, retired ones too."""
    statement = select(CustomField).where(CustomField.record_type == record_type)
    ordered = statement.order_by(CustomField.position, CustomField.key)
    return uow.session.scalars(ordered).all()


def present_field(row: CustomField) -> dict[str, Any]:
    """Return an added field as the operations take it, with its key and ``name``."""
    flags = {name: getattr(row, name) for name in _FLAGS}
    return {
        "id": row.id,
        "version": row.version,
        "record_type": row.record_type,
        "key": row.key,
        "name": attribute_of(row),
        "label": row.label,
        "kind": row.kind,
        **{name: row.options.get(name) for name in OPTION_NAMES},
        **flags,
        "index_ready_at": row.index_ready_at,
        "retired_at": row.retired_at,
        GOING: GOING in row.options,
    }


def get_field(uow: UnitOfWork, field_id: UUID) -> CustomField:
    """Return an added field.

    Raises:
        NotFound: There is none with this key.
    """
    row = uow.session.get(CustomField, field_id)
    if row is None:
        raise NotFound("There is no such field.")
    return row


def _staying(uow: UnitOfWork, field_id: UUID) -> CustomField:
    """Return a field that is not being deleted."""
    row = get_field(uow, field_id)
    if GOING in row.options:
        raise Conflict("This field is being deleted.")
    return row


def _free_key(key: str | None, label: str, kind: str, taken: Sequence[str]) -> str:
    """Return the key of a new field; that of a link ends with ``_id``, as those that ship do."""
    ending = "_id" if kind in KEY_KINDS else ""
    if key is None:
        stems = [one.removesuffix(ending) for one in taken]
        return key_from(label, [*taken, *stems]) + ending
    wanted = key.removesuffix(ending)[: KEY_LENGTH - len(ending)] + ending
    if wanted in taken:
        message = "There is a field with this key; it may be retired."
        raise Invalid(message, {"key": [message]})
    return wanted


def _check_unread(uow: UnitOfWork, row: CustomField) -> None:
    """Refuse to take away a field that a formula reads, over a relation or not."""
    statement = select(CustomField).where(
        CustomField.kind == FORMULA, CustomField.retired_at.is_(None), CustomField.id != row.id
    )
    for one in uow.session.scalars(statement):
        record_type = find_record_type(one.record_type)
        if record_type is None:
            continue
        if (row.record_type, attribute_of(row)) in fields_read(one.options["formula"], record_type):
            of_type = "" if one.record_type == row.record_type else f" of {record_type.plural}"
            raise Conflict(f"The formula of {one.label}{of_type} needs this field.")


def _check_indexes(rows: Sequence[CustomField]) -> None:
    if sum(row.is_indexed for row in rows) > MAX_INDEXES:
        message = f"At most {MAX_INDEXES} fields of a type can be indexed: each slows saving."
        raise Invalid(message, {"is_indexed": [message]})


def _keep_chosen(uow: UnitOfWork, row: CustomField, choices: Sequence[dict[str, Any]]) -> None:
    """Refuse to drop choices that records have; they can be retired."""
    kept = {one.get("value") for one in choices}
    for one in row.options.get("choices", ()):
        if one["value"] not in kept and is_chosen(uow, row, one["value"]):
            message = f"Records have “{one['label']}”: retire it instead of removing it."
            raise Invalid(message, {"choices": [message]})


def _check_unique_so_far(uow: UnitOfWork, row: CustomField) -> None:
    """Refuse to make a field unique of which two records have the same value."""
    model = get_record_type(row.record_type).model
    # Not by the attribute of the model: the field may not be like that there, if it ever will.
    column = storage_of(row.kind).column(stored_text(model, row.key))
    value = column if row.kind in {"number", "decimal", "date"} else func.lower(column)
    statement = (
        select(value)
        .where(value.is_not(None), model.deleted_at.is_(None))
        .group_by(value)
        .having(func.count() > 1)
        .limit(1)
    )
    twice = uow.session.scalar(statement)
    if twice is not None:
        message = f"Several records have the same value, such as {str(twice)[:80]}."
        raise Invalid(message, {"is_unique": [message]})
