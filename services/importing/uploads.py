"""Uploading a file to import, and reading it again in another way."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

from marshmallow import ValidationError, fields, validate
from sqlalchemy import func, insert, select

from services.actors import Permission
from services.arguments import Line
from services.database import new_id
from services.documents.files import safe_name
from services.errors import Conflict, Invalid, NotFound
from services.importing.csv_files import DELIMITERS
from services.importing.encodings import ENCODINGS
from services.importing.imports import (
    WhichImport,
    expect_stage,
    lock_import,
    told_of,
)
from services.importing.model import Import, ImportPiece, ImportStage
from services.importing.reading import MAX_BYTES, PIECE_BYTES, kind_of, read_file
from services.importing.steps import job_for
from services.importing.types import importable_types
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

AT_ONCE_BYTES: Final = 512 * 1024
"""A file of up to this size is read in the request; a larger one by a job."""

MAX_PER_HOUR: Final = 60
_IMPORT: Final = Permission.DATA_IMPORT


class FileContent(fields.Field[Any]):
    """A file: base64 in JSON; pages and commands hand in an open one, which is not read at once."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        if hasattr(value, "read"):
            return value
        try:
            return base64.b64decode(str(value), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError("Send the file in base64.") from error


class CreateImport(Arguments):
    """A file, and what its rows are."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    file_name = Line(required=True, metadata={"title": "File name"})
    content = FileContent(
        required=True, metadata={"title": "File", "description": "CSV or XLSX, in base64."}
    )


class ReadImport(WhichImport):
    """How the file is to be read; what is left out is found out."""

    encoding = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(list(ENCODINGS)),
        metadata={"title": "Encoding"},
    )
    delimiter = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(list(DELIMITERS)),
        metadata={"title": "Delimiter"},
    )
    sheet = Line(load_default=None, allow_none=True, metadata={"title": "Sheet"})
    header_row = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 20),
        metadata={"title": "Row with the headings", "description": "0: the file has none."},
    )


@operation("import.create", _IMPORT, CreateImport, secret_fields=frozenset({"content"}))
def create_import(
    uow: UnitOfWork, *, record_type: str, file_name: str, content: bytes | BinaryIO
) -> dict[str, Any]:
    """Upload a file to import."""
    if record_type not in {one.name for one in importable_types()}:
        raise NotFound(f"Records of the type {record_type} can't be imported.")
    _check_uploads(uow)
    one = Import(
        id=new_id(),
        record_type=record_type,
        file_name=safe_name(file_name),
        file_kind="",
        size_bytes=0,
        stage=ImportStage.READING,
        options={},
        created_at=uow.now,
        created_by=uow.actor.user_id,
        created_by_name=uow.actor.name,
    )
    pieces = _pieces(content)
    first = next(pieces, b"")
    if not first:
        raise Invalid("The file is empty.", {"content": ["The file is empty."]})
    one.file_kind = kind_of(first)
    uow.add(one)
    one.size_bytes = _keep(uow, one, first, pieces)
    if one.size_bytes <= AT_ONCE_BYTES:
        read_file(uow, one)
    else:
        uow.defer(job_for(one, "read", uow.actor))
    return told_of(one)


@operation("import.read", _IMPORT, ReadImport)
def read_again(uow: UnitOfWork, *, import_id: UUID, **options: Any) -> dict[str, Any]:
    """Read the file once more, in another way."""
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.UNREADABLE, ImportStage.MAPPING, ImportStage.CHECKED)
    one.options = {name: value for name, value in options.items() if value is not None}
    one.stage, one.problem, one.checked = ImportStage.READING, None, {}
    if one.size_bytes <= AT_ONCE_BYTES:
        read_file(uow, one)
    else:
        uow.defer(job_for(one, "read", uow.actor))
    return told_of(one)


def _check_uploads(uow: UnitOfWork) -> None:
    if uow.actor.user_id is None:
        return
    lately = select(func.count()).where(
        Import.created_by == uow.actor.user_id, Import.created_at > uow.now - timedelta(hours=1)
    )
    if (uow.session.scalar(lately) or 0) >= MAX_PER_HOUR:
        raise Conflict("You have uploaded many files lately. Please wait a while.")


def _pieces(content: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        for place in range(0, len(content), PIECE_BYTES):
            yield content[place : place + PIECE_BYTES]
        return
    while piece := content.read(PIECE_BYTES):
        yield piece


def _keep(uow: UnitOfWork, one: Import, first: bytes, rest: Iterator[bytes]) -> int:
    """Store the file in pieces, and return its size in bytes."""
    size, position = 0, 0
    piece: bytes | None = first
    while piece:
        size += len(piece)
        if size > MAX_BYTES:
            message = f"The file is larger than {MAX_BYTES // 2**20} MB. Split it."
            raise Invalid(message, {"content": [message]})
        uow.session.execute(
            insert(ImportPiece), {"import_id": one.id, "position": position, "content": piece}
        )
        position += 1
        piece = next(rest, None)
    return size
