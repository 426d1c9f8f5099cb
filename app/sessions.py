"""Who is signed in: a person by its session cookie, or a program by its token.

The cookie is signed and holds no secret: the person's key, the epoch of its sessions (raised
to end them all), and when it signed in and was last seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from flask import Flask, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, current_user, login_user, logout_user

from app.context import API_PREFIX, platform, session_clock
from app.cookies import KnownCookies
from config import Settings
from services.actors import SYSTEM, Actor, Permission, Scope
from services.errors import NotAuthenticated
from services.people.model import User, find_signed_in
from services.people.sign_in import user_by_token
from services.rights.book import RightsBook
from services.unit_of_work import UnitOfWork

IDLE_LIMIT: Final = timedelta(hours=8)
ABSOLUTE_LIMIT: Final = timedelta(days=7)
_SEEN_STEP: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, as pages know it (flask-login's ``current_user``)."""

    id: UUID
    name: str
    email: str
    epoch: int
    actor: Actor
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return the key as flask-login stores it."""
        return str(self.id)

    def may(self, permission: str) -> bool:
        """Tell whether the person holds a permission, such as ``process:read``."""
        return self.actor.may(Permission(permission))

    def reads(self, record_type: str) -> bool:
        """Tell whether the person may see any record of a type."""
        reach = self.actor.reach(record_type)
        return self.may(Permission.RECORD_READ) and reach is not Scope.NONE


class Nobody(AnonymousUserMixin):  # type: ignore[misc]
    """Whoever is not signed in."""

    name = ""

    def may(self, _permission: str) -> bool:
        """Return False: nobody may do nothing."""
        return False

    def reads(self, _record_type: str) -> bool:
        """Return False: nobody sees nothing."""
        return False


def init_sessions(app: Flask, settings: Settings) -> None:
    """Keep sign-ins in a cookie that scripts can't read and other sites can't send."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-lanewise" if settings.is_production else "lanewise",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=ABSOLUTE_LIMIT,
    )
    app.session_interface = KnownCookies(app)
    logins = LoginManager(app)
    logins.anonymous_user = Nobody
    # Binding sessions to address and browser signs out everybody who changes networks.
    logins.session_protection = None
    logins.user_loader(_load_person)


def begin_session(user: User) -> None:
    """Sign ``user`` in with a new session; nothing of an earlier one remains in it."""
    session.clear()
    session.permanent = True
    login_user(_person(user))
    now = session_clock().now().isoformat()
    session.update(epoch=user.session_epoch, began_at=now, seen_at=now)


def renew_session(user: User) -> None:
    """Let this session go on after the person's others were ended."""
    session["epoch"] = user.session_epoch


def end_session() -> None:
    """Sign out here, forgetting everything the cookie held."""
    logout_user()
    session.clear()


def uses_token() -> bool:
    """Tell whether the request is one of a program: it shows a token and no cookie counts."""
    return request.path.startswith(API_PREFIX) and "Authorization" in request.headers


def signed_in_person() -> Person | None:
    """Return who makes this request, or None.

    Raises:
        NotAuthenticated: A token is shown that isn't valid (any more).
    """
    if uses_token():
        return _person_by_token()
    found = current_user._get_current_object()  # noqa: SLF001 - flask-login's proxy asks at each use
    return found if isinstance(found, Person) else None


def _person_by_token() -> Person:
    """Return the owner of the bearer token, looked up once a request."""
    if "token_person" not in g:
        kind, _, token = request.headers["Authorization"].partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotAuthenticated("Send the token as “Authorization: Bearer …”.")

        def look_up(uow: UnitOfWork) -> Person | None:
            user = user_by_token(uow, token.strip())
            return None if user is None else _person(user)

        g.token_person = platform().transact(SYSTEM, look_up, source="api")
    if g.token_person is None:
        raise NotAuthenticated("The token is not valid.")
    return cast("Person", g.token_person)


def _load_person(key: str) -> Person | None:
    """Return the person of the session cookie, unless the session is over."""
    if _is_over():
        return None
    with platform().reader() as database:
        found = find_signed_in(database, platform().part(RightsBook), UUID(key))
    if found is None or found.epoch != session.get("epoch"):
        return None
    person = Person(UUID(key), found.actor.name, found.email, found.epoch, found.actor)
    _mark_seen()
    structlog.contextvars.bind_contextvars(user=str(person.id))
    return person


def _is_over() -> bool:
    """Tell whether the session was idle or has lasted for too long."""
    now = session_clock().now()
    try:
        seen_at = datetime.fromisoformat(session["seen_at"])
        began_at = datetime.fromisoformat(session["began_at"])
    except (KeyError, ValueError):
        return True
    return now - seen_at > IDLE_LIMIT or now - began_at > ABSOLUTE_LIMIT


def _mark_seen() -> None:
    """Note the time, but not at each request: every note sends the cookie again."""
    now = session_clock().now()
    if now - datetime.fromisoformat(session["seen_at"]) > _SEEN_STEP:
        session["seen_at"] = now.isoformat()


def _person(user: User) -> Person:
    """Return what a request needs to know about ``user``."""
    return Person(user.id, user.name, user.email, user.session_epoch, user.actor())
