"""From the HTML of a document template to a PDF.

The HTML is a small, documented subset (docs/templates.md); it becomes a tree of plain nodes
that a fixed Typst program draws. Nothing of a template is ever executed or fetched.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal

import nh3
import orjson
import typst

from services.documents.fonts import fonts_of
from services.documents.press import REFUSED
from services.errors import Invalid

LAYOUT = Path(__file__).parent / "templates" / "layout.typ"
MAX_HTML_CHARACTERS = 4_000_000
MAX_PICTURED_CHARACTERS = 300_000
MAX_DEPTH = 30
MAX_COLUMNS = 30
LONG_CHARACTERS = 60_000
"""What has more is drawn in a process of its own: some 250 lines of a paper."""

MAX_SECONDS = 60
_PRESS: Final = Path(__file__).with_name("press.py")
_MAX_OPEN: Final = 500
_LONGEST_WORD: Final = 30
_PIECE: Final = 10
_BREAK_HERE: Final = "\u200b"
_PICTURE_PPI: Final = 96.0

TAGS = frozenset(
    {"h1", "h2", "h3", "p", "strong", "b", "em", "i", "u", "small", "br", "hr", "ul", "ol", "li"}
    | {"blockquote", "table", "thead", "tbody", "tfoot", "tr", "th", "td"}
    | {"section", "div", "header", "span"}
)
CLASSES = frozenset(
    {"letterhead", "columns", "callout", "signatures", "together", "totals", "facts", "lead"}
    | {"right", "page"}
)
# The compiler refuses to be used by two threads; a page takes it some milliseconds.
_ONE_AT_A_TIME = Lock()
# Long ones take up memory, so no two of them are drawn side by side.
_ONE_LONG = Lock()
_EMPTY_TAGS = frozenset({"br", "hr"})
_INLINE = frozenset({"strong", "b", "em", "i", "u", "small", "span"})
_NO_TEXT = frozenset({"table", "thead", "tbody", "tfoot", "tr", "ul", "ol"})
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Those that hold nothing, and those that the next of their kind closes.
_FLAT_TAGS: Final = frozenset({"br", "hr", "p", "li", "td", "th", "tr", "thead", "tbody", "tfoot"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is the same on all pages.

    Attributes:
        color: The brand's, as ``#rrggbb``.
        footer: One line at the foot of each page.
        language: Two letters, for hyphenation.
        logo: A PNG or JPEG in the place of the initial; None for the initial.
        fonts: The folder of fonts besides the layout's own.
    """

    title: str
    initial: str
    color: str
    footer: str
    language: str = "en"
    logo: bytes | None = None
    fonts: Path | None = None


