"""An uploaded Word file, taken apart with care: what could do harm is refused by name.

A DOCX is a ZIP of XML parts (ECMA-376). Whoever opens what is made from it trusts this
installation, and so does the program that makes PDFs of it: nothing in it may run, be fetched
from elsewhere, or be larger unpacked than it says.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from services.documents.word.markup import Walker, attribute, elements_of
from services.errors import Invalid

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 40 * 1024 * 1024
MAX_XML_BYTES: Final = 5 * 1024 * 1024
MAX_ENTRIES: Final = 500
MAX_RATIO: Final = 100
_RATIO_COUNTS_FROM: Final = 4 * 1024 * 1024

WORD_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CONTENT_TYPES: Final = "[Content_Types].xml"
_WORD_PART: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_MAIN: Final = f"{_WORD_PART}document.main+xml"
_TEXT_PARTS: Final = {
    _MAIN: "The text",
    f"{_WORD_PART}header+xml": "A header",
    f"{_WORD_PART}footer+xml": "A footer",
    f"{_WORD_PART}footnotes+xml": "The footnotes",
    f"{_WORD_PART}endnotes+xml": "The endnotes",
}
_PICTURES: Final = frozenset({"png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf"})
_ENDINGS: Final = _PICTURES | {"xml", "rels", "ttf", "odttf", "fntdata"}
_REFUSED_TYPES: Final = {
    "macroenabled": "has macros; save it as .docx",
    "vbaproject": "has macros; save it as .docx",
    "activex": "has an ActiveX control",
    "oleobject": "has an embedded object",
    "template.main": "is a Word template (.dotx); save it as .docx",
}
_REFUSED_RELATIONS: Final = {
    "oleobject": "has an embedded object",
    "package": "has an embedded file",
    "control": "has an ActiveX control",
    "vbaproject": "has macros; save it as .docx",
    "attachedtemplate": "is attached to a template elsewhere; detach it in Word",
    "afchunk": "takes in another file",
    "subdocument": "takes in another file",
    "externallink": "takes in another file",
    "frame": "takes in another file",
}
_REFUSED_ELEMENTS: Final = {
    "OLEObject": "has an embedded object",
    "control": "has an ActiveX control",
    "altChunk": "takes in another file",
    "subDoc": "takes in another file",
}
_LINKS: Final = ("https://", "http://", "mailto:", "tel:")
# Field codes that fetch or run something (ECMA-376 part 1, 17.16.5).
_REACHING_FIELD: Final = re.compile(
    r"\b(DDEAUTO|DDE|INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|LINK|RD|DATABASE|MACROBUTTON"
    r"|EMBED|CONTROL)\b",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r'"[^"]*"')
_PACKINGS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class WordFile:
    """A Word file that was found harmless.

    Attributes:
        parts: Name → content, in the order of the file.
        texts: The parts that hold text, by name → what people call them; the main one first.
    """

    parts: Mapping[str, bytes]
    texts: Mapping[str, str]


def read_word_file(content: bytes) -> WordFile:
    """Take a Word file apart.

    Raises:
        Invalid: It is none, or there is something in it that can't be taken; the text says what.
    """
    parts = _unpack(content)
    texts = _check_types(parts)
    for name, part in parts.items():
        ending = _ending_of(name)
        if ending == "rels":
            _check_relations(name, part)
        elif ending == "xml":
            _check_markup(name, part)
    return WordFile(parts, texts)


def pack(parts: Mapping[str, bytes]) -> bytes:
    """Return the file that is made of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            # A fixed time: the same text makes the same file.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _unpack(content: bytes) -> dict[str, bytes]:
    if len(content) > MAX_FILE_BYTES:
        raise _refused(f"has more than {MAX_FILE_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_entries(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Invalid("This is no Word file (.docx).") from error


def _read_entries(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise _refused(f"has more than {MAX_ENTRIES} parts")
    _check_sizes(entries)
    parts: dict[str, bytes] = {}
    for entry in entries:
        name = entry.filename
        _check_name(name, parts)
        if entry.flag_bits & 1:
            raise _refused("is protected by a password")
        if entry.compress_type not in _PACKINGS:
            raise _refused("is packed in a way that Word doesn't know")
        most = MAX_XML_BYTES if _ending_of(name) in {"xml", "rels"} else MAX_UNPACKED_BYTES
        # What the file says of its sizes may be a lie, so no more is read than may be there.
        with archive.open(entry) as stream:
            part = stream.read(most + 1)
        if len(part) > most:
            raise _refused(f"has too large a part, {name}")
        parts[name] = part
    return parts


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    is_bomb = unpacked > _RATIO_COUNTS_FROM and unpacked / packed > MAX_RATIO
    if unpacked > MAX_UNPACKED_BYTES or is_bomb:
        raise _refused("is too large when it is unpacked")


def _check_name(name: str, known: Mapping[str, bytes]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or name in known:
        raise _refused("has parts with names that Word doesn't give")
    folders = {part.lower() for part in path.parts[:-1]}
    if "vbaproject" in path.name.lower() or "vbadata" in path.name.lower():
        raise _refused(_REFUSED_TYPES["vbaproject"])
    if "embeddings" in folders:
        raise _refused(_REFUSED_RELATIONS["oleobject"])
    if folders & {"activex", "customui"}:
        raise _refused(_REFUSED_RELATIONS["control"])
    if _ending_of(name) not in _ENDINGS:
        raise _refused(f"has a part of a kind that can't be taken, {path.name}")


def _ending_of(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _check_types(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the parts that hold text."""
    if CONTENT_TYPES not in parts:
        raise Invalid("This is no Word file (.docx).")
    texts: dict[str, str] = {}
    for tag, attributes in elements_of(parts[CONTENT_TYPES], "The list of parts"):
        said = attribute(attributes, "ContentType")
        for part, problem in _REFUSED_TYPES.items():
            if part in said.lower():
                raise _refused(problem)
        name = attribute(attributes, "PartName").removeprefix("/")
        if tag == "Override" and said in _TEXT_PARTS and name in parts:
            texts[name] = said
    if list(texts.values()).count(_MAIN) != 1:
        raise Invalid("This is no Word file (.docx).")
    first = sorted(texts, key=lambda name: (texts[name] != _MAIN, name))
    return {name: _TEXT_PARTS[texts[name]] for name in first}


def _check_relations(name: str, part: bytes) -> None:
    for tag, attributes in elements_of(part, f"The part {name}"):
        if tag != "Relationship":
            continue
        kind = attribute(attributes, "Type").rpartition("/")[2].lower()
        if kind in _REFUSED_RELATIONS:
            raise _refused(_REFUSED_RELATIONS[kind])
        target = attribute(attributes, "Target")
        is_outside = attribute(attributes, "TargetMode").lower() == "external" or ":" in target
        if not is_outside and not target.startswith("\\"):
            continue
        if kind != "hyperlink":
            raise _refused(f"takes its {kind} from elsewhere ({target[:80]}); put it into the file")
        if not target.lower().startswith(_LINKS):
            raise _refused(f"has a link that is none of the web ({target[:80]})")


def _check_markup(name: str, part: bytes) -> None:
    if not part.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise _refused(f"has a part that can't be read, {name}")
    if b"\x00" in part[:200] or re.search(rb"encoding=[\"'](?!utf-?8)", part[:200], re.IGNORECASE):
        raise _refused("is not written in UTF-8")
    reader = _HarmReader()
    reader.walk(part, f"The part {name}")
    if reader.harm:
        raise _refused(reader.harm)


class _HarmReader(Walker):
    """Finds elements and field codes that run or fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.harm = ""
        self._code: list[str] = []
        self._is_code = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Look at an element."""
        self.harm = self.harm or _REFUSED_ELEMENTS.get(tag, "")
        if tag == "fldSimple":
            self._look_at(attribute(attributes, "instr"))
        elif tag == "instrText":
            self._is_code = True
        elif tag == "p":
            self._code.clear()

    def end(self, tag: str) -> None:
        """Look at a field's code once its paragraph ends: it may be in pieces."""
        if tag == "instrText":
            self._is_code = False
        elif tag == "p":
            self._look_at("".join(self._code))

    def text(self, text: str) -> None:
        """Keep what is in a field's code."""
        if self._is_code:
            self._code.append(text)

    def _look_at(self, code: str) -> None:
        if found := _REACHING_FIELD.search(_QUOTED.sub("", code)):
            self.harm = self.harm or f"has a field that reaches outside, {found.group().upper()}"
        elif "{{" in code or "{%" in code:
            self.harm = self.harm or "has a place for a value inside a field's code"


def _refused(reason: str) -> Invalid:
    return Invalid(f"This Word file {reason}.", code="word_file_refused")
