"""Pictures that people hand in: what kind they are and how large, read from their own words.

Nothing is believed that a browser says of a file. Only PNG (RFC 2083) and JPEG (ITU-T T.81) are
taken: a drawing such as SVG may hold scripts.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK: Final = 12
_JPEG_MARKER: Final = 0xFF
_JPEG_SCAN: Final = 0xDA
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SEGMENT: Final = 9


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is: its type, and its size in points."""

    content_type: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return what a picture is.

    Raises:
        ValueError: It is neither a PNG nor a JPEG, or it is damaged.
    """
    try:
        if content.startswith(_PNG_SIGNATURE):
            return _read_png(content)
        if content.startswith(b"\xff\xd8"):
            return _read_jpeg(content)
    except (IndexError, struct.error) as error:
        raise ValueError("This picture is damaged.") from error
    raise ValueError("Use a PNG or JPEG picture.")


def _read_png(content: bytes) -> Picture:
    """Walk the chunks: the first is the header, each has a checksum, the last ends the file."""
    place, kinds = len(_PNG_SIGNATURE), []
    while place < len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        body = content[place + 4 : place + 8 + length]
        (checksum,) = struct.unpack(">I", content[place + 8 + length : place + _PNG_CHUNK + length])
        if zlib.crc32(body) != checksum:
            raise ValueError("This picture is damaged.")
        kinds.append(kind)
        place += _PNG_CHUNK + length
    if kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise ValueError("This picture is damaged.")
    width, height = struct.unpack(">II", content[16:24])
    return Picture(PNG, width, height)


def _read_jpeg(content: bytes) -> Picture:
    """Walk the segments up to the picture itself; one of them is the frame with the size."""
    if not content.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise ValueError("This picture is damaged.")
    place, found = 2, None
    while found is None or content[place + 1] != _JPEG_SCAN:
        if content[place] != _JPEG_MARKER or content[place + 1] == _JPEG_SCAN:
            raise ValueError("This picture is damaged.")
        if content[place + 1] in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + _JPEG_SEGMENT])
            found = Picture(JPEG, width, height)
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        place += 2 + max(length, 2)
    return found
