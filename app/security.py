"""What protects every page at once: headers, content security policy, CSRF and same origin."""

from __future__ import annotations

import hmac
import secrets
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request, session
from flask_wtf.csrf import CSRFProtect
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from app.context import settings
from app.sessions import uses_token
from app.views import Audience, decision_of

_SAFE: Final = {"GET", "HEAD", "OPTIONS"}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # What one person saw must not be shown again by a shared or a back-button cache.
    "Cache-Control": "no-store",
}
"""What every answer says unless it says something else itself; pages have a policy of their own."""
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def init_security(app: Flask, trusted_proxies: int) -> None:
    """Protect every route of ``app``; must come before any other check of a request."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # decided below, by how the request is authenticated
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
        WTF_CSRF_HEADERS=["X-CSRFToken"],
        WTF_CSRF_SSL_STRICT=False,  # the origin is checked below, also where no Referer is sent
    )
    if trusted_proxies:
        # Without it everybody shares the proxy's address, and so the limits of one stranger.
        proxied = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    csrf = CSRFProtect(app)
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.before_request
    def refuse_unstorable_addresses() -> None:
        # No text that is stored holds NUL, so nothing is found by it, and the driver fails on it.
        given = [value for _, value in request.args.items(multi=True)]
        if any("\x00" in text for text in (request.path, *given)):
            abort(400)

    @app.before_request
    def refuse_forged_requests() -> None:
        if request.method in _SAFE or request.endpoint is None:
            return
        _refuse_other_origin()
        if uses_token() or decision_of(request.endpoint) is Audience.SECRET or _shows_token():
            return
        csrf.protect()

    app.after_request(_add_headers)


def csp_nonce() -> str:
    """Return the nonce of this response's inline scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _shows_token() -> bool:
    """Tell whether the header, as scripts send it, has the token of this session.

    What it has not is left to Flask-WTF, which looks into forms as well and says what is wrong.
    """
    kept, shown = session.get("csrf_token"), request.headers.get("X-CSRFToken")
    if not kept or not shown:
        return False
    try:
        return hmac.compare_digest(kept, _signed_in_token(str(settings().secret_key), shown))
    except BadData:
        return False


@lru_cache(1_000)
def _signed_in_token(secret_key: str, token: str) -> str:
    """Return the part of a token that its session holds; a page sends the same one many times.

    Raises:
        BadData: It was not signed here.
    """
    signed: str = URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").loads(token)
    return signed


def _refuse_other_origin() -> None:
    """Refuse what a browser says another site has sent, whatever token it carries."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)
    origin = request.headers.get("Origin")
    own = {request.host, urlsplit(settings().public_url).netloc}
    if origin not in {None, "null"} and urlsplit(str(origin)).netloc not in own:
        abort(403)


def _add_headers(response: Response) -> Response:
    """Set the headers that every response carries, but for those that it has already.

    All at once: each that is set alone is looked for among all others twice.
    """
    given = {name.lower() for name, _ in response.headers}
    found = dict(_HEADERS)
    if response.mimetype == "text/html":
        response.headers.pop("Content-Security-Policy", None)
        given.discard("content-security-policy")
        found["Content-Security-Policy"] = _POLICY.format(nonce=csp_nonce())
    if settings().is_production:
        found["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    response.headers.extend(
        [(name, value) for name, value in found.items() if name.lower() not in given]
    )
    return response
