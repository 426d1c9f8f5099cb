"""Schemas of the create and update operations, made from the record types' fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from services import arguments
from services.operations import Arguments
from services.records.living_choices import LivingChoices
from services.records.types import Field, RecordType, all_record_types

VERSION = arguments.WholeNumber(
    load_default=None,
    allow_none=True,
    metadata={
        "title": "Version",
        "description": "The version that was seen; a newer one is a conflict.",
    },
)


class AnyRecordType(validate.OneOf):
    """Takes the record types that there are at the moment."""

    def __init__(self) -> None:
        super().__init__((), error="There is no such record type.")

    @property
    def choices(self) -> Iterable[str]:
        """The names of the types."""
        return [one.name for one in all_record_types()]

    @choices.setter
    def choices(self, _none: Any) -> None:
        """Take nothing: the types are asked for at the time of use."""

    @property
    def labels(self) -> Iterable[str]:
        """What people call them."""
        return [one.label for one in all_record_types()]

    @labels.setter
    def labels(self, _none: Any) -> None:
        """Take nothing, as ``choices``."""


class RecordArguments(Arguments):
    """Arguments of an operation that writes records: its type's fields as they are now.

    Administrators add fields while the program runs, so each instance asks the type for them.
    """

    record_type: ClassVar[RecordType]
    makes: ClassVar[bool]

    @classmethod
    def revision(cls) -> int:
        """Return another number after each change of the type's fields."""
        return cls.record_type.revision

    def _init_fields(self) -> None:
        for field in self.record_type.added_fields:
            if field.writable and field.name not in self.declared_fields:
                made = _added_argument(self.record_type, field, makes=self.makes)
                self.declared_fields = {**self.declared_fields, field.name: made}
        super()._init_fields()


def create_schema(record_type: RecordType, **extra: fields.Field[Any]) -> type[Arguments]:
    """Return the schema of ``<type>.create``: the writable fields, the required ones marked."""
    members = {
        field.name: argument_for(field, required=field.name in record_type.required)
        for field in record_type.fields
        if field.writable and not field.is_added
    }
    return _schema("Create", record_type, {**members, **extra})


def update_schema(record_type: RecordType, **extra: fields.Field[Any]) -> type[Arguments]:
    """Return the schema of ``<type>.update``: the key, the version seen, and any fields."""
    key = key_argument(record_type)
    members = {
        field.name: argument_for(field, can_be_empty=field.name not in record_type.required)
        for field in record_type.fields
        if field.writable and not field.is_added
    }
    about = {f"{record_type.name}_id": key, "version": VERSION}
    return _schema("Update", record_type, {**about, **members, **extra})


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
    """Return the schema field that takes values of the record field ``field``.

    The rules of added fields are not part of it: what is looked for need not obey them.
    """
    return _argument(field, required=required, can_be_empty=can_be_empty, rules=[])


def argument_with_rules(
    field: Field, *, required: bool = False, can_be_empty: bool = True
) -> fields.Field[Any]:
    """Return the schema field that takes values to be kept, with the field's rules."""
    rules = field.rules
    checks: list[Callable[[Any], Any]] = []
    if rules.minimum is not None:
        checks.append(validate.Range(min=rules.minimum, error="Use {min} or more."))
    if rules.maximum is not None:
        checks.append(validate.Range(max=rules.maximum, error="Use {max} or less."))
    if rules.max_length is not None:
        checks.append(validate.Length(max=rules.max_length, error="Use {max} characters or less."))
    if rules.retired_choices:
        checks.append(_Offered(field))
    return _argument(field, required=required, can_be_empty=can_be_empty, rules=checks)


def _added_argument(record_type: RecordType, field: Field, *, makes: bool) -> fields.Field[Any]:
    """Return the argument of an added field; a new record gets its default."""
    required = field.name in record_type.required
    default = field.rules.default
    made = argument_with_rules(
        field, required=makes and required and default is None, can_be_empty=not required
    )
    if makes and default is not None:
        made.load_default = made.deserialize(default)
    return made


def _argument(
    field: Field, *, required: bool, can_be_empty: bool, rules: list[Callable[[Any], Any]]
) -> fields.Field[Any]:
    is_shipped_boolean = field.kind == "boolean" and not field.is_added
    about = {"title": field.label, "kind": field.kind, "relation": field.relation}
    options: dict[str, Any] = {
        "required": required,
        "allow_none": can_be_empty and not required and not is_shipped_boolean,
        "metadata": {**about, "description": field.hint} if field.hint else about,
    }
    checks = list(rules)
    if field.choices is not None and not isinstance(field.choices, LivingChoices):
        known = list(field.choices), list(field.choices.values())
        if field.traits.is_several:
            checks.insert(0, validate.ContainsOnly(*known, error="Choose from: {labels}."))
        else:
            checks.insert(0, validate.OneOf(*known))
    if checks:
        options["validate"] = checks
    return field.traits.argument(**options)


class _Offered(validate.Validator):
    """Refuses choices that are retired."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def __call__(self, value: Any) -> Any:
        for one in value if isinstance(value, list) else [value]:
            if one in self._field.rules.retired_choices:
                label = (self._field.choices or {}).get(one, one)
                raise ValidationError(f"“{label}” can't be chosen any more.")
        return value


def _schema(
    verb: str, record_type: RecordType, members: Mapping[str, fields.Field[Any]]
) -> type[Arguments]:
    names = {"record_type": record_type, "makes": verb == "Create"}
    made: type[Arguments] = type(
        f"{verb}{record_type.name.capitalize()}", (RecordArguments,), {**members, **names}
    )
    return made
