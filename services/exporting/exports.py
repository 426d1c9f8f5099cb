"""What can be done with exports: begun, cancelled, fetched; the file is kept for a week."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import delete, func, insert, or_, select, update

from services.actors import SYSTEM, Permission
from services.arguments import Key, Line, ZoneName
from services.days import today
from services.errors import Conflict, LanewiseError, NotAllowed, NotFound
from services.exporting.model import Export, ExportPiece, ExportStage
from services.exporting.rows import ListRequest, count_rows, headings, iterate_rows
from services.exporting.writers import CONTENT_TYPES, open_writer
from services.jobs import job
from services.operations import Arguments, operation
from services.people.model import User
from services.platform import Platform
from services.records.types import get_record_type
from services.unit_of_work import Job, UnitOfWork
from services.upkeep import each_hour

AT_ONCE: Final = 5_000
"""Up to so many rows are written in the request."""

KEPT: Final = timedelta(days=7)
MAX_UNDERWAY: Final = 3
MAX_PER_HOUR: Final = 60
SHOWN: Final = 50

_PIECE_BYTES: Final = 1024 * 1024
_TELL_EVERY: Final = 5_000
_IN_MEMORY: Final = 8 * 1024 * 1024


class StartExport(Arguments):
    """Which list is written to a file."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    kind = Line(
        load_default="csv",
        validate=validate.OneOf(list(CONTENT_TYPES)),
        metadata={"title": "Kind of file"},
    )
    filters = fields.Dict(
        keys=Line(),
        values=fields.String(),
        load_default=dict,
        metadata={"title": "Filters", "description": "As in the list's address."},
    )
    where = fields.Dict(
        load_default=None,
        allow_none=True,
        metadata={"title": "Filter", "description": "In the filter language."},
    )
    search = Line(load_default=None, allow_none=True, metadata={"title": "Words to search for"})
    sort = Line(load_default="-created_at", metadata={"title": "Sort"})
    columns = fields.List(
        Line(), load_default=list, metadata={"title": "Columns", "description": "None: all."}
    )
    keys = fields.Boolean(
        load_default=False,
        metadata={"title": "With keys", "description": "To import the file again."},
    )
    zone = ZoneName()
    delimiter = fields.String(
        load_default=",",
        validate=validate.OneOf([",", ";"]),
        metadata={
            "title": "Delimiter",
            "description": "Of a CSV file. With a semicolon, numbers are written 1234,50.",
        },
    )


class WhichExport(Arguments):
    """Which export."""

    export_id = Key(required=True, metadata={"title": "Export"})


@operation("export.start", Permission.DATA_EXPORT, StartExport)
def start_export(
    uow: UnitOfWork, *, kind: str, columns: Sequence[str], zone: str | None, **asked: Any
) -> dict[str, Any]:
    """Write a list of records to a file."""
    request = ListRequest(columns=tuple(columns), zone=zone or "", **asked)
    record_type = get_record_type(request.record_type)
    headings(uow, request)
    _check_quota(uow)
    day = today(uow)
    one = Export(
        record_type=request.record_type,
        file_name=f"{record_type.plural.replace('/', ' ')} {day}.{kind}",
        file_kind=kind,
        stage=ExportStage.RUNNING,
        request=request.as_dict(),
        total=count_rows(uow, request),
        created_at=uow.now,
        created_by=uow.actor.user_id,
        created_by_name=uow.actor.name,
        expires_at=uow.now + KEPT,
    )
    uow.add(one)
    if one.total <= AT_ONCE:
        with _write_file(uow, one, lambda _done: True) as file:
            _keep(uow, one.id, file)
        uow.session.refresh(one)
    else:
        uow.defer(Job("exports.write", {"export_id": str(one.id)}))
    return {"export_id": one.id, "stage": str(one.stage)}


@operation("export.cancel", Permission.DATA_EXPORT, WhichExport)
def cancel_export(uow: UnitOfWork, *, export_id: UUID) -> dict[str, Any]:
    """Stop an export that is still being written."""
    one = _visible(uow, uow.session.get(Export, export_id, with_for_update=True))
    if one.stage != ExportStage.RUNNING:
        raise Conflict("This export has ended already.")
    one.stage, one.ended_at = ExportStage.CANCELLED, uow.now
    return {"export_id": one.id, "stage": str(one.stage)}


@operation("export.delete", Permission.DATA_EXPORT, WhichExport)
def delete_export(uow: UnitOfWork, *, export_id: UUID) -> dict[str, Any]:
    """Delete an export with its file."""
    one = _visible(uow, uow.session.get(Export, export_id, with_for_update=True))
    uow.session.delete(one)
    return {"export_id": export_id}


