"""What can be done with imports, and what is shown of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

from marshmallow import ValidationError, fields, validate
from sqlalchemy import delete, func, insert, select

from services.actors import Permission
from services.arguments import Key, Line
from services.database import new_id
from services.documents.files import safe_name
from services.errors import Conflict, Invalid, NotFound
from services.importing.csv_files import DELIMITERS
from services.importing.encodings import ENCODINGS
from services.importing.guessing import remember_plan
from services.importing.links import can_be_made
from services.importing.model import Import, ImportChunk, ImportPiece, ImportStage
from services.importing.plan import DATE_ORDERS, DECIMALS, Plan, Policy, check_plan
from services.importing.reading import MAX_BYTES, PIECE_BYTES, kind_of, read_file
from services.importing.steps import job_for
from services.operations import Arguments, all_operations, operation
from services.records.schemas import argument_with_rules
from services.records.types import RecordType, all_record_types, get_record_type
from services.unit_of_work import UnitOfWork

AT_ONCE_BYTES: Final = 512 * 1024
"""A file of up to this size is read in the request; a larger one by a job."""

UNDERWAY: Final = frozenset(
    {ImportStage.CHECKING, ImportStage.RUNNING, ImportStage.PAUSED, ImportStage.REVERTING}
)
FILE_KEPT: Final = timedelta(days=7)
ROWS_KEPT: Final = timedelta(days=90)
MAX_PER_HOUR: Final = 60
MAX_UNDERWAY: Final = 3
"""So many imports of one person may be underway at the same time."""

SHOWN: Final = 50
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


class WhichImport(Arguments):
    """Which import."""

    import_id = Key(required=True, metadata={"title": "Import"})


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


class ColumnArguments(Arguments):
    """Where one column goes."""

    column = fields.Integer(required=True, metadata={"title": "Column", "description": "From 0."})
    field = Line(required=True, metadata={"title": "Field"})
    order = fields.String(load_default="", validate=validate.OneOf(list(DATE_ORDERS)))
    decimal = fields.String(load_default="", validate=validate.OneOf(list(DECIMALS)))
    create = fields.Boolean(load_default=False)
    by_key = fields.Boolean(load_default=False)


class CheckImport(WhichImport):
    """The plan by which rows become records."""

    columns = fields.List(fields.Nested(ColumnArguments), metadata={"title": "Columns"})
    policy = Line(
        validate=validate.OneOf([one.value for one in Policy]),
        metadata={"title": "What is done with rows whose record is there"},
    )
    match = fields.List(
        Line(),
        metadata={
            "title": "Found by",
            "description": "Fields, `id`, or `similar` for the rules by which doubles are found.",
        },
    )
    only_empty = fields.Boolean(metadata={"title": "Fill only what is empty"})
    start_processes = fields.Boolean(metadata={"title": "Processes may begin"})
    values = fields.Dict(
        keys=Line(), metadata={"title": "For every new record", "description": "Field → value."}
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
    return _told(one)


@operation("import.read", _IMPORT, ReadImport)
def read_again(uow: UnitOfWork, *, import_id: UUID, **options: Any) -> dict[str, Any]:
    """Read the file once more, in another way."""
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.UNREADABLE, ImportStage.MAPPING, ImportStage.CHECKED)
    one.options = {name: value for name, value in options.items() if value is not None}
    one.stage, one.problem, one.checked = ImportStage.READING, None, {}
    if one.size_bytes <= AT_ONCE_BYTES:
        read_file(uow, one)
    else:
        uow.defer(job_for(one, "read", uow.actor))
    return _told(one)


@operation("import.check", _IMPORT, CheckImport)
def check_import(uow: UnitOfWork, *, import_id: UUID, **given: Any) -> dict[str, Any]:
    """Find out what an import would do, without doing it; what is left out stays as guessed."""
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.MAPPING, ImportStage.CHECKED)
    record_type = get_record_type(one.record_type)
    columns = given.pop("columns", None)
    plan = Plan.of({**one.plan, **given})
    if columns is not None:
        plan = Plan.of({**one.plan, **given, "columns": columns})
    plan = check_plan(uow, record_type, plan, len(one.header))
    _check_values(record_type, plan)
    _check_makeable(record_type, plan)
    one.plan = plan.as_dict()
    remember_plan(uow, record_type, one.header, plan)
    one.stage, one.position, one.checked = ImportStage.CHECKING, 0, {}
    _check_quota(uow, one)
    uow.defer(job_for(one, "check", uow.actor))
    return _told(one)


@operation("import.run", _IMPORT, WhichImport)
def run_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Carry out an import whose dry run was looked at."""
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.CHECKED)
    one.stage, one.position, one.started_at = ImportStage.RUNNING, 0, uow.now
    uow.defer(job_for(one, "run", uow.actor))
    return _told(one)


@operation("import.pause", _IMPORT, WhichImport)
def pause_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Let an import rest after the rows that it is just at."""
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.RUNNING)
    one.stage = ImportStage.PAUSED
    return _told(one)


@operation("import.resume", _IMPORT, WhichImport)
def resume_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Let an import go on where it rested."""
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.PAUSED)
    one.stage, one.error = ImportStage.RUNNING, None
    uow.defer(job_for(one, "run", uow.actor))
    return _told(one)


