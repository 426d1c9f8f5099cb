"""Reading an uploaded file: cut into chunks of rows, so that all later steps find their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select

from services.errors import Invalid
from services.importing import csv_files, xlsx_files
from services.importing.cells import is_blank, text_of
from services.importing.guessing import (
    HEADER_WITHIN,
    find_header,
    fingerprint_of,
    guess_plan,
    headings,
)
from services.importing.model import Import, ImportChunk, ImportPiece, ImportStage, pack
from services.importing.types import import_type
from services.keepable import keepable
from services.unit_of_work import UnitOfWork

MAX_BYTES: Final = 128 * 1024 * 1024
MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 200
CHUNK_ROWS: Final = 1_000
PIECE_BYTES: Final = 1024 * 1024
SAMPLE_ROWS: Final = 200

_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_NO_TABLES: Final = (
    *(b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b"),
    *(b"<!DOCTYPE", b"<html", b"<?xml"),
)


def kind_of(start: bytes) -> str:
    """Return ``csv`` or ``xlsx`` by how a file begins, whatever it is called.

    Raises:
        Invalid: It is neither.
    """
    if start.startswith(_ZIP):
        return "xlsx"
    if start.startswith(_OLD_EXCEL):
        raise _refused("This is an old Excel file, or one with a password. Save it as XLSX or CSV.")
    if start.startswith(_NO_TABLES):
        raise _refused("This is no table. Use a CSV or XLSX file.")
    return "csv"


def pieces_of(uow: UnitOfWork, import_id: UUID) -> Iterator[bytes]:
    """Yield the uploaded bytes, a piece at a time."""
    position = 0
    while True:
        found = uow.session.scalar(
            select(ImportPiece.content).where(
                ImportPiece.import_id == import_id, ImportPiece.position == position
            )
        )
        if found is None:
            return
        yield bytes(found)
        position += 1


def read_file(uow: UnitOfWork, one: Import) -> None:
    """Read the file as its options say, keep its rows, and guess what goes where.

    A file that can't be read gets the reason as its ``problem``.
    """
    uow.session.execute(delete(ImportChunk).where(ImportChunk.import_id == one.id))
    one.row_count = one.chunk_count = one.position = 0
    options = dict(one.options)
    try:
        with uow.savepoint():
            _read(uow, one, options)
    except Invalid as error:
        one.options = options
        one.stage, one.problem = ImportStage.UNREADABLE, error.message
        one.row_count = one.chunk_count = 0
        one.ended_at = uow.now
        return
    one.stage, one.problem, one.ended_at = ImportStage.MAPPING, None, None
    plan = guess_plan(uow, import_type(one.record_type), one.header, one.samples)
    one.plan = plan.as_dict()


def _read(uow: UnitOfWork, one: Import, options: dict[str, Any]) -> None:
    rows = _rows(uow, one, options)
    first = list(islice(rows, HEADER_WITHIN))
    if not any(not is_blank(cell) for row in first for cell in row):
        first += list(islice(rows, 1))
    if options.get("header_row") is None:
        options["header_row"] = find_header(first)
    header_row = int(options["header_row"])
    one.options = dict(options)
    width = max((len(row) for row in first), default=0)
    heading = first[header_row - 1] if 0 < header_row <= len(first) else None
    if heading is not None:
        width = max((n + 1 for n, cell in enumerate(heading) if not is_blank(cell)), default=0)
    if width > MAX_COLUMNS:
        told = f"The file has {width:,} columns; {MAX_COLUMNS} are the most."
        raise Invalid(f"{told} Delete those that you don't need.")
    if width == 0:
        raise Invalid("The file is empty.")
    one.header = [keepable(name)[:200] for name in headings(heading and heading[:width], width)]
    one.fingerprint = fingerprint_of(one.header)
    numbered = enumerate(_chain(first, rows), start=1)
    _keep(uow, one, ((n, row) for n, row in numbered if n > header_row))
    if one.row_count == 0:
        told = "Below the headings the file has no rows." if header_row else "The file is empty."
        raise Invalid(told)


def _rows(uow: UnitOfWork, one: Import, options: dict[str, Any]) -> Iterator[list[Any]]:
    """Return the rows; what is found out of the file is added to ``options``."""
    if one.file_kind == "xlsx":
        content = xlsx_files.joined(pieces_of(uow, one.id))
        names = xlsx_files.sheet_names(content)
        if not names:
            raise Invalid("This file has no sheets.")
        options["sheets"] = names
        options["sheet"] = options.get("sheet") or names[0]
        return xlsx_files.read_rows(content, options["sheet"])
    if not options.get("encoding"):
        options["encoding"] = csv_files.encoding_of(pieces_of(uow, one.id))
    if not options.get("delimiter"):
        start = csv_files.beginning(pieces_of(uow, one.id), options["encoding"])
        options["delimiter"] = csv_files.delimiter_of(start)
    return csv_files.read_rows(pieces_of(uow, one.id), options["encoding"], options["delimiter"])


def _keep(uow: UnitOfWork, one: Import, rows: Iterable[tuple[int, list[Any]]]) -> None:
    """Store the rows that hold anything in chunks; each row begins with its number."""
    filled = ([number, *row] for number, row in rows if not all(map(is_blank, row)))
    samples: list[Any] = []
    while chunk := list(islice(filled, CHUNK_ROWS)):
        if len(samples) < SAMPLE_ROWS:
            samples += [row[1:] for row in chunk[: SAMPLE_ROWS - len(samples)]]
        uow.session.execute(
            insert(ImportChunk),
            {
                "import_id": one.id,
                "position": one.chunk_count,
                "rows": pack(chunk),
                "row_count": len(chunk),
                "problems": 0,
            },
        )
        one.chunk_count += 1
        one.row_count += len(chunk)
        if one.row_count > MAX_ROWS:
            raise Invalid(f"The file has more than {MAX_ROWS:,} rows. Split it into several files.")
    one.samples = [[_sample(cell) for cell in row[:MAX_COLUMNS]] for row in samples]


def _refused(message: str) -> Invalid:
    return Invalid(message, {"content": [message]})


def _sample(cell: Any) -> Any:
    return keepable(text_of(cell)[:200]) if isinstance(cell, str) else cell


def _chain(first: list[list[Any]], rest: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield from first
    yield from rest
