"""Signed links by which clients follow their request without signing in."""

from __future__ import annotations

from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from config import Settings
from services.errors import NotFound


def make_link(settings: Settings, request_id: UUID) -> str:
    """Return the token that stands for a request in the address of its status page."""
    return str(_serializer(settings).dumps(request_id.hex))


def read_link(settings: Settings, token: str) -> UUID:
    """Return the key of the request that ``token`` stands for.

    Raises:
        NotFound: The token is not one of ours.
    """
    try:
        return UUID(_serializer(settings).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        raise NotFound("This link is not valid.") from None


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="lanewise.request-link")
