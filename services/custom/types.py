"""What administrators can do with record types of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.actors import Permission
from services.custom.arguments import CreateType, NameType, UpdateType
from services.custom.keys import key_from
from services.custom.layout import change_layout, lock_layout
from services.custom.model import CustomType
from services.custom.operations import TYPE_PREFIX
from services.errors import Conflict, Invalid, NotFound
from services.operations import operation
from services.records.changes import check_version
from services.unit_of_work import UnitOfWork

MAX_TYPES: Final = 100
DEFAULT_ICON: Final = "package"


@operation("custom_type.create", Permission.LAYOUT_WRITE, CreateType)
def create_type(uow: UnitOfWork, *, label: str, plural: str, **values: Any) -> dict[str, Any]:
    """Add a record type."""
    lock_layout(uow)
    others = list_types(uow)
    if len(others) >= MAX_TYPES:
        raise Conflict(f"There are {MAX_TYPES} record types of your own at most.")
    key = values["key"] or key_from(label, [one.key for one in others], otherwise="type")
    places = [one.place for one in others]
    place = values["place"] or key_from(plural, places, between="-", otherwise="records")
    for name, value, taken in (
        ("key", key, [one.key for one in others]),
        ("place", place, places),
        ("label", label.casefold(), [one.label.casefold() for one in others]),
    ):
        if value in taken:
            message = "There is a type with this already; it may be retired."
            raise Invalid(message, {name: [message]})
    row = CustomType(
        key=key,
        label=label,
        plural=plural,
        place=place,
        icon=values.get("icon") or DEFAULT_ICON,
        title_label=values.get("title_label") or "Name",
        position=max((one.position for one in others), default=0) + 1,
    )
    uow.add(row)
    change_layout(uow)
    return present_type(row)


@operation("custom_type.update", Permission.LAYOUT_WRITE, UpdateType)
def update_type(
    uow: UnitOfWork, *, type_id: UUID, version: int | None = None, **values: Any
) -> dict[str, Any]:
    """Change what a record type is called and looks like."""
    lock_layout(uow)
    row = get_type(uow, type_id)
    check_version(uow, row, version)
    for name, value in values.items():
        setattr(row, name, value or getattr(row, name))
    change_layout(uow)
    return present_type(row)


@operation("custom_type.retire", Permission.LAYOUT_WRITE, NameType)
def retire_type(uow: UnitOfWork, *, type_id: UUID) -> dict[str, Any]:
    """Take a record type away from everywhere; its records are kept, and it can be restored."""
    lock_layout(uow)
    row = get_type(uow, type_id)
    row.retired_at = row.retired_at or uow.now
    change_layout(uow)
    return present_type(row)


@operation("custom_type.restore", Permission.LAYOUT_WRITE, NameType)
def restore_type(uow: UnitOfWork, *, type_id: UUID) -> dict[str, Any]:
    """Bring a retired record type back, with its records."""
    lock_layout(uow)
    row = get_type(uow, type_id)
    row.retired_at = None
    change_layout(uow)
    return present_type(row)


def list_types(uow: UnitOfWork) -> Sequence[CustomType]:
    """Return the record types that were added, in their order, retired ones too."""
    order = (CustomType.position, func.lower(CustomType.label))
    return uow.session.scalars(select(CustomType).order_by(*order)).all()


def present_type(row: CustomType) -> dict[str, Any]:
    """Return an added type as the operations take it, with its key and ``name``."""
    shown = ("id", "version", "key", "label", "plural", "place", "icon", "title_label")
    return {
        **{name: getattr(row, name) for name in shown},
        "name": TYPE_PREFIX + row.key,
        "retired_at": row.retired_at,
    }


def get_type(uow: UnitOfWork, type_id: UUID) -> CustomType:
    """Return an added record type.

    Raises:
        NotFound: There is none with this key.
    """
    row = uow.session.get(CustomType, type_id)
    if row is None:
        raise NotFound("There is no such record type.")
    return row