@operation("import.cancel", _IMPORT, WhichImport)
def cancel_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """End an import; what it has written stays, and can be reverted."""
    one = lock_import(uow, import_id)
    ended = {ImportStage.DONE, ImportStage.REVERTING, ImportStage.REVERTED, ImportStage.CANCELLED}
    if one.stage in ended:
        raise Conflict("This import has ended already.")
    if one.stage == ImportStage.CHECKING:
        one.stage = ImportStage.MAPPING
        return _told(one)
    one.stage, one.ended_at = ImportStage.CANCELLED, uow.now
    return _told(one)


@operation("import.revert", _IMPORT, WhichImport)
def revert_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Undo an import: what it made goes into the bin, what it changed is as it was before.

    What was touched since stays, and is listed.
    """
    one = lock_import(uow, import_id)
    _expect(one, ImportStage.DONE, ImportStage.CANCELLED, ImportStage.PAUSED)
    if not any(one.counts.get(name) for name in ("create", "update")):
        raise Conflict("This import has changed nothing.")
    one.stage, one.position, one.undone = ImportStage.REVERTING, 0, {}
    uow.defer(job_for(one, "revert", uow.actor))
    return _told(one)


@operation("import.delete", _IMPORT, WhichImport)
def delete_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Forget an import with its file; the records stay, and can't be reverted any more."""
    one = lock_import(uow, import_id)
    if one.stage in UNDERWAY:
        raise Conflict("This import is underway. Stop it first.")
    uow.session.delete(one)
    return {"import_id": import_id}


def importable_types() -> list[RecordType]:
    """Return the record types that a file may hold: those that can be made and changed."""
    there = {one.name for one in all_operations()}
    return [
        one for one in all_record_types() if {f"{one.name}.create", f"{one.name}.update"} <= there
    ]


def get_import(uow: UnitOfWork, import_id: UUID) -> Import:
    """Return an import of the actor, or anybody's for those who manage data.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    one = uow.session.get(Import, import_id)
    return _visible(uow, one)


def lock_import(uow: UnitOfWork, import_id: UUID) -> Import:
    """Return an import as ``get_import`` does, held to the commit."""
    found = uow.session.get(Import, import_id, with_for_update=True, populate_existing=True)
    return _visible(uow, found)


def list_imports(
    uow: UnitOfWork, record_type: str | None = None, limit: int = SHOWN
) -> Sequence[Import]:
    """Return the newest imports that the actor may see."""
    statement = select(Import).order_by(Import.id.desc()).limit(limit)
    if record_type is not None:
        statement = statement.where(Import.record_type == record_type)
    if not uow.actor.may(Permission.DATA_MANAGE):
        statement = statement.where(Import.created_by == uow.actor.user_id)
    return uow.session.scalars(statement).all()


def forget_files(uow: UnitOfWork) -> None:
    """Delete uploaded files, and later the rows of imports, that nobody needs any more.

    What an import has written is not touched; without its rows it can't be reverted.
    """
    for table, kept in ((ImportPiece, FILE_KEPT), (ImportChunk, ROWS_KEPT)):
        old = select(Import.id).where(
            Import.created_at < uow.now - kept, Import.stage.not_in(UNDERWAY)
        )
        uow.session.execute(delete(table).where(table.import_id.in_(old)))


def _told(one: Import) -> dict[str, Any]:
    """Return what an operation answers."""
    return {"import_id": one.id, "stage": str(one.stage)}


def _visible(uow: UnitOfWork, one: Import | None) -> Import:
    is_own = one is not None and one.created_by == uow.actor.user_id
    if one is None or not (is_own or uow.actor.may(Permission.DATA_MANAGE)):
        raise NotFound("There is no such import.")
    return one


def _expect(one: Import, *stages: ImportStage) -> None:
    if one.stage not in stages:
        raise Conflict(f"This can't be done while the import is {one.stage}.", code="wrong_stage")


def _check_quota(uow: UnitOfWork, one: Import) -> None:
    statement = select(Import.id).where(
        Import.created_by == uow.actor.user_id,
        Import.stage.in_([ImportStage.CHECKING, ImportStage.RUNNING, ImportStage.REVERTING]),
        Import.id != one.id,
    )
    if len(uow.session.scalars(statement.limit(MAX_UNDERWAY)).all()) >= MAX_UNDERWAY:
        raise Conflict(f"{MAX_UNDERWAY} of your imports are underway; wait until one is through.")


def _check_uploads(uow: UnitOfWork) -> None:
    if uow.actor.user_id is None:
        return
    lately = select(func.count()).where(
        Import.created_by == uow.actor.user_id, Import.created_at > uow.now - timedelta(hours=1)
    )
    if (uow.session.scalar(lately) or 0) >= MAX_PER_HOUR:
        raise Conflict("You have uploaded many files lately. Please wait a while.")


def _check_values(record_type: RecordType, plan: Plan) -> None:
    faults: dict[str, list[str]] = {}
    for name, value in plan.values.items():
        one = record_type.field(name)
        with suppress(ValidationError):
            if one is not None:
                argument_with_rules(one).deserialize(value)
                continue
        faults[f"values.{name}"] = ["This value doesn't fit the field."]
    if faults:
        raise Invalid("Please check the marked fields.", faults)


def _check_makeable(record_type: RecordType, plan: Plan) -> None:
    for column in plan.columns:
        one = record_type.field(column.field)
        if column.create and not (one and one.relation and can_be_made(one.relation)):
            message = f"{one.label if one else column.field} can't be made by an import."
            raise Invalid(message, {"columns": [message]})


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
