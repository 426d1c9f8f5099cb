"""Reading a raw mail (RFC 5322, MIME), however broken: what can't be read is left out.

The standard library's older header policy is used on purpose: the newer one raises various
errors on malformed headers, and whoever can send a mail can send those.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from typing import Any

from services.errors import Invalid
from services.mail.text import clean_html, text_of
from services.records.contact_points import normalise_email

MAX_LINES = 400_000
MAX_DEPTH = 20
MAX_PARTS = 200
MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024
MAX_TEXT_CHARACTERS = 50_000
MAX_HTML_CHARACTERS = 200_000
MAX_HEADER_CHARACTERS = 2_000
MAX_HTML_TAGS = 20_000
MAX_HTML_DEPTH = 500
_MAX_RAW_HEADER = 20_000
_MAX_CONTENT_HEADER = 1_000
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
# Kept as plain bytes, so that no browser ever takes them for a page of ours.
_ACTIVE_TYPES = re.compile(r"html|xml|svg|script|shockwave")
# Longer than a line, they come folded, some in their middle (RFC 5322 3.6.4, 4.5.4).
_IDS = re.compile(r"<[^<>]{1,950}>")
_RETURNED_ID = re.compile(r"^Message-ID:\s*(<[^<>]{1,950}>)", re.IGNORECASE | re.MULTILINE)
_MAX_REFERENCES = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(r"<(/?)([a-zA-Z]+[1-6]?)")
_WHOLE_TAG = re.compile(r"<[^<>]*>")
# Those that never hold others, and those that the next of their kind closes.
_FLAT_TAGS = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
    | {"p", "li", "td", "th", "tr", "dt", "dd", "option"}
)
_QUOTE_BEGINS = re.compile(
    r"^(On .{6,200} wrote:|Am .{6,200} schrieb.{0,80}:|.{6,200} (пишет|написал.{0,3}|пише):"
    r"|-{3,} ?(Original Message|Forwarded message|Ursprüngliche Nachricht).*)$"
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """What a mail says, cleaned.

    Attributes:
        recipients: Of all headers that tell where it was delivered to.
        references: The Message-IDs that it answers to, oldest first.
        automatic: Whether a program wrote it (RFC 3834 2), which is never answered.
        authentication_results: What our mail server found out about the sender (RFC 8601).
        left_out: Names of attachments that were too large or too many.
        failed: Addresses that a mail server says it can't deliver to (RFC 3464).
        returned: The Message-IDs of mails that came back inside this one.
    """

    message_id: str
    from_name: str
    from_address: str
    to_addresses: str
    recipients: list[str]
    references: list[str]
    subject: str
    text: str
    html: str | None
    automatic: bool
    authentication_results: str | None
    attachments: list[Attachment] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)

    @property
    def is_forged(self) -> bool:
        """Whether the mail server found that the sender's address is not genuine."""
        return bool(re.search(r"\bdmarc=fail\b", self.authentication_results or ""))


class _Part(Message):
    """A part that knows how deep it lies: the parser asks at every line for all parts around."""

    depth = 0

    def attach(self, payload: Any) -> None:
        """Add a part.

        Raises:
            ValueError: It would lie too deep.
        """
        payload.depth = self.depth + 1
        if payload.depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        super().attach(payload)


class _ShortHeaders(Compat32):
    """Cuts headers where they come in: the library takes quadratic time for long ones."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, Any]:
        """Return a header's name and the beginning of its value."""
        name, value = super().header_source_parse(sourcelines)
        is_content = name.lower().startswith("content-")
        return name, value[: _MAX_CONTENT_HEADER if is_content else _MAX_RAW_HEADER]


def read_mail(raw: bytes) -> ReceivedMail:
    """Return what ``raw`` says.

    Raises:
        Invalid: It is no mail, has no sender, or is nested too deeply.
    """
    if raw.count(b"\n") > MAX_LINES:
        raise Invalid("This mail has too many lines.")
    try:
        return _read(raw)
    except (MessageError, RecursionError, ValueError, LookupError) as error:
        raise Invalid("This is not a mail that can be read.") from error


def _read(raw: bytes) -> ReceivedMail:
    message = message_from_bytes(raw, _Part, policy=_ShortHeaders())
    parts = _leaves(message)
    name, address = _sender(message)
    text, html = _bodies(parts)
    attachments, left_out = _attachments(parts)
    return ReceivedMail(
        message_id=_message_id(message, raw),
        from_name=name,
        from_address=address,
        to_addresses=_header(message, "To"),
        recipients=_recipients(message),
        references=_references(message),
        subject=_header(message, "Subject")[:300] or "(no subject)",
        text=text,
        html=html,
        automatic=_is_automatic(message, address),
        authentication_results=_header(message, "Authentication-Results") or None,
        attachments=attachments,
        left_out=left_out,
        failed=_failed(message),
        returned=_returned(message),
    )


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


