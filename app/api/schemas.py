"""What the API answers, described once for each record type from its fields."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate

from services.records.living_choices import LivingChoices
from services.records.types import Field, RecordType

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A stable name for programs."},
        "errors": {
            "type": "object",
            "description": "Messages by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


class SignIn(Schema):
    """Who asks for a token."""

    email = fields.Email(required=True)
    password = fields.String(required=True)
    name = fields.String(metadata={"description": "What the token is for."})


class Token(Schema):
    """A new token; it is shown this once only."""

    token = fields.String()


def record_schema(record_type: RecordType) -> type[Schema]:
    """Return the schema of a record as it is answered."""
    members: dict[str, Any] = {
        "id": fields.UUID(),
        "version": fields.Integer(metadata={"description": "Send it back with a change."}),
        **{field.name: answered(field) for field in record_type.fields},
    }
    made: type[Schema] = type(record_type.name.capitalize(), (Schema,), members)
    return made


def page_schema(record_type: RecordType, item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of a list."""
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item)),
        "next_cursor": fields.String(allow_none=True),
        "previous_cursor": fields.String(allow_none=True),
        "total": fields.Integer(),
        "total_is_capped": fields.Boolean(
            metadata={"description": "There are more than were counted."}
        ),
    }
    made: type[Schema] = type(f"{record_type.name.capitalize()}Page", (Schema,), members)
    return made


def answered(field: Field) -> fields.Field[Any]:
    """Return how a record's field is described."""
    options: dict[str, Any] = {"allow_none": True, "metadata": {"title": field.label}}
    if field.traits.is_decimal:
        options["as_string"] = True
    if field.choices is not None and not isinstance(field.choices, LivingChoices):
        options["validate"] = validate.OneOf(list(field.choices))
    return field.traits.answer(**options)


def schema_name(schema: Any) -> str:
    """Name a schema in the description; one with fields left out is written where it stands."""
    if isinstance(schema, Schema):
        return "" if schema.exclude else type(schema).__name__
    return str(getattr(schema, "__name__", schema))
