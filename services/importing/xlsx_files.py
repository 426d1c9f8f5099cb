"""Reading XLSX files, after looking at what they would take: a zip file may be a bomb.

python-calamine holds a sheet as one dense table, so that two cells in opposite corners of an empty
sheet would take all memory there is. So each sheet is unpacked once, without keeping it, to see
how much it is and how far its cells reach.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from services.errors import Invalid
from services.importing.sheet_errors import column_number, find_errors

MAX_UNPACKED: Final = 300 * 1024 * 1024
MAX_CELLS: Final = 10_000_000
MAX_MEMBERS: Final = 5_000

# OpenDocument, and Excel's binary workbook: the look at how far cells reach knows neither.
_FOREIGN: Final = frozenset({"content.xml", "xl/workbook.bin"})
_BLOCK: Final = 1024 * 1024
_OVERLAP: Final = 64
_CELL: Final = re.compile(rb"""\br\s*=\s*["']\$?([A-Za-z]{1,3})\$?([0-9]{1,7})["']""")
_TOO_MUCH: Final = "Save the sheet as CSV, or split it into several files."


def sheet_names(content: bytes) -> list[str]:
    """Return the names of the sheets that hold cells.

    Raises:
        Invalid: It is no XLSX file, is protected, or is too large unpacked.
    """
    check_archive(content)
    return [str(name) for name in _open(content).sheet_names]


def read_rows(content: bytes, sheet: str) -> Iterator[list[Any]]:
    """Yield the rows of a sheet: texts, numbers, booleans, dates and times; None for nothing.

    A formula without a result is a text such as ``#DIV/0!``. The content must have passed
    ``check_archive``.

    Raises:
        Invalid: There is no such sheet, or it is damaged.
    """
    book = _open(content)
    if sheet not in book.sheet_names:
        raise Invalid("There is no such sheet.", {"sheet": ["Choose one of the list."]})
    try:
        table = book.get_sheet_by_name(sheet)
        first = (table.start or (0, 0))[1]
        errors = find_errors(content, sheet)
        wrong = next(errors, None)
        for number, row in enumerate(table.iter_rows()):
            cells = [_plain(cell) for cell in row]
            while wrong is not None and wrong[0] <= number:
                if wrong[0] == number and first <= wrong[1] < first + len(cells):
                    cells[wrong[1] - first] = wrong[2]
                wrong = next(errors, None)
            yield cells
    except (CalamineError, ValueError, OverflowError) as error:
        raise Invalid("This sheet is damaged and can't be read.") from error


def check_archive(content: bytes) -> None:
    """Refuse what is no XLSX file, and what would take too much memory to read.

    Raises:
        Invalid: With a sentence for the user.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.filename.lower() in _FOREIGN for member in members):
                raise Invalid("This is another kind of spreadsheet. Save it as XLSX or CSV.")
            if len(members) > MAX_MEMBERS:
                raise Invalid("This file has too many parts to be a spreadsheet.")
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise _too_large()
            unpacked = 0
            for member in members:
                unpacked += _check_member(archive, member)
                if unpacked > MAX_UNPACKED:
                    raise _too_large()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        raise Invalid("This is no XLSX file, or it is damaged or protected.") from error


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Unpack one part without keeping it; return its size.

    A part that is larger than it says fails its checksum.
    """
    is_sheet = "worksheets/" in member.filename.replace("\\", "/").lower()
    size, rows, columns, before = 0, 0, 0, b""
    with archive.open(member) as part:
        while block := part.read(_BLOCK):
            size += len(block)
            if size > MAX_UNPACKED:
                raise _too_large()
            if is_sheet:
                rows, columns = _reach(before + block, rows, columns)
                before = block[-_OVERLAP:]
    if rows * columns > MAX_CELLS:
        raise Invalid(f"A sheet reaches to row {rows:,} and column {columns:,}. {_TOO_MUCH}")
    return size


def _reach(block: bytes, rows: int, columns: int) -> tuple[int, int]:
    """Return the last row and column that a cell of the block stands in."""
    found = _CELL.findall(block)
    if not found:
        return rows, columns
    row = max(int(number) for _, number in found)
    column = max(column_number(letters) for letters in {letters for letters, _ in found})
    return max(rows, row), max(columns, column)


def _open(content: bytes) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise Invalid("This file is protected by a password. Save it without one.") from error
    except (CalamineError, ValueError, OSError) as error:
        raise Invalid("This is no XLSX file, or it is damaged.") from error


def _plain(cell: Any) -> Any:
    """Return a cell as JSON keeps it: a date or time as a pair with its kind."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime | date):
        return ["at", cell.isoformat()]
    if isinstance(cell, time | timedelta):
        return str(cell)
    return cell


def _too_large() -> Invalid:
    return Invalid(f"Unpacked this file has more than {MAX_UNPACKED // 2**20} MB. {_TOO_MUCH}")


def joined(pieces: Iterable[bytes]) -> bytes:
    """Return a whole file."""
    return b"".join(pieces)
