"""Reading CSV files as a stream: their delimiter found, broken quotes told with their line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from services.errors import Invalid
from services.importing.encodings import ENCODINGS, find_encoding, mark_length

DELIMITERS: Final = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
MAX_CELL: Final = 100_000
"""Characters; a longer cell is most likely a quote that is never closed."""

_LOOKED_AT: Final = 64 * 1024
_SAMPLE_ROWS: Final = 60
_SHOWN: Final = 40

csv.field_size_limit(MAX_CELL)


def encoding_of(pieces: Iterable[bytes]) -> str:
    """Return the encoding in which the file is written, as far as that can be known."""
    parts = iter(pieces)
    return find_encoding(next(parts, b""), parts)


def delimiter_of(text: str) -> str:
    """Return what separates the cells: what cuts the first rows into equally many of them."""
    if text[:5].lower().startswith("sep=") and len(text) > 4:  # noqa: PLR2004 - Excel's own hint
        return text[4]
    best, most = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths:
            continue
        width, count = Counter(widths).most_common(1)[0]
        score = (count / len(widths), width) if width > 1 else (0.0, 0)
        if score > most:
            best, most = delimiter, score
    return best


def beginning(pieces: Iterable[bytes], encoding: str) -> str:
    """Return the first characters of the file."""
    start = next(iter(pieces), b"")[:_LOOKED_AT]
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(start[mark_length(start) :])


def read_rows(pieces: Iterable[bytes], encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of the file, also empty ones.

    Raises:
        Invalid: It is written in another encoding, or its quotes are broken; the message says
            where.
    """
    if encoding not in ENCODINGS:
        raise Invalid("This encoding is not known.", {"encoding": ["Choose one of the list."]})
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise Invalid("This is no delimiter.", {"delimiter": ["Use one character."]})
    reader = csv.reader(_lines(pieces, encoding), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if reader.line_num == 1 and row and row[0][:4].lower() == "sep=":
                continue
            yield row
    except csv.Error as error:
        raise _broken(reader.line_num, str(error)) from error
    except UnicodeDecodeError as error:
        message = (
            f"Near line {reader.line_num + 1} the file is not {ENCODINGS[encoding]}. "
            "Choose another encoding."
        )
        raise Invalid(message, {"encoding": [message]}) from error


def _lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    # csv needs the line breaks inside quotes as they are, so none is translated.
    return io.TextIOWrapper(
        io.BufferedReader(_Pieces(pieces), _LOOKED_AT), encoding=encoding, newline=""
    )


def _widths(text: str, delimiter: str) -> list[int]:
    """Return how many cells each of the first rows has if this were the delimiter."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    widths: list[int] = []
    try:
        for row in rows:
            if row:
                widths.append(len(row))
            if len(widths) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return widths
    # The text may end in the middle of a row.
    return widths[:-1] if len(widths) > 2 else widths  # noqa: PLR2004


def _broken(line: int, reason: str) -> Invalid:
    if "field larger" in reason:
        told = f"a cell is longer than {MAX_CELL:,} characters; most likely a quote is not closed"
    elif "unexpected end" in reason:
        told = "a quote is opened and never closed"
    elif "expected after" in reason:
        told = "text follows a closing quote; a quote inside a cell must be doubled"
    else:
        told = reason[:_SHOWN]
    return Invalid(f"Near line {line:,}: {told}.")


class _Pieces(io.RawIOBase):
    """The pieces of a file as one stream, without its byte order mark."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._parts = iter(pieces)
        first = next(self._parts, b"")
        self._left = memoryview(first)[mark_length(first) :]

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with what comes next, and return how many bytes those are."""
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = memoryview(part)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
