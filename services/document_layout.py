"""From the HTML of a document template to a PDF.

The HTML is a small, documented subset (docs/templates.md); it becomes a tree of plain nodes
that a fixed Typst program draws. Nothing of a template is ever executed or fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nh3
import orjson
import typst

from services.errors import Invalid

LAYOUT = Path(__file__).parent / "templates" / "layout.typ"
MAX_HTML_CHARACTERS = 300_000
MAX_DEPTH = 30

TAGS = frozenset(
    {"h1", "h2", "h3", "p", "strong", "b", "em", "i", "u", "small", "br", "hr", "ul", "ol", "li"}
    | {"blockquote", "table", "thead", "tbody", "tfoot", "tr", "th", "td"}
    | {"section", "div", "header", "span"}
)
CLASSES = frozenset(
    {"letterhead", "columns", "callout", "signatures", "together", "totals", "facts", "lead"}
    | {"right", "page"}
)
_EMPTY_TAGS = frozenset({"br", "hr"})
_INLINE_PARENTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "ul", "ol"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is the same on all pages.

    Attributes:
        color: The brand's, as ``#rrggbb``.
        footer: One line at the foot of each page.
        language: Two letters, for hyphenation.
    """

    title: str
    initial: str
    color: str
    footer: str
    language: str = "en"


@dataclass(slots=True)
class _Node:
    tag: str
    classes: list[str]
    children: list[_Node | str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        inner = [c if isinstance(c, str) else c.as_dict() for c in self.children]
        return {"tag": self.tag, "classes": self.classes, "children": inner}


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
        if tag not in _EMPTY_TAGS:
            self._open.append(node)
        if len(self._open) > MAX_DEPTH:
            raise Invalid(f"The document is nested deeper than {MAX_DEPTH} elements.")

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        parent = self._open[-1]
        if parent.tag in _INLINE_PARENTS:
            return
        # White space counts as in a browser: runs are one space, none around blocks.
        text = " ".join(data.split()) if data.strip() else ""
        lead = " " if data[:1].isspace() and parent.children else ""
        trail = " " if text and data[-1:].isspace() else ""
        if text or lead:
            parent.children.append(f"{lead}{text}{trail}")


def draw_pdf(html: str, look: Look) -> bytes:
    """Return the PDF of ``html``.

    Raises:
        Invalid: The document is too large or too deeply nested.
    """
    source = {
        "tree": _tree_of(html),
        "title": look.title,
        "initial": look.initial,
        "color": look.color,
        "footer": look.footer,
        "language": look.language,
    }
    inputs = {"document": orjson.dumps(source).decode()}
    drawn = _compiler().compile(sys_inputs=inputs, format="pdf")
    if not isinstance(drawn, bytes):
        raise TypeError("the compiler gave no single file")
    return drawn


def _tree_of(html: str) -> list[Any]:
    if len(html) > MAX_HTML_CHARACTERS:
        raise Invalid("The document is too long.")
    clean = nh3.clean(html, tags=set(TAGS), attributes={"*": {"class"}}, link_rel=None)
    builder = _TreeBuilder()
    builder.feed(clean)
    builder.close()
    tree: list[Any] = builder.root.as_dict()["children"]
    return [node for node in tree if not isinstance(node, str) or node.strip()]


@cache
def _compiler() -> typst.Compiler:
    """Return the compiler of the layout; it reads its fonts once and none of the system's."""
    return typst.Compiler(
        str(LAYOUT), root=str(LAYOUT.parent), ignore_system_fonts=True, font_paths=[]
    )
