"""The text of mails: HTML made safe, text made from it and it from text, quotes cut off."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import nh3

_TAGS = frozenset(
    {"p", "br", "b", "strong", "i", "em", "u", "a", "ul", "ol", "li", "blockquote", "pre", "code"}
    | {"h1", "h2", "h3", "h4", "hr", "div", "span", "table", "thead", "tbody", "tr", "td", "th"}
)
_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "blockquote", "pre", "table", "tr", "h1", "h2", "h3", "h4"}
)
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_QUOTE_BEGINS = re.compile(
    r"^(On .{6,200} wrote:|Am .{6,200} schrieb.{0,80}:|.{6,200} (пишет|написал.{0,3}|пише):"
    r"|-{3,} ?(Original Message|Forwarded message|Ursprüngliche Nachricht).*)$"
)
_MAIL_STYLE = (
    "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:15px;"
    "line-height:1.55;color:#1d2733;max-width:640px"
)


def clean_html(html: str) -> str:
    """Return ``html`` without anything that runs, is fetched, or acts on the page around it.

    Only listed tags and link addresses remain: no ``style``, ``class``, ``id`` or ``hx-*``.
    """
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def html_of(text: str) -> str:
    """Return plain text as paragraphs with links."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{_linked(part)}</p>" for part in paragraphs if part.strip())


def with_links(text: str, attributes: str = "") -> str:
    """Return plain text as HTML with its web addresses as links, which get ``attributes``."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        url = escape(found.group())
        pieces += [escape(text[end : found.start()]), f'<a href="{url}"{attributes}>{url}</a>']
        end = found.end()
    pieces.append(escape(text[end:]))
    return "".join(pieces)


def wrapped(html: str) -> str:
    """Return the whole HTML document of a mail that goes out."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head>'
        f'<body><div style="{_MAIL_STYLE}">{html}</div></body></html>'
    )


def text_of(html: str) -> str:
    """Return the text of ``html`` with its paragraphs, list items and link addresses."""
    reader = _TextReader()
    reader.feed(clean_html(html))
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def without_quote(text: str) -> str:
    """Return ``text`` up to where it repeats the mail that it answers; all if that is nothing."""
    lines = text.splitlines()
    end = len(lines)
    for index, line in enumerate(lines):
        if _QUOTE_BEGINS.match(line.strip()):
            end = index
            break
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    return "\n".join(lines[:end]).strip() or text.strip()


def _linked(text: str) -> str:
    return with_links(text).replace("\n", "<br>")


class _TextReader(HTMLParser):
    """Collects the text of clean HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._href: str | None = None
        self._link_text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.pieces.append("\n")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in _BLOCKS:
            self.pieces.append("\n\n" if tag != "tr" else "\n")
        elif tag == "a":
            self._href, self._link_text = dict(attrs).get("href"), ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            shown = self._href.removeprefix("mailto:")
            if shown not in self._link_text:
                self.pieces.append(f" ({shown})")
            self._href = None
        elif tag in _BLOCKS and tag != "tr":
            self.pieces.append("\n\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        self._link_text += data
        self.pieces.append(data.replace("\n", " "))