@job("exports.write")
def write_export(platform: Platform, *, export_id: str) -> None:
    """Write the file of a large export; one that died is begun anew."""
    key = UUID(export_id)

    def tell(done: int) -> bool:
        """Note how far it is; tell whether it shall go on."""

        def note(uow: UnitOfWork) -> bool:
            statement = update(Export).where(Export.id == key, Export.stage == ExportStage.RUNNING)
            result: Any = uow.session.execute(statement.values(done=done))
            return bool(result.rowcount)

        return platform.transact(SYSTEM, note, source="export")

    def work(uow: UnitOfWork) -> None:
        one = uow.session.get(Export, key)
        if one is None or one.stage != ExportStage.RUNNING:
            return
        try:
            with _write_file(_as_exporter(uow, one), one, tell) as file:
                _keep(uow, key, file)
        except LanewiseError as error:
            _end(uow, key, stage=ExportStage.FAILED, problem=error.message)

    with suppress(_StoppedError):
        platform.transact(SYSTEM, work, source="export")


def get_export(uow: UnitOfWork, export_id: UUID) -> Export:
    """Return an export of the actor.

    Raises:
        NotFound: There is none, or it is somebody else's, or its time is over.
    """
    return _visible(uow, uow.session.get(Export, export_id))


def list_exports(uow: UnitOfWork, limit: int = SHOWN) -> Sequence[Export]:
    """Return the actor's newest exports."""
    statement = (
        select(Export)
        .where(Export.created_by == uow.actor.user_id, Export.expires_at > uow.now)
        .order_by(Export.created_at.desc(), Export.id.desc())
    )
    return uow.session.scalars(statement.limit(limit)).all()


def pieces_of(uow: UnitOfWork, one: Export) -> Iterator[bytes]:
    """Yield the file, a piece at a time.

    Raises:
        Conflict: It is not there.
    """
    if one.stage != ExportStage.DONE:
        raise Conflict(f"This export is {one.stage}.")
    position = 0
    while True:
        found = uow.session.scalar(
            select(ExportPiece.content).where(
                ExportPiece.export_id == one.id, ExportPiece.position == position
            )
        )
        if found is None:
            return
        yield bytes(found)
        position += 1


@each_hour
def delete_expired(uow: UnitOfWork) -> int:
    """Delete the exports whose time is over, and return how many those were."""
    result: Any = uow.session.execute(delete(Export).where(Export.expires_at <= uow.now))
    return int(result.rowcount)


class _StoppedError(Exception):
    """The export was cancelled while it was written."""


@contextmanager
def _write_file(
    uow: UnitOfWork, one: Export, tell: Callable[[int], bool]
) -> Iterator[tuple[BinaryIO, int]]:
    """Write the list into a temporary file, and give that with its number of rows.

    ``tell`` hears now and then how many rows are written, and says whether to go on.
    """
    request = ListRequest.of(one.request)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
        file: Any = spooled
        writer = open_writer(one.file_kind, file, request.delimiter)
        writer.write(headings(uow, request))
        count = 0
        for row in iterate_rows(uow, request):
            writer.write(row)
            count += 1
            if count % _TELL_EVERY == 0 and not tell(count):
                raise _StoppedError
        writer.close()
        file.seek(0)
        yield file, count


def _keep(uow: UnitOfWork, export_id: UUID, written: tuple[BinaryIO, int]) -> None:
    """Store a file that is whole, unless somebody cancelled it meanwhile."""
    file, count = written
    size, position = 0, 0
    uow.session.execute(delete(ExportPiece).where(ExportPiece.export_id == export_id))
    while piece := file.read(_PIECE_BYTES):
        uow.session.execute(
            insert(ExportPiece), {"export_id": export_id, "position": position, "content": piece}
        )
        size, position = size + len(piece), position + 1
    _end(uow, export_id, stage=ExportStage.DONE, done=count, total=count, size_bytes=size)


def _end(uow: UnitOfWork, export_id: UUID, **values: Any) -> None:
    uow.session.execute(
        update(Export)
        .where(Export.id == export_id, Export.stage == ExportStage.RUNNING)
        .values(ended_at=uow.now, **values)
    )


def _as_exporter(uow: UnitOfWork, one: Export) -> UnitOfWork:
    """Return the transaction as seen by who asked for the export.

    Raises:
        NotAllowed: That person may not export any more.
    """
    if one.created_by is None:
        return uow
    user = uow.session.get(User, one.created_by)
    actor = user.actor() if user is not None and user.active else None
    if actor is None or not actor.may(Permission.DATA_EXPORT):
        raise NotAllowed("Who asked for this may not export any more.")
    return uow.acting_as(actor)


def _visible(uow: UnitOfWork, one: Export | None) -> Export:
    is_own = one is not None and one.created_by == uow.actor.user_id
    if one is None or not is_own or one.expires_at <= uow.now:
        raise NotFound("There is no such export.")
    return one


def _check_quota(uow: UnitOfWork) -> None:
    """Refuse an export where somebody has too many underway, or has made too many lately."""
    if uow.actor.user_id is None:
        return
    lately = Export.created_at > uow.now - timedelta(hours=1)
    running = Export.stage == ExportStage.RUNNING
    found = uow.session.execute(
        select(func.count(), func.count().filter(running)).where(
            Export.created_by == uow.actor.user_id, or_(lately, running)
        )
    ).one()
    if found[1] >= MAX_UNDERWAY or found[0] >= MAX_PER_HOUR:
        raise Conflict("You have asked for many exports lately. Please wait a while.")
