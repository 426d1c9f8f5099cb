"""Signed links by which people confirm, withdraw and choose without signing in.

They name a person by key, never by address, so that neither a log nor a guess tells whether an
address is known here.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from config import Settings
from services.consents.model import CHANNELS, PERSON_TYPES
from services.errors import NotFound

CONFIRMED_WITHIN: Final = timedelta(days=7)

_CHOOSE: Final = "lanewise.consent-choice"
_CONFIRM: Final = "lanewise.consent-confirmation"
_SEAL: Final = "lanewise.consent-address"
_SEAL_LENGTH: Final = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose consent a link is about, by which channel and for what; it does not expire.

    Attributes:
        seal: What tells the address that it was mailed to, see ``seal_of``; empty in links of
            earlier releases.
    """

    record_type: str
    record_id: UUID
    channel: str
    purpose_id: UUID
    seal: str = ""


@dataclass(frozen=True, slots=True)
class UnsubscribeLinks:
    """The addresses of a message's links for ending and choosing what one receives."""

    unsubscribe: str
    choose: str

    @classmethod
    def of(cls, settings: Settings, token: str) -> UnsubscribeLinks:
        """Return the addresses that carry ``token``."""
        base = f"{settings.public_url}/consent"
        return cls(f"{base}/unsubscribe/{token}", f"{base}/choose/{token}")

    @property
    def as_text(self) -> str:
        """The last lines of a message."""
        return f"-- \nUnsubscribe: {self.unsubscribe}\nChoose what you receive: {self.choose}"

    @property
    def as_html(self) -> str:
        """The last paragraph of a message."""
        return (
            f'<hr><p><a href="{escape(self.unsubscribe)}">Unsubscribe</a> · '
            f'<a href="{escape(self.choose)}">Choose what you receive</a></p>'
        )


def seal_of(settings: Settings, address: str) -> str:
    """Return what tells an address to who knows it, and nobody else."""
    key = f"{_SEAL}{settings.secret_key}".encode()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:_SEAL_LENGTH]


def make_choice_link(settings: Settings, choice: Choice) -> str:
    """Return the token for unsubscribing, and for choosing what one receives."""
    parts = [
        choice.record_type,
        choice.record_id.hex,
        choice.channel,
        choice.purpose_id.hex,
        choice.seal,
    ]
    return str(URLSafeSerializer(settings.secret_key, salt=_CHOOSE).dumps(parts))


def read_choice_link(settings: Settings, token: str) -> Choice:
    """Return what ``token`` is about.

    Raises:
        NotFound: It is not one of ours.
    """
    try:
        record_type, record_id, channel, purpose_id, *seal = _read(settings, _CHOOSE, token)
        choice = Choice(record_type, UUID(record_id), channel, UUID(purpose_id), *seal)
    except (ValueError, TypeError, AttributeError):
        raise _not_valid() from None
    if choice.record_type not in PERSON_TYPES or choice.channel not in CHANNELS:
        raise _not_valid()
    return choice


def make_confirmation_link(settings: Settings, entry_id: UUID, now: datetime) -> str:
    """Return the token by which what is pending is confirmed, for ``CONFIRMED_WITHIN``."""
    until = int((now + CONFIRMED_WITHIN).timestamp())
    return str(URLSafeSerializer(settings.secret_key, salt=_CONFIRM).dumps([entry_id.hex, until]))


def read_confirmation_link(settings: Settings, token: str, now: datetime) -> UUID:
    """Return the key of the pending entry that ``token`` confirms.

    Raises:
        NotFound: It is not one of ours, or too old.
    """
    try:
        entry_id, until = _read(settings, _CONFIRM, token)
        key, ends_at = UUID(entry_id), datetime.fromtimestamp(until, UTC)
    except (ValueError, TypeError, AttributeError):
        raise _not_valid() from None
    if now >= ends_at:
        raise _not_valid()
    return key


def _read(settings: Settings, salt: str, token: str) -> Any:
    try:
        return URLSafeSerializer(settings.secret_key, salt=salt).loads(token)
    except BadSignature:
        raise _not_valid() from None


def _not_valid() -> NotFound:
    return NotFound("This link is not valid, or not any more.")
