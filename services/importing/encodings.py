"""Finding out in which encoding a text file is written.

A byte order mark says it, valid UTF-8 is UTF-8; beyond that the letters are looked at: Cyrillic
words are runs of letters above 127, in Western and Turkish words such letters stand alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import Final

ENCODINGS: Final = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-16-be": "UTF-16 (big endian)",
    "cp1252": "Windows-1252 (Western European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1250": "Windows-1250 (Central European)",
    "koi8-r": "KOI8-R (Russian)",
    "cp866": "CP866 (Russian, DOS)",
}

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HIGH_RUNS: Final = re.compile(rb"[\x80-\xff]+")
_TURKISH: Final = frozenset(b"\xd0\xdd\xde\xf0\xfd\xfe")
_CYRILLIC_RUN: Final = 2.2
"""How long runs of letters above 127 are on average, at least, in Cyrillic text."""


def mark_length(content: bytes) -> int:
    """Return how many bytes the byte order mark takes; 0 if there is none."""
    return next((len(mark) for mark, _ in _MARKS if content.startswith(mark)), 0)


def find_encoding(start: bytes, rest: Iterable[bytes] = ()) -> str:
    """Return the encoding of a file that begins with ``start`` and goes on with ``rest``."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if wide := _wide(start[:4096]):
        return wide
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(start)
        for part in rest:
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # What comes first may be plain ASCII for long: guess by where it is not.
        return _guess(start if _HIGH_RUNS.search(start) else bytes(error.object))
    return "utf-8"


def _wide(start: bytes) -> str | None:
    """Tell UTF-16 without a mark: every other byte is NUL in the texts of most languages."""
    half = len(start) // 2
    if half < 2:  # noqa: PLR2004
        return None
    if start[1::2].count(0) > half * 0.4 and start[0::2].count(0) < half * 0.1:
        return "utf-16-le"
    if start[0::2].count(0) > half * 0.4 and start[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None


def _guess(content: bytes) -> str:
    runs = _HIGH_RUNS.findall(content)
    high = b"".join(runs)
    if not high:
        return "cp1252"
    if len(high) / len(runs) >= _CYRILLIC_RUN:
        return _guess_cyrillic(high)
    if sum(byte in _TURKISH for byte in high) * 5 >= len(high):
        return "cp1254"
    return "cp1252"


def _guess_cyrillic(high: bytes) -> str:
    """Tell the Cyrillic encodings apart: small letters are more frequent than capitals."""
    small_1251, small_koi8 = _count(high, 0xE0, 0xFF), _count(high, 0xC0, 0xDF)
    small_866 = _count(high, 0xA0, 0xAF) + _count(high, 0xE0, 0xEF)
    if _count(high, 0x80, 0xAF) > len(high) * 0.4 and small_866 > small_1251 / 2:
        return "cp866"
    return "koi8-r" if small_koi8 > small_1251 * 1.5 else "cp1251"


def _count(content: bytes, first: int, last: int) -> int:
    return sum(first <= byte <= last for byte in content)
