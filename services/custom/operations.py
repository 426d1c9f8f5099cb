"""Record types that administrators have added, with what can be done with their records."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from services.actors import Permission
from services.custom.model import CustomRecord, CustomType
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.operations import Operation, forget_operation, put_operation
from services.records.base import COMMON_FIELDS
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, update_schema
from services.records.types import (
    Field,
    RecordType,
    find_record_type,
    forget_record_type,
    register_record_type,
)
from services.unit_of_work import UnitOfWork

TYPE_PREFIX: Final = "x_"
_SORTS: Final = ("name", "created_at", "updated_at")

_MODELS: Final[dict[str, Any]] = {}
"""The classes that were made, by the type's name: SQLAlchemy can't take one back."""


def put_type(row: CustomType) -> RecordType:
    """Make an added type known, or change what it is called, with its operations."""
    name = TYPE_PREFIX + row.key
    own = (Field("name", row.title_label), *COMMON_FIELDS)
    found = find_record_type(name)
    called = (row.label, row.plural, own[0])
    if found is not None and called == (found.label, found.plural, found.field("name")):
        return found
    made = register_record_type(
        RecordType(
            name=name,
            label=row.label,
            plural=row.plural,
            model=_model(name),
            fields=own,
            required=("name",),
            sorts=_SORTS,
            is_added=True,
            revision=0 if found is None else found.revision + 1,
        )
    )
    _put_operations(made)
    return made


def forget_type(name: str) -> None:
    """Let an added type be unknown; its records stay."""
    forget_record_type(name)
    for verb in ("create", "update"):
        forget_operation(f"{name}.{verb}")


def _model(name: str) -> Any:
    """Return the class of the records of a type: rows of one table, told apart by ``type``."""
    if name not in _MODELS:
        arguments = {"polymorphic_identity": name}
        _MODELS[name] = type(name, (CustomRecord,), {"__mapper_args__": arguments})
    return _MODELS[name]


def _put_operations(record_type: RecordType) -> None:
    label = record_type.label.lower()
    for verb, schema, handler, summary in (
        (
            "create",
            create_schema(record_type, **DOUBLE_ARGUMENTS),
            asks_about_doubles(record_type.name)(partial(_create, record_type)),
            f"Create a record: {label}",
        ),
        (
            "update",
            update_schema(record_type),
            partial(_update, record_type),
            f"Change a record: {label}",
        ),
    ):
        put_operation(
            Operation(
                name=f"{record_type.name}.{verb}",
                summary=summary,
                permission=Permission.RECORD_WRITE,
                schema=schema,
                handler=handler,
                in_diagrams=True,
            )
        )


def _create(record_type: RecordType, uow: UnitOfWork, **values: Any) -> Any:
    record = record_type.model()
    for name, value in values.items():
        setattr(record, name, value)
    check_links(uow, record)
    title = f"Created {record_type.label.lower()} “{record.name}”"
    add_record(uow, record, title=title)
    uow.emit(f"{record_type.name}.created", record_type.name, record.id)
    return record


def _update(
    record_type: RecordType, uow: UnitOfWork, *, version: int | None = None, **values: Any
) -> Any:
    key: UUID = values.pop(f"{record_type.name}_id")
    record = uow.get(record_type.model, key)
    change_record(uow, record, values, version=version)
    return record
