"""What a mail says and what is attached to it, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from services.mail.charsets import decode
from services.mail.headers import decoded
from services.mail.text import clean_html, text_of

MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024
MAX_TEXT_CHARACTERS = 50_000
MAX_HTML_CHARACTERS = 200_000
MAX_HTML_TAGS = 20_000
MAX_HTML_DEPTH = 500
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
# Kept as plain bytes, so that no browser ever takes them for a page of ours.
_ACTIVE_TYPES = re.compile(r"html|xml|svg|script|shockwave")
_TAG = re.compile(r"<(/?)([a-zA-Z]+[1-6]?)")
_WHOLE_TAG = re.compile(r"<[^<>]*>")
# Those that never hold others, and those that the next of their kind closes.
_FLAT_TAGS = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
    | {"p", "li", "td", "th", "tr", "dt", "dd", "option"}
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    content_type: str
    content: bytes


def bodies(parts: list[Message]) -> tuple[str, str | None]:
    """Return the text and the clean HTML of a mail's parts."""
    texts = {"text/plain": "", "text/html": ""}
    for part in parts:
        kind = part.get_content_type()
        if kind in texts and not texts[kind] and not _is_attachment(part):
            texts[kind] = _text_of_part(part)
    given = texts["text/html"][:MAX_HTML_CHARACTERS]
    if _is_bomb(given):
        texts["text/plain"] = texts["text/plain"].strip() or _WHOLE_TAG.sub(" ", given)
        given = ""
    html = clean_html(given) or None
    text = texts["text/plain"].strip() or text_of(html or "")
    return text[:MAX_TEXT_CHARACTERS], html


def _is_bomb(html: str) -> bool:
    """Tell whether ``html`` has so many or so deep elements that cleaning it would take long."""
    if html.count("<") > MAX_HTML_TAGS:
        return True
    depth = 0
    for closes, name in _TAG.findall(html):
        if name.lower() not in _FLAT_TAGS:
            depth = max(0, depth - 1) if closes else depth + 1
        if depth > MAX_HTML_DEPTH:
            return True
    return False


def _text_of_part(part: Message) -> str:
    text = decode(content_of(part), part.get_content_charset())
    return text.replace("\r\n", "\n").replace("\r", "\n")


def content_of(part: Message) -> bytes:
    """Return the bytes of a part; none of one that can't be read."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return b""
    return content if isinstance(content, bytes) else b""


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_file_name(part))


def attachments(parts: list[Message]) -> tuple[list[Attachment], list[str]]:
    """Return the files among a mail's parts, and the names of those that are too much."""
    kept: list[Attachment] = []
    left_out: list[str] = []
    for part in _files(parts):
        name = _file_name(part) or "attachment"
        content = content_of(part)
        if len(kept) >= MAX_ATTACHMENTS or len(content) > MAX_ATTACHMENT_BYTES:
            left_out.append(name)
        elif content:
            kept.append(Attachment(name, _safe_type(part), content))
    return kept, left_out


def _file_name(part: Message) -> str:
    try:
        return decoded(str(part.get_filename() or ""))
    except (ValueError, LookupError):
        return "attachment"  # it has a name, but not one that can be read


def _files(parts: list[Message]) -> Iterator[Message]:
    for part in parts:
        text_body = part.get_content_maintype() == "text" and not _is_attachment(part)
        if not text_body and part.get_content_maintype() != "multipart":
            yield part


def _safe_type(part: Message) -> str:
    kind = part.get_content_type()
    if not _CONTENT_TYPE.fullmatch(kind) or _ACTIVE_TYPES.search(kind):
        return "application/octet-stream"
    return kind
