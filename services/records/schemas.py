"""Schemas of the create and update operations, made from the record types' fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from services import arguments
from services.operations import Arguments
from services.records.types import Field, RecordType

VERSION = arguments.WholeNumber(
    load_default=None,
    allow_none=True,
    metadata={
        "title": "Version",
        "description": "The version that was seen; a newer one is a conflict.",
    },
)


def create_schema(record_type: RecordType, **extra: fields.Field[Any]) -> type[Schema]:
    """Return the schema of ``<type>.create``: the writable fields, the required ones marked."""
    members = {
        field.name: argument_for(field, required=field.name in record_type.required)
        for field in record_type.fields
        if field.writable
    }
    return _schema(f"Create{record_type.name.capitalize()}", {**members, **extra})


def update_schema(record_type: RecordType, **extra: fields.Field[Any]) -> type[Schema]:
    """Return the schema of ``<type>.update``: the key, the version seen, and any fields."""
    key = key_argument(record_type)
    members = {
        field.name: argument_for(field, can_be_empty=field.name not in record_type.required)
        for field in record_type.fields
        if field.writable
    }
    return _schema(
        f"Update{record_type.name.capitalize()}",
        {f"{record_type.name}_id": key, "version": VERSION, **members, **extra},
    )


def key_argument(record_type: RecordType) -> arguments.Key:
    """Return the argument that names a record of this type."""
    return arguments.Key(
        required=True,
        metadata={
            "title": record_type.label,
            "description": f"The key of the {record_type.label.lower()}.",
            "record_type": record_type.name,
        },
    )


def argument_for(
    field: Field, *, required: bool = False, can_be_empty: bool = True
) -> fields.Field[Any]:
    """Return the schema field that takes values of the record field ``field``."""
    options: dict[str, Any] = {
        "required": required,
        "allow_none": can_be_empty and not required and field.kind != "boolean",
        "metadata": {"title": field.label, "kind": field.kind, "relation": field.relation},
    }
    if field.choices is not None:
        labels = list(field.choices.values())
        options["validate"] = validate.OneOf(list(field.choices), labels)
    return field.traits.argument(**options)


def _schema(name: str, members: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    made: type[Schema] = type(name, (Arguments,), dict(members))
    return made
