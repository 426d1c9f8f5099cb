"""Files that people put into a field of a record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from services.actors import Permission
from services.arguments import Key, Line
from services.documents.adding import decoded_file
from services.documents.files import keep_document
from services.errors import Invalid
from services.operations import Arguments, operation, run
from services.records.schemas import AnyRecordType
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork


class AttachFile(Arguments):
    """Which file is put into which field."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record"})
    field = Line(required=True, metadata={"title": "Field", "description": "Such as c_plan_id."})
    name = Line(required=True, metadata={"title": "Name", "description": "Of the file."})
    content_type = Line(load_default=None, allow_none=True, metadata={"title": "Content type"})
    content = fields.String(
        required=True, metadata={"title": "Content", "description": "As base64."}
    )


@operation(
    "record.attach", Permission.RECORD_WRITE, AttachFile, secret_fields=frozenset({"content"})
)
def attach_file(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    field: str,
    name: str,
    content_type: str | None,
    content: str,
) -> Any:
    """Put a file into a field of a record; the one before it stays with the record."""
    found = get_record_type(record_type).field(field)
    if found is None or found.kind != "file":
        raise _refused("field", "This is no field for files.")
    record = get_record(uow, record_type, record_id, lock=True)
    document = keep_document(
        uow,
        record,
        name=name,
        content_type=content_type or "application/octet-stream",
        content=decoded_file(content),
    )
    values = {f"{record_type}_id": str(record_id), field: str(document.id)}
    return run(uow, f"{record_type}.update", values)


def _refused(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})