@dataclass(slots=True)
class _Node:
    tag: str
    classes: list[str]
    children: list[_Node | str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        inner = [c if isinstance(c, str) else c.as_dict() for c in self._visible()]
        return {"tag": self.tag, "classes": self.classes, "children": inner}

    def _visible(self) -> Iterator[_Node | str]:
        """Yield the children without the white space that begins or ends a line."""
        before: _Node | str | None = None
        last = len(self.children) - 1
        for index, child in enumerate(self.children):
            after = None if index == last else self.children[index + 1]
            if isinstance(child, str):
                child = child.lstrip() if _breaks(before) else child  # noqa: PLW2901
                child = child.rstrip() if _breaks(after) else child  # noqa: PLW2901
            if child != "":
                yield child
            before = child


def _breaks(neighbour: _Node | str | None) -> bool:
    """Tell whether a line ends where this neighbour stands; None is the parent's edge."""
    return neighbour is None or (isinstance(neighbour, _Node) and neighbour.tag not in _INLINE)


class _TreeBuilder(HTMLParser):
    """Collects nodes; the HTML was made well-formed before."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("root", [])
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = (dict(attrs).get("class") or "").split()
        node = _Node(tag, [name for name in given if name in CLASSES])
        self._open[-1].children.append(node)
        if tag in {"td", "th"} and len(self._open[-1].children) > MAX_COLUMNS:
            raise Invalid(f"A table of the document has more than {MAX_COLUMNS} columns.")
        if tag not in _EMPTY_TAGS:
            self._open.append(node)
        if len(self._open) > MAX_DEPTH:
            raise Invalid(f"The document is nested deeper than {MAX_DEPTH} elements.")

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        parent = self._open[-1]
        if parent.tag in _NO_TEXT:
            return
        # White space counts as in a browser: a run of it is one space.
        lead = " " if data[:1].isspace() else ""
        trail = " " if data.strip() and data[-1:].isspace() else ""
        words = (_breakable(word) for word in data.split())
        parent.children.append(f"{lead}{' '.join(words)}{trail}")


def _breakable(word: str) -> str:
    """Return a word that may be broken where it is too long for its column, as URLs are."""
    if len(word) <= _LONGEST_WORD:
        return word
    pieces = (word[place : place + _PIECE] for place in range(0, len(word), _PIECE))
    return _BREAK_HERE.join(pieces)


def draw_pdf(html: str, look: Look) -> bytes:
    """Return the PDF of ``html``.

    Raises:
        Invalid: The document is too large or too deeply nested.
    """
    source = _source(html, look)
    if len(html) > LONG_CHARACTERS:
        return _press(source, look.fonts)
    drawn = _draw(source, "pdf", look.fonts)
    if not isinstance(drawn, bytes):
        raise TypeError("the compiler gave no single file")
    return drawn


def draw_pages(html: str, look: Look) -> list[bytes]:
    """Return a picture of each page of ``html``, as PNG.

    Raises:
        Invalid: The document is too large or too deeply nested.
    """
    if len(html) > MAX_PICTURED_CHARACTERS:
        raise Invalid("The document is too long to be shown here.")
    drawn = _draw(_source(html, look), "png", look.fonts)
    pages = drawn if isinstance(drawn, list) else [drawn]
    return [page for page in pages if isinstance(page, bytes)]


def text_of(html: str) -> str:
    """Return what a document says, without its looks.

    Raises:
        Invalid: The document is too large or too deeply nested.
    """
    return "\n".join(_texts(_tree_of(html)))


def _texts(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        else:
            yield from _texts(node["children"])


def _source(html: str, look: Look) -> bytes:
    source = {
        "tree": _tree_of(html),
        "title": look.title,
        "initial": look.initial,
        "color": look.color,
        "footer": look.footer,
        "logo": None if look.logo is None else list(look.logo),
        "language": look.language,
    }
    return orjson.dumps(source)


def _draw(source: bytes, kind: Literal["pdf", "png"], fonts: Path | None) -> Any:
    inputs = {"document": source.decode()}
    compiler = _compiler(fonts_of(fonts))
    try:
        with _ONE_AT_A_TIME:
            return compiler.compile(sys_inputs=inputs, format=kind, ppi=_PICTURE_PPI)
    except typst.TypstError as error:
        raise _undrawable() from error


def _press(source: bytes, fonts: Path | None = None) -> bytes:
    """Return the PDF of a long document, drawn within bounds of time and memory."""
    command = [sys.executable, "-I", str(_PRESS), str(LAYOUT), *([str(fonts)] if fonts else [])]
    try:
        with _ONE_LONG:
            done = subprocess.run(  # noqa: S603 - our own interpreter and file
                command, input=source, capture_output=True, timeout=MAX_SECONDS, env={}, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise Invalid(f"Drawing the document takes longer than {MAX_SECONDS} seconds.") from error
    if done.returncode == REFUSED:
        raise _undrawable()
    if done.returncode:
        raise Invalid("The document is too long to be drawn.")
    return done.stdout


def _undrawable() -> Invalid:
    return Invalid("The document can't be drawn: its parts are nested too deeply, or damaged.")


def _tree_of(html: str) -> list[Any]:
    if len(html) > MAX_HTML_CHARACTERS:
        raise Invalid("The document is too long.")
    _check_depth(html)
    clean = nh3.clean(html, tags=set(TAGS), attributes={"*": {"class"}}, link_rel=None)
    builder = _TreeBuilder()
    builder.feed(clean)
    builder.close()
    tree: list[Any] = builder.root.as_dict()["children"]
    return tree


def _check_depth(html: str) -> None:
    """Refuse what is nested so deeply that making it well-formed would take long."""
    depth = 0
    for closes, name in _TAG.findall(html):
        if name.lower() not in _FLAT_TAGS:
            depth = max(0, depth - 1) if closes else depth + 1
        if depth > _MAX_OPEN:
            raise Invalid(f"The document is nested deeper than {MAX_DEPTH} elements.")


@lru_cache(maxsize=2)
def _compiler(fonts: typst.Fonts) -> typst.Compiler:
    """Return the compiler of the layout with these fonts, and none of the system's."""
    return typst.Compiler(str(LAYOUT), root=str(LAYOUT.parent), font_paths=fonts)
