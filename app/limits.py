"""How often a route may be called.

The web processes of one ``flask start`` or ``flask web`` count together; whoever starts several
behind a balancer gets each limit once for each.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from typing import Final, cast

from flask import Blueprint, Flask, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from limits import RateLimitItem, parse, parse_many
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from app.context import settings
from app.counters import Counters

LIMITS: Final = "lanewise.limits"
PUBLIC_FORM: Final = "20 per minute; 200 per hour"
HOOK: Final = "600 per minute"
API: Final = "6000 per minute"

_BY_ADDRESS: Final = parse("60 per 15 minutes")
_BY_ACCOUNT_AND_ADDRESS: Final = parse("10 per 15 minutes")
_BY_ACCOUNT: Final = parse("50 per 15 minutes")
_DEVICE_SECONDS: Final = 180 * 24 * 3600


class Limits:
    """What each address may do, and how much of it it has done.

    Attributes:
        counters: Shared by all processes of the web server.
    """

    def __init__(self) -> None:
        self.counters = Counters()
        self.strategy = FixedWindowRateLimiter(self.counters)
        self._by_endpoint: dict[str, list[RateLimitItem]] = {}
        self._by_blueprint: dict[str, list[RateLimitItem]] = {}

    def limit_endpoint(self, endpoint: str, limit: str) -> None:
        """Let one address call ``endpoint`` no more often than ``limit`` says."""
        self._by_endpoint[endpoint] = parse_many(limit)

    def limit_blueprint(self, name: str, limit: str) -> None:
        """Let one address call each endpoint of a blueprint no more often than ``limit`` says."""
        self._by_blueprint[name] = parse_many(limit)

    def count(self) -> None:
        """Count this request by its address and endpoint.

        Raises:
            TooManyRequests: It is one too many.
        """
        endpoint = request.endpoint or ""
        limits = self._by_endpoint.get(endpoint) or self._by_blueprint.get(request.blueprint or "")
        for limit in limits or ():
            key = limit.key_for(request.remote_addr or "", endpoint)
            counted, ends_at = self.counters.count(key, limit.get_expiry())
            if "limit" not in g or g.limit[0] - g.limit[1] > limit.amount - counted:
                g.limit = (limit.amount, counted, ends_at)
            if counted > limit.amount:
                raise TooManyRequests(retry_after=_seconds_to(ends_at))

    def tell(self, response: Response) -> Response:
        """Say in the headers how much of the limit that is nearest is left, and until when."""
        if "limit" in g:
            amount, counted, ends_at = g.limit
            found = {
                "X-RateLimit-Limit": str(amount),
                "X-RateLimit-Remaining": str(max(0, amount - counted)),
                "X-RateLimit-Reset": str(math.ceil(ends_at)),
            }
            response.headers.extend(found)
        return response


def init_limits(app: Flask) -> None:
    """Attach the counters to ``app``; the caller names the routes and their limits."""
    limits = Limits()
    app.extensions[LIMITS] = limits
    app.before_request(limits.count)
    app.after_request(limits.tell)


def limit_route(app: Flask, endpoint: str, limit: str) -> None:
    """Let one address call ``endpoint`` no more often than ``limit`` says."""
    cast("Limits", app.extensions[LIMITS]).limit_endpoint(endpoint, limit)


def limit_blueprint(app: Flask, blueprint: Blueprint, limit: str) -> None:
    """Let one address call each route of ``blueprint`` no more often than ``limit`` says."""
    cast("Limits", app.extensions[LIMITS]).limit_blueprint(blueprint.name, limit)


def _seconds_to(moment: float) -> int:
    """Return the seconds until a moment in Unix time, 1 at least."""
    return max(1, math.ceil(moment - time.time()))


class SignInGuard:
    """Slows guessing down, counting failures by address, by account, and by both.

    The limit of an account from everywhere would let a stranger lock its owner out, so a browser
    from which the owner has signed in before is recognised by a cookie and passes that limit
    (OWASP: device cookies).
    """

    def __init__(self, email: str) -> None:
        self._account = hashlib.sha256(email.strip().lower().encode()).hexdigest()
        self._address = request.remote_addr or ""
        self._counter = cast("Limits", current_app.extensions[LIMITS]).strategy

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
            raise TooManyRequests(retry_after=_seconds_to(max(reached)))

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
