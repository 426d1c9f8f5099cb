"""Markdown as people read it: as HTML that can do no harm, as plain text, and in short."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.mail.text import text_of

_TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "pre", "code", "hr"}
    | {"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}
)
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_HEADING: Final = re.compile(r"h([1-6])")
_BELOW_TITLE: Final = 2
"""An article stands below the heads of its page and of its card."""

# Pictures would be fetched from elsewhere, and tell there who reads what.
_PARSER: Final = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable(["image"])
)
_SHORT: Final = 200
_BEFORE: Final = 60


def to_html(text: str) -> str:
    """Return Markdown as HTML without anything that runs, is fetched or acts on the page."""
    tokens = _PARSER.parse(text)
    _lower_headings(tokens)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )


def to_text(text: str) -> str:
    """Return Markdown as plain text, as it stands in a mail or an answer."""
    return text_of(to_html(text))


def shorten(text: str, words: Sequence[str] = ()) -> str:
    """Return the beginning of a Markdown text in one line, or where the first of ``words`` is."""
    line = " ".join(token.content for token in _PARSER.parse(text) if token.type == "inline")
    line = " ".join(re.sub(r"[*_`~]|\]\([^)]*\)|\[", "", line).split())
    lowered = line.lower()
    places = [place for word in words if (place := lowered.find(word)) > _SHORT - _BEFORE]
    start = line.find(" ", min(places) - _BEFORE) + 1 if places else 0
    piece = line[start : start + _SHORT]
    if start + _SHORT < len(line):
        piece = f"{piece.rpartition(' ')[0] or piece} …"
    return f"… {piece}" if start else piece


def _lower_headings(tokens: Sequence[Token]) -> None:
    for token in tokens:
        found = _HEADING.fullmatch(token.tag)
        if found is not None:
            token.tag = f"h{min(int(found[1]) + _BELOW_TITLE, 6)}"
