"""How often a route may be called.

The web processes of one ``flask start`` or ``flask web`` count together; whoever starts several
behind a balancer gets each limit once for each.
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
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from app.context import settings
from app.counters import COUNTERS

LIMITS: Final = "lanewise.limits"
PUBLIC_FORM: Final = "20 per minute; 200 per hour"
HOOK: Final = "600 per minute"
API: Final = "6000 per minute"

_BY_ADDRESS: Final = parse("60 per 15 minutes")
_BY_ACCOUNT_AND_ADDRESS: Final = parse("10 per 15 minutes")
_BY_ACCOUNT: Final = parse("50 per 15 minutes")
_DEVICE_SECONDS: Final = 180 * 24 * 3600


def init_limits(app: Flask) -> Limiter:
    """Attach the counters to ``app``; the caller names the routes and their limits."""
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=COUNTERS,
        headers_enabled=True,
    )
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
