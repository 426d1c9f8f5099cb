"""Who is there: by e-mail address and password, or by a token of the API."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, lazyload, mapped_column

from services.audit import record_event, record_refusal
from services.database import Base, Keyed
from services.errors import NotAuthenticated
from services.people.model import User
from services.people.passwords import check_password, hash_password, is_outdated
from services.records.contact_points import normalise_email
from services.unit_of_work import UnitOfWork

TOKEN_PREFIX = "lw_"  # noqa: S105 - what every token begins with, so that scanners know it
_USED_AGAIN_AFTER = timedelta(minutes=1)


class ApiToken(Keyed, Base):
    """A key to the API; only its SHA-256 is kept, for it is random and long."""

    __tablename__ = "api_tokens"
    __audited__ = True

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True, info={"secret": True})
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def sign_in(uow: UnitOfWork, email: str, password: str) -> User:
    """Return the active user with this address and password.

    The audit tells of it either way, if the caller lets the transaction be committed.

    Raises:
        NotAuthenticated: They don't belong together; unknown, inactive and wrong answer alike
            and take the same time.
    """
    user = _find(uow, email)
    known_hash = user.password_hash if user is not None else _nobodys_hash()
    fits = check_password(known_hash, password)
    if user is None or not fits or not user.active:
        record_refusal(uow, "user.sign_in", "user", user.id if user else None)
        raise NotAuthenticated("The e-mail address or the password is wrong.")
    if is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    record_event(uow.acting_as(user.actor()), "user.sign_in", "user", user.id)
    return user


def new_token() -> str:
    """Return a fresh token: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def user_by_token(uow: UnitOfWork, token: str) -> User | None:
    """Return the active user whom ``token`` stands for, or None; notes its use."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    statement = (
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .options(lazyload(User.groups))  # its rights are asked for in one statement of their own
    )
    found = uow.session.execute(
        statement.where(ApiToken.token_hash == hash_token(token), User.active)
    ).one_or_none()
    if found is None:
        return None
    kept, user = found
    if kept.revoked_at is not None or (kept.expires_at and kept.expires_at <= uow.now):
        return None
    if kept.last_used_at is None or uow.now - kept.last_used_at >= _USED_AGAIN_AFTER:
        # A statement of its own, since using a token is no change for the audit.
        uow.session.execute(
            update(ApiToken).where(ApiToken.id == kept.id).values(last_used_at=uow.now)
        )
    return user


def _find(uow: UnitOfWork, email: str) -> User | None:
    try:
        address = normalise_email(email)
    except ValueError:
        return None
    found = select(User).where(User.email == address).options(lazyload(User.groups))
    return uow.session.scalars(found).one_or_none()


@cache
def _nobodys_hash() -> str:
    """Return a hash to check against when there is no such user."""
    return hash_password(secrets.token_urlsafe(16))
