"""The cells of an XLSX sheet whose formula has no result, such as ``#DIV/0!``.

python-calamine gives them as empty, and what is empty changes nothing: a row would be imported
without what its formula was to say. So they are read here, from the sheet's own XML.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape
from typing import IO, Final

_BLOCK: Final = 1024 * 1024
_LONGEST_CELL: Final = 16 * 1024
"""Bytes of a cell with its formula, of which Excel allows 8,192 characters."""

_MOST_OF_BOOK: Final = 4 * 1024 * 1024
_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_TAG: Final = rb"<(?:\w+:)?%s\s([^>]*)>"
_SHEET: Final = re.compile(_TAG % rb"sheet")
_RELATION: Final = re.compile(_TAG % rb"Relationship")
_ATTRIBUTE: Final = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_IS_ERROR: Final = re.compile(rb"""\bt\s*=\s*["']e["']""")
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_PLACE: Final = re.compile(rb"""\br\s*=\s*["']\$?([A-Za-z]{1,3})\$?([0-9]{1,7})["']""")
_VALUE: Final = re.compile(rb"<(?:\w+:)?v>([^<]{1,40})</")


def find_errors(content: bytes, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Yield row and column, from 0, and the text of each such cell, in the order of the sheet.

    The content is one that python-calamine can read.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = _part_of(archive, sheet)
        if name is None:
            return
        with archive.open(name) as part:
            yield from errors_in(part)


def errors_in(part: IO[bytes]) -> Iterator[tuple[int, int, str]]:
    """Yield the same of a sheet's own part of the file."""
    before = b""
    while block := part.read(_BLOCK):
        text = before + block
        # The last cell may be cut off: it is read with the next block.
        end = max(text.rfind(b"<c "), text.rfind(b":c ") - 16, len(text) - _LONGEST_CELL, 0)
        whole, before = text[:end], text[end:]
        if _IS_ERROR.search(whole):
            yield from _cells_in(whole)
    yield from _cells_in(before)


def _cells_in(text: bytes) -> Iterator[tuple[int, int, str]]:
    for cell in _CELL.finditer(text):
        if not _IS_ERROR.search(cell[1]):
            continue
        place = _PLACE.search(cell[1])
        value = _VALUE.search(text, cell.end(), cell.end() + _LONGEST_CELL)
        if place is not None:
            said = value[1].decode("utf-8", "replace") if value else "#VALUE!"
            yield int(place[2]) - 1, column_number(place[1]) - 1, said


def column_number(letters: bytes) -> int:
    """Return the number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the part that a sheet lies in."""
    known = set(archive.namelist())
    if not {_BOOK, _RELATIONS} <= known:
        return None
    targets = {
        one.get("Id", ""): one.get("Target", "")
        for one in _attributes(archive, _RELATIONS, _RELATION)
    }
    for one in _attributes(archive, _BOOK, _SHEET):
        if one.get("name") == sheet:
            key = next((text for name, text in one.items() if name.endswith(":id")), "")
            target = targets.get(key, "")
            name = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            return name if name in known else None
    return None


def _attributes(
    archive: zipfile.ZipFile, name: str, tag: re.Pattern[bytes]
) -> Iterator[Mapping[str, str]]:
    with archive.open(name) as part:
        text = part.read(_MOST_OF_BOOK)
    for found in tag.finditer(text):
        yield {
            one[1].decode("utf-8", "replace"): unescape(
                (one[2] or one[3] or b"").decode("utf-8", "replace")
            )
            for one in _ATTRIBUTE.finditer(found[1])
        }