def _leaves(message: Message) -> list[Message]:
    leaves = [part for part in message.walk() if not part.is_multipart()]
    if len(leaves) > MAX_PARTS:
        raise ValueError("too many parts")
    return leaves


def _header(message: Message, name: str) -> str:
    """Return the first header of this name as clean text on one line; empty if there is none."""
    value = message.get(name)
    return "" if value is None else _decoded(str(value))


def _decoded(value: str, most: int = MAX_HEADER_CHARACTERS) -> str:
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, ValueError, LookupError):
        text = value
    return " ".join(_CONTROL.sub("\ufffd", text).split())[:most]


def _sender(message: Message) -> tuple[str, str]:
    for header in ("From", "Sender"):
        # Addresses are taken apart before decoding: an encoded name may hold a comma.
        for name, address in _addresses(message, header):
            try:
                return _decoded(name), normalise_email(address)
            except (ValueError, UnicodeError):
                continue
    raise Invalid("This mail has no sender that can be answered.")


def _message_id(message: Message, raw: bytes) -> str:
    found = _ids(message, "Message-ID")
    return found[0] if found else f"<{hashlib.sha256(raw).hexdigest()}@generated.invalid>"


def _recipients(message: Message) -> list[str]:
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    found = [address for name in names for _, address in _addresses(message, name)]
    return [address.lower() for address in found if "@" in address][:100]


def _addresses(message: Message, header: str) -> list[tuple[str, str]]:
    """Return names and addresses of a header; none of one that is made to confuse."""
    try:
        return getaddresses([str(value) for value in message.get_all(header, [])])
    except (RecursionError, IndexError, ValueError):
        return []


def _references(message: Message) -> list[str]:
    # What is answered stands last, so it is the oldest that go where there are many.
    found = _ids(message, "References") + _ids(message, "In-Reply-To")
    return list(dict.fromkeys(found))[-_MAX_REFERENCES:]


def _ids(message: Message, name: str) -> list[str]:
    """Return the Message-IDs of a header, each whole, however it was folded."""
    value = message.get(name)
    return [] if value is None else _whole_ids(_decoded(str(value), _MAX_RAW_HEADER))


def _whole_ids(text: str) -> list[str]:
    return [whole for one in _IDS.findall(text) if len(whole := "".join(one.split())) > len("<>")]


def _failed(message: Message) -> list[str]:
    """Return the addresses of a report that will never get the mail (status 5.x.x)."""
    if message.get_content_type() != "multipart/report":
        return []
    found = []
    for part in message.walk():
        recipient = _header(part, "Final-Recipient").rpartition(";")[2].strip()
        action, status = _header(part, "Action").lower(), _header(part, "Status")
        if recipient and action == "failed" and status.startswith("5"):
            with suppress(ValueError):
                found.append(normalise_email(recipient))
    return list(dict.fromkeys(found))


def _returned(message: Message) -> list[str]:
    """Return the Message-IDs of what a report sends back, as a mail or as its headers."""
    if message.get_content_type() != "multipart/report":
        return []
    found = []
    for part in message.walk():
        if part is not message:
            found += _ids(part, "Message-ID")
        if part.get_content_type() == "text/rfc822-headers":
            text = _content_of(part)[:_MAX_RAW_HEADER].decode("ascii", "replace")
            found += [_whole_ids(one)[0] for one in _RETURNED_ID.findall(text) if one.strip("<> ")]
    return list(dict.fromkeys(found))[:20]


def _is_automatic(message: Message, address: str) -> bool:
    submitted = _header(message, "Auto-Submitted").lower()
    return (
        submitted not in {"", "no"}
        or _header(message, "Precedence").lower() in {"bulk", "list", "junk", "auto_reply"}
        or any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or _header(message, "Return-Path") == "<>"
        or message.get_content_type() == "multipart/report"
        or address.partition("@")[0] in {"mailer-daemon", "postmaster", "noreply", "no-reply"}
    )


def _bodies(parts: list[Message]) -> tuple[str, str | None]:
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
    content = _content_of(part)
    charset = part.get_content_charset() or "utf-8"
    try:
        text = content.decode(charset, "replace")
    except (LookupError, ValueError):
        text = content.decode("utf-8", "replace")
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _content_of(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return b""
    return content if isinstance(content, bytes) else b""


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_file_name(part))


def _attachments(parts: list[Message]) -> tuple[list[Attachment], list[str]]:
    kept: list[Attachment] = []
    left_out: list[str] = []
    for part in _files(parts):
        name = _file_name(part) or "attachment"
        content = _content_of(part)
        if len(kept) >= MAX_ATTACHMENTS or len(content) > MAX_ATTACHMENT_BYTES:
            left_out.append(name)
        elif content:
            kept.append(Attachment(name, _safe_type(part), content))
    return kept, left_out


def _file_name(part: Message) -> str:
    try:
        return _decoded(str(part.get_filename() or ""))
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
