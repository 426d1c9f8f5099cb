"""Signed references by which an answer finds the record that it belongs to.

Each mail that goes out carries one in its Message-ID, which comes back in ``In-Reply-To``, and
one in its Reply-To address (``crm+token@…``), which survives mail programs that drop headers.
A forged one is not ours and counts for nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import formataddr, parseaddr
from uuid import UUID

from config import Settings

_SIGNATURE_CHARACTERS = 16  # 80 bits
_TYPES = {"a": "account", "c": "contact", "d": "deal", "l": "lead", "r": "request"}
_CODES = {name: code for code, name in _TYPES.items()}
_MESSAGE_ID = re.compile(r"<lw\.([0-9a-f]{32})\.([a-z2-7]{16})@[^<>\s]+>")
_TOKEN = re.compile(r"([acdlr])([a-z2-7]{26})([a-z2-7]{16})")


def make_message_id(settings: Settings, mail_id: UUID) -> str:
    """Return the Message-ID of a mail of ours, always the same for the same mail."""
    host = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return f"<lw.{mail_id.hex}.{_sign(settings, 'mail', mail_id.hex)}@{host}>"


def read_message_ids(settings: Settings, text: str) -> list[UUID]:
    """Return the keys of our own mails that ``text`` (a header) refers to, the last one first."""
    return [
        UUID(key)
        for key, signature in reversed(_MESSAGE_ID.findall(text))
        if hmac.compare_digest(signature, _sign(settings, "mail", key))
    ]


def make_reply_address(settings: Settings, record_type: str, record_id: UUID) -> str | None:
    """Return the address for answers that belong to a record; None for types without a letter.

    Answers about those are known by the Message-ID alone.
    """
    if record_type not in _CODES:
        return None
    name, address = parseaddr(settings.mail_from)
    local, _, host = address.rpartition("@")
    key = _CODES[record_type] + base64.b32encode(record_id.bytes).decode().rstrip("=").lower()
    return formataddr((name, f"{local}+{key}{_sign(settings, 'record', key)}@{host}"))


def read_reply_address(settings: Settings, address: str) -> tuple[str, UUID] | None:
    """Return the record type and key that an address of ours stands for, or None."""
    own_local, _, own_host = parseaddr(settings.mail_from)[1].lower().rpartition("@")
    local, _, host = address.lower().rpartition("@")
    base, _, token = local.partition("+")
    found = _TOKEN.fullmatch(token)
    if found is None or (base, host) != (own_local, own_host):
        return None
    code, encoded, signature = found.groups()
    if not hmac.compare_digest(signature, _sign(settings, "record", code + encoded)):
        return None
    return _TYPES[code], UUID(bytes=base64.b32decode(encoded.upper() + "======"))


def is_ours(settings: Settings, address: str) -> bool:
    """Tell whether an address is the one that mails are sent from, with any token in it."""
    local, _, host = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}" == parseaddr(settings.mail_from)[1].lower()


def _sign(settings: Settings, purpose: str, text: str) -> str:
    key = hashlib.sha256(f"lanewise.mail.{purpose}:{settings.secret_key}".encode()).digest()
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_SIGNATURE_CHARACTERS]
