"""The same change of several records at once: each by its own operation, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from services.actors import Permission
from services.arguments import Keys, Line
from services.errors import Invalid, LanewiseError
from services.operations import Arguments, check_allowed, get_operation, operation, run
from services.records.types import find_record_type, get_record_type
from services.unit_of_work import UnitOfWork

MAX_RECORDS: Final = 200
_OF_ANY_TYPE: Final = frozenset({"record.assign", "record.tag", "record.untag", "record.delete"})


class DoneToEach(Arguments):
    """What is done to each of several records."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    operation = Line(
        required=True,
        metadata={"title": "Operation", "description": "Such as deal.update or record.tag."},
    )
    values = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"title": "Values", "description": "Its arguments, besides the record."},
    )


class ChangeMany(DoneToEach):
    """What is done to which records."""

    record_ids = Keys(
        required=True,
        most=MAX_RECORDS,
        metadata={"title": "Records", "description": "Their keys."},
    )


@operation("record.change_many", Permission.RECORD_WRITE, ChangeMany)
def change_many(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_ids: Sequence[UUID],
    operation: str,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Do the same to several records; those that refuse stay as they are, with the reason."""
    name_record = naming(record_type, operation)
    check_allowed(uow, operation)
    if not record_ids:
        raise Invalid("Choose a record at least.", {"record_ids": ["Choose a record at least."]})
    refused = []
    keys = sorted(set(record_ids))  # in one order, so that two of these never wait in a circle
    for key in keys:
        try:
            with uow.savepoint():
                run(uow, operation, {**values, **name_record(key)})
        except LanewiseError as error:
            refused.append({"record_id": key, "message": refusal(record_type, error)})
    return {"changed": len(keys) - len(refused), "refused": refused}


def naming(record_type: str, name: str) -> Callable[[UUID], dict[str, str]]:
    """Return what tells an operation which record it is about.

    Raises:
        Invalid: The operation is none that changes a record of this type.
    """
    known = find_record_type(record_type) is not None
    if known and name in _OF_ANY_TYPE:
        return lambda key: {"record_type": record_type, "record_id": str(key)}
    argument = f"{record_type}_id"
    if known and name.startswith(f"{record_type}."):
        found = get_operation(name)
        if not found.outside and argument in found.schema().fields:
            return lambda key: {argument: str(key)}
    message = f"{name} is nothing that can be done to several records."
    raise Invalid(message, {"operation": [message]})


def refusal(record_type: str, error: LanewiseError) -> str:
    """Return why a record refused, each message with the label of the field that it is about."""
    told = []
    for name, messages in (error.fields if isinstance(error, Invalid) else {}).items():
        field = get_record_type(record_type).field(name)
        label = "" if field is None else f"{field.label}: "
        told += [text if text.startswith(label) else label + text for text in messages]
    return " ".join(told) or error.message
