"""The headers of a raw mail (RFC 5322, RFC 2047): clean text, addresses, what it answers to.

They are read as they came, byte by byte: the library raises various errors on malformed ones,
and whoever can send a mail can send those.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from services.errors import Invalid
from services.mail.charsets import cleaned, decode
from services.records.contact_points import normalise_email

MAX_HEADER_CHARACTERS = 2_000
MAX_RAW_HEADER = 20_000
MAX_COPIES = 20
# Longer than a line, they come folded, some in their middle (RFC 5322 3.6.4, 4.5.4).
_IDS = re.compile(r"<[^<>]{1,950}>")
_SPECIALS = re.compile(r"[][()<>@,:;\".\\]")
_MAX_REFERENCES = 50


def header(message: Message, name: str) -> str:
    """Return the first header of this name as clean text on one line; empty if there is none."""
    return next((decoded(value) for value in _values(message, name)), "")


def decoded(value: str, most: int = MAX_HEADER_CHARACTERS) -> str:
    """Return a header's value with its encoded words (RFC 2047) as clean text on one line."""
    line = " ".join(value.splitlines())
    try:
        pieces = decode_header(line)
    except (HeaderParseError, ValueError):
        pieces = [(line, None)]
    text = "".join(_piece(word, charset) for word, charset in pieces)
    return " ".join(cleaned(text).split())[:most]


def sender(message: Message) -> tuple[str, str]:
    """Return the name and the address of who wrote a mail.

    Raises:
        Invalid: Nobody that could be answered.
    """
    for name in ("From", "Sender"):
        if (found := next(people(message, name), None)) is not None:
            return found
    raise Invalid("This mail has no sender that can be answered.")


def people(message: Message, name: str) -> Iterator[tuple[str, str]]:
    """Yield names and addresses of a header, those that can be written to."""
    # Addresses are taken apart before decoding: an encoded name may hold a comma.
    for shown, address in _addresses(message, name):
        with suppress(ValueError, UnicodeError):
            yield decoded(shown), normalise_email(address)


def says_forged(results: str | None) -> bool:
    """Tell whether a mail server found that the sender's address is not genuine (RFC 8601)."""
    return bool(re.search(r"\bdmarc=fail\b", results or ""))


def shown_address(name: str, address: str) -> str:
    """Return an address with its name as people read it, quoted where it must be (RFC 5322 3.4)."""
    if not name:
        return address
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>' if _SPECIALS.search(name) else f"{name} <{address}>"


def message_id(message: Message, raw: bytes) -> str:
    """Return the Message-ID, or one made of all that the mail says."""
    found = ids(message, "Message-ID")
    return found[0] if found else f"<{hashlib.sha256(raw).hexdigest()}@generated.invalid>"


def recipients(message: Message) -> list[str]:
    """Return the addresses of all headers that tell where a mail was delivered to."""
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    found = [address for name in names for _, address in _addresses(message, name)]
    return [address.lower() for address in found if "@" in address][:100]


def references(message: Message) -> list[str]:
    """Return the Message-IDs that a mail answers to, the oldest first."""
    # What is answered stands last, so it is the oldest that go where there are many.
    found = ids(message, "References") + ids(message, "In-Reply-To")
    return list(dict.fromkeys(found))[-_MAX_REFERENCES:]


def ids(message: Message, name: str) -> list[str]:
    """Return the Message-IDs of a header, each whole, however it was folded."""
    values = [decoded(value, MAX_RAW_HEADER) for value in _values(message, name)]
    return whole_ids(values[0]) if values else []


def whole_ids(text: str) -> list[str]:
    """Return the Message-IDs in a text, each without the spaces that folding left in it."""
    return [whole for one in _IDS.findall(text) if len(whole := "".join(one.split())) > len("<>")]


def is_automatic(message: Message, address: str) -> bool:
    """Tell whether a program wrote a mail (RFC 3834 2)."""
    submitted = header(message, "Auto-Submitted").lower()
    return (
        submitted not in {"", "no"}
        or header(message, "Precedence").lower() in {"bulk", "list", "junk", "auto_reply"}
        or any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or header(message, "Return-Path") == "<>"
        or message.get_content_type() == "multipart/report"
        or address.partition("@")[0] in {"mailer-daemon", "postmaster", "noreply", "no-reply"}
    )


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Return names and addresses of a header; none of one that is made to confuse."""
    try:
        return getaddresses(list(_values(message, name)))
    except (RecursionError, IndexError, ValueError):
        return []


def _values(message: Message, name: str) -> Iterator[str]:
    """Yield what the headers of a name hold, what is no ASCII as it most likely was meant."""
    for found, value in message.raw_items():
        if found.lower() == name.lower():
            yield decode(str(value).encode("utf-8", "surrogateescape"), None)


def _piece(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    if charset is not None:
        return decode(word, charset)
    try:
        return word.decode("raw-unicode-escape")  # as the library leaves what was not encoded
    except ValueError:
        return decode(word, None)
