"""How often a route may be called.

Counts are kept in the memory of the web process. The production server runs one such process
with many threads, so the counts are complete; whoever runs several behind a balancer gets each
limit once a process.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from typing import Any, Final, cast

from flask import Blueprint, Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeSerializer
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from app.context import settings

LIMITS: Final = "lanewise.limits"
PUBLIC_FORM: Final = "20 per minute; 200 per hour"
HOOK: Final = "600 per minute"
API: Final = "6000 per minute"

_BY_ADDRESS: Final = parse("60 per 15 minutes")
_BY_ACCOUNT_AND_ADDRESS: Final = parse("10 per 15 minutes")
_BY_ACCOUNT: Final = parse("50 per 15 minutes")
_DEVICE_SECONDS: Final = 180 * 24 * 3600
_FORGET_SECONDS: Final = 60.0


class Counters(MemoryStorage):
    """Counts in memory. The library starts a thread for nearly every count, to forget old ones.

    Here that is done once a minute; a count that has expired is never looked at anyway.
    """

    STORAGE_SCHEME = ["counters"]  # noqa: RUF012 - the library reads a list

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._forget_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount`` more; a new count lasts ``expiry`` seconds. Returns how many it is."""
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + _FORGET_SECONDS
            return super().incr(key, expiry, amount)
        self.get(key)
        with self.locks[key]:
            self.storage[key] += amount
            self.expirations.setdefault(key, time.time() + expiry)
            return self.storage[key]


def init_limits(app: Flask) -> Limiter:
    """Attach the counters to ``app``; the caller names the routes and their limits."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="counters://", headers_enabled=True)
    app.extensions[LIMITS] = limiter
    return limiter


def limit_route(app: Flask, endpoint: str, limit: str, methods: list[str] | None = None) -> None:
    """Let one address call ``endpoint`` no more often than ``limit`` says."""
    limiter = cast("Limiter", app.extensions[LIMITS])
    limited: Any = limiter.limit(limit, methods=methods)(app.view_functions[endpoint])
    app.view_functions[endpoint] = limited


def limit_blueprint(app: Flask, blueprint: Blueprint, limit: str) -> None:
    """Let one address call the routes of ``blueprint`` no more often than ``limit`` says."""
    cast("Limiter", app.extensions[LIMITS]).limit(limit)(blueprint)


class SignInGuard:
    """Slows guessing down, counting failures by address, by account, and by both.

    The limit of an account from everywhere would let a stranger lock its owner out, so a browser
    from which the owner has signed in before is recognised by a cookie and passes that limit
    (OWASP: device cookies).
    """

    def __init__(self, email: str) -> None:
        self._account = hashlib.sha256(email.strip().lower().encode()).hexdigest()
        self._address = request.remote_addr or ""
        self._counter = cast("Limiter", current_app.extensions[LIMITS]).limiter

    def check(self) -> None:
        """Refuse the attempt when there were too many failures.

        Raises:
            TooManyRequests: The limit is reached; even the right password is not looked at.
        """
        reached = [
            self._counter.get_window_stats(limit, *key).reset_time
            for limit, key in self._limits()
            if not self._counter.test(limit, *key)
        ]
        if reached:
            raise TooManyRequests(retry_after=max(1, math.ceil(max(reached) - time.time())))

    def count_failure(self) -> None:
        """Note that the attempt failed."""
        for limit, key in self._limits():
            self._counter.hit(limit, *key)

    def remember_device(self, response: Response) -> None:
        """Let this browser be recognised as one of the account's owner."""
        response.set_cookie(
            _device_cookie(),
            _signer().dumps(self._account),
            max_age=_DEVICE_SECONDS,
            secure=settings().is_production,
            httponly=True,
            samesite="Lax",
        )

    def _limits(self) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        """Return the limits that hold for this attempt, with what each is counted by."""
        found = [
            (_BY_ADDRESS, ("address", self._address)),
            (_BY_ACCOUNT_AND_ADDRESS, ("both", self._account, self._address)),
        ]
        return (
            found
            if self._is_known_device()
            else [*found, (_BY_ACCOUNT, ("account", self._account))]
        )

    def _is_known_device(self) -> bool:
        try:
            account = _signer().loads(request.cookies.get(_device_cookie(), ""))
        except BadSignature:
            return False
        return isinstance(account, str) and hmac.compare_digest(account, self._account)


def _device_cookie() -> str:
    return "__Host-lanewise-device" if settings().is_production else "lanewise-device"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="known device")
