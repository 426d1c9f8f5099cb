"""Sessions in signed cookies whose signatures are checked once for many requests."""

from __future__ import annotations

import time
from copy import deepcopy
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

_MOST_KEPT: Final = 500


class KnownCookies(SecureCookieSessionInterface):
    """Flask's sessions, but a cookie that was found sound is not looked through again.

    A browser sends the same one until its session changes, and to check its signature takes as
    long as to find out who is signed in. What is kept says no more than the cookie itself; whether
    it is too old is asked each time.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._sound = lru_cache(_MOST_KEPT)(self._read)

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        made = super().get_signing_serializer(self._app)
        if made is None:
            raise RuntimeError("cookies can't be signed without a secret key")
        return made

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:  # noqa: ARG002 - Flask's signature
        """Return what signs the cookies, made once."""
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Return what the request's cookie holds; nothing if it is not sound or too old."""
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            held, signed_at = self._sound(cookie)
        except BadSignature:
            return self.session_class()
        if time.time() - signed_at.timestamp() > app.permanent_session_lifetime.total_seconds():
            return self.session_class()
        return self.session_class(deepcopy(held))

    def _read(self, cookie: str) -> tuple[dict[str, Any], datetime]:
        held, signed_at = self._serializer.loads(cookie, return_timestamp=True)
        return held, signed_at
