"""Files that people put on a record, and those that they take off and bring back."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import exists, inspect, select

from services.actors import Permission, Verb
from services.arguments import Key, Line
from services.documents.files import get_document, keep_document
from services.documents.model import Document
from services.errors import Conflict, Invalid, NotFound, not_found_as
from services.mail.model import MailAttachment
from services.operations import Arguments, operation
from services.records.schemas import AnyRecordType
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
_CONTENT: Final = frozenset({"content"})


class AddFile(Arguments):
    """Which file is put on which record."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    name = Line(required=True, metadata={"title": "Name", "description": "Of the file."})
    content_type = Line(load_default=None, allow_none=True, metadata={"title": "Content type"})
    content = fields.String(
        required=True, metadata={"title": "Content", "description": "As base64."}
    )


class NameDocument(Arguments):
    """Which document."""

    document_id = Key(required=True, metadata={"title": "Document"})


@operation("document.add", Permission.DOCUMENT_WRITE, AddFile, secret_fields=_CONTENT)
def add_file(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    name: str,
    content_type: str | None,
    content: str,
) -> dict[str, Any]:
    """Put a file on a record.

    Raises:
        Invalid: It is empty, or too large.
    """
    record = get_record(uow, record_type, record_id, lock=True)
    document = keep_document(
        uow,
        record,
        name=name,
        content_type=content_type or "application/octet-stream",
        content=decoded_file(content),
    )
    uow.session.flush()
    details = {"document_id": str(document.id)}
    add_entry(uow, record, "document", f"Added “{document.name}”", details=details)
    return {"document_id": document.id, "name": document.name}


@operation("document.delete", Permission.DOCUMENT_WRITE, NameDocument)
def delete_document(uow: UnitOfWork, *, document_id: UUID) -> dict[str, Any]:
    """Take a document off its record; it can be brought back.

    Raises:
        Conflict: A mail or a field of the record has it.
    """
    document = get_document(uow, document_id)
    record = get_record(uow, document.record_type, document.record_id, lock=True)
    if uow.session.scalar(select(exists().where(MailAttachment.document_id == document.id))):
        raise Conflict("This file belongs to a mail, and stays with it.", code="document_in_use")
    if _is_held(record, document.id):
        message = "A field of this record names this file. Choose another one there first."
        raise Conflict(message, code="document_in_use")
    document.deleted_at = uow.now
    add_entry(uow, record, "document", f"Deleted “{document.name}”")
    return {"document_id": document.id}


@operation("document.restore", Permission.DOCUMENT_WRITE, NameDocument)
def restore_document(uow: UnitOfWork, *, document_id: UUID) -> dict[str, Any]:
    """Bring a deleted document back to its record.

    Raises:
        NotFound: There is no such document, or it is not deleted.
    """
    message = "There is no such document."
    document = uow.session.get(Document, document_id, with_for_update=True)
    if document is None or document.deleted_at is None:
        raise NotFound(message)
    with not_found_as(message):
        record = get_record(uow, document.record_type, document.record_id, verb=Verb.UPDATE)
    document.deleted_at = None
    details = {"document_id": str(document.id)}
    add_entry(uow, record, "document", f"Restored “{document.name}”", details=details)
    return {"document_id": document.id}


def decoded_file(text: str) -> bytes:
    """Return the content of a file that was sent in base64.

    Raises:
        Invalid: It is empty, too large, or damaged.
    """
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("This is not base64.") from error
    if not content:
        raise _refused("The file is empty.")
    if len(content) > MAX_FILE_BYTES:
        raise _refused(f"A file has {MAX_FILE_BYTES >> 20} MB at most.")
    return content


def _is_held(record: Any, key: UUID) -> bool:
    names = inspect(get_record_type(record.record_type).model).column_attrs.keys()
    return any(getattr(record, name) == key for name in names)


def _refused(message: str) -> Invalid:
    return Invalid(message, {"content": [message]})
