"""Reading a raw mail (RFC 5322, MIME), however broken: what can't be read is left out.

The standard library's older header policy is used on purpose: the newer one raises various
errors on malformed headers, and whoever can send a mail can send those.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import Compat32
from typing import Any

from services.errors import Invalid
from services.mail import headers
from services.mail.bodies import Attachment, attachments, bodies, content_of
from services.records.contact_points import normalise_email

MAX_BYTES = 28 * 1024 * 1024
"""Of a raw mail: the large providers let 25 MB through, files that are too large are left out."""

MAX_LINES = 400_000
MAX_DEPTH = 20
MAX_PARTS = 200
_MAX_CONTENT_HEADER = 1_000
_RETURNED_ID = re.compile(r"^Message-ID:\s*(<[^<>]{1,950}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """What a mail says, cleaned.

    Attributes:
        reply_to: Where answers are asked for instead, if anywhere.
        cc_addresses: Who else it went to, or empty.
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
    reply_to: str | None
    to_addresses: str
    cc_addresses: str
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
        return headers.says_forged(self.authentication_results)


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
        return name, value[: _MAX_CONTENT_HEADER if is_content else headers.MAX_RAW_HEADER]


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
    name, address = headers.sender(message)
    text, html = bodies(parts)
    files, left_out = attachments(parts)
    answers = next(headers.people(message, "Reply-To"), None)
    copies = list(headers.people(message, "Cc"))[: headers.MAX_COPIES]
    return ReceivedMail(
        message_id=headers.message_id(message, raw),
        from_name=name,
        from_address=address,
        reply_to=answers[1] if answers else None,
        to_addresses=headers.header(message, "To"),
        cc_addresses=", ".join(headers.shown_address(*one) for one in copies),
        recipients=headers.recipients(message),
        references=headers.references(message),
        subject=headers.header(message, "Subject")[:300] or "(no subject)",
        text=text,
        html=html,
        automatic=headers.is_automatic(message, address),
        authentication_results=headers.header(message, "Authentication-Results") or None,
        attachments=files,
        left_out=left_out,
        failed=_failed(message),
        returned=_returned(message),
    )


def _leaves(message: Message) -> list[Message]:
    leaves = [part for part in message.walk() if not part.is_multipart()]
    if len(leaves) > MAX_PARTS:
        raise ValueError("too many parts")
    return leaves


def _failed(message: Message) -> list[str]:
    """Return the addresses of a report that will never get the mail (status 5.x.x)."""
    if message.get_content_type() != "multipart/report":
        return []
    found = []
    for part in message.walk():
        recipient = headers.header(part, "Final-Recipient").rpartition(";")[2].strip()
        action, status = headers.header(part, "Action").lower(), headers.header(part, "Status")
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
            found += headers.ids(part, "Message-ID")
        if part.get_content_type() == "text/rfc822-headers":
            text = content_of(part)[: headers.MAX_RAW_HEADER].decode("ascii", "replace")
            found += [
                headers.whole_ids(one)[0] for one in _RETURNED_ID.findall(text) if one.strip("<> ")
            ]
    return list(dict.fromkeys(found))[:20]
