"""The XML inside a Word file, read piece by piece: no entities, no depth, no end in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final
from xml.parsers import expat

from services.errors import Invalid

MAX_DEPTH: Final = 200
MAX_ELEMENTS: Final = 1_500_000
_BREAKS: Final = {"br": "\n", "cr": "\n", "tab": "\t"}


class Walker:
    """Goes through XML; what it meets is told to the methods that a subclass overrides."""

    def __init__(self) -> None:
        self._depth = 0
        self._count = 0

    def walk(self, xml: bytes, what: str) -> None:
        """Read ``xml`` to its end.

        Raises:
            Invalid: It is broken or not allowed; the text begins with ``what``.
        """
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text
        parser.buffer_text = True
        try:
            parser.Parse(xml, True)  # noqa: FBT003 - expat takes it by place
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "unreadable")
            raise Invalid(f"{what} is damaged ({reason}).") from error
        except _RefusedError as error:
            raise Invalid(f"{what} {error}.") from error

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins; ``tag`` is without its prefix."""

    def end(self, tag: str) -> None:
        """Hear that an element ends."""

    def text(self, text: str) -> None:
        """Hear a piece of text."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise _RefusedError("is nested too deeply or too large")
        self.start(local(name), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(local(name))

    def _refuse_doctype(self, *_declaration: object) -> None:
        raise _RefusedError("declares a document type, which Word never does")


class _RefusedError(Exception):
    """Something in the XML is not allowed."""


def local(name: str) -> str:
    """Return an element's or attribute's name without its prefix."""
    return name.rpartition(":")[2]


def attribute(attributes: dict[str, str], name: str) -> str:
    """Return an attribute, whatever its prefix; empty if there is none."""
    return next((value for key, value in attributes.items() if local(key) == name), "")


class TextReader(Walker):
    """Collects the paragraphs of a part, in the order in which they end."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self._open: list[list[str]] = []
        self._is_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin a paragraph or a text."""
        del attributes
        if tag == "p":
            self._open.append([])
        elif tag == "t":
            self._is_text = True
        elif tag in _BREAKS and self._open:
            self._open[-1].append(_BREAKS[tag])

    def end(self, tag: str) -> None:
        """End a paragraph or a text."""
        if tag == "t":
            self._is_text = False
        elif tag == "p" and self._open:
            self.paragraphs.append("".join(self._open.pop()))

    def text(self, text: str) -> None:
        """Keep what is in a text."""
        if self._is_text and self._open:
            self._open[-1].append(text)


class HtmlReader(Walker):
    """Draws a part as plain HTML: its paragraphs, headings and tables, without their looks."""

    _TABLES: Final = {"tbl": "table", "tr": "tr", "tc": "td"}

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._paragraph: list[str] = []
        self._tag = "p"
        self._is_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open what HTML has an element for."""
        if tag in self._TABLES:
            self.pieces.append(f"<{self._TABLES[tag]}>")
        elif tag == "p":
            self._paragraph, self._tag = [], "p"
        elif tag == "pStyle" and attribute(attributes, "val").startswith(("Heading", "Title")):
            self._tag = "h2"
        elif tag == "t":
            self._is_text = True
        elif tag in _BREAKS:
            self._paragraph.append("<br>" if tag != "tab" else " ")

    def end(self, tag: str) -> None:
        """Close it."""
        if tag in self._TABLES:
            self.pieces.append(f"</{self._TABLES[tag]}>")
        elif tag == "t":
            self._is_text = False
        elif tag == "p":
            inner = "".join(self._paragraph)
            self.pieces.append(f"<{self._tag}>{inner}</{self._tag}>")
            self._paragraph = []

    def text(self, text: str) -> None:
        """Keep what is in a text."""
        if self._is_text:
            self._paragraph.append(escape(text))


def paragraphs_of(xml: bytes, what: str) -> list[str]:
    """Return the texts of a part's paragraphs.

    Raises:
        Invalid: The part can't be read.
    """
    reader = TextReader()
    reader.walk(xml, what)
    return reader.paragraphs


def html_of_part(xml: bytes, what: str) -> str:
    """Return a part as plain HTML.

    Raises:
        Invalid: The part can't be read.
    """
    reader = HtmlReader()
    reader.walk(xml, what)
    return "".join(reader.pieces)


def elements_of(xml: bytes, what: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each element with its attributes.

    Raises:
        Invalid: The part can't be read.
    """
    found: list[tuple[str, dict[str, str]]] = []

    class Elements(Walker):
        def start(self, tag: str, attributes: dict[str, str]) -> None:
            found.append((tag, attributes))

    Elements().walk(xml, what)
    yield from found
