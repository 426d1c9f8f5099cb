"""The one place where errors become answers: pages for people, problem+json for programs.

What people are meant to read is the message of a ``LanewiseError``. Everything else is a fault:
it is logged with an id, and only the id is shown.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.views import wants_json
from app.wire import to_json
from processes.deploying.findings import ModelRejected
from services.duplicates.saving import DuplicateFound
from services.errors import Invalid, LanewiseError, NotAuthenticated, StaleVersion

_TITLES: Final = {
    400: "This request can't be understood",
    401: "Please sign in",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This can't be done here",
    409: "Somebody else was quicker",
    413: "This is too large",
    422: "Something isn't right yet",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "Not available just now",
}
_TEXTS: Final = {
    400: "Please go back, reload the page and try again.",
    404: "The page may have moved, or it belongs to somebody else.",
    405: "The address is right, but it doesn't take this kind of request.",
    413: "Files and texts together may have up to 16 MB.",
    429: "Please wait a few minutes before you try again.",
    500: "The fault is ours. It has been noted under the number below.",
    503: "The database can't be reached. Please try again in a moment.",
}

log = structlog.get_logger(__name__)


def init_errors(app: Flask) -> None:
    """Answer every error in the form that the client asked for."""
    app.register_error_handler(LanewiseError, _answer_domain_error)
    app.register_error_handler(CSRFError, _answer_forgery)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(OperationalError, _answer_lost_database)
    app.register_error_handler(Exception, _answer_fault)


def _answer_domain_error(error: LanewiseError) -> ResponseReturnValue:
    """Answer a refusal that people are meant to read."""
    if isinstance(error, NotAuthenticated) and not wants_json():
        return _ask_to_sign_in()
    extra: dict[str, Any] = {"code": error.code}
    if isinstance(error, Invalid):
        extra["errors"] = error.fields
    if isinstance(error, ModelRejected):
        extra["errors"] = [finding.as_dict() for finding in error.findings]
    if isinstance(error, StaleVersion):
        extra["changes"] = error.changes
    if isinstance(error, DuplicateFound):
        extra |= {
            "candidates": error.candidates,
            "unseen": error.unseen,
            "needs_reason": error.needs_reason,
        }
    return answer(error.status, error.message, extra)


def _ask_to_sign_in() -> Response:
    """Send the browser to the sign-in page and, after it, back to where it was."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("auth.sign_in", next=here)
    if "HX-Request" in request.headers:
        response = Response(status=HTTPStatus.NO_CONTENT)
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = f"{current.path}?{current.query}".rstrip("?") or None
        response.headers["HX-Redirect"] = url_for("auth.sign_in", next=here)
        return response
    return redirect(target)  # type: ignore[return-value]


def _answer_forgery(_error: CSRFError) -> ResponseReturnValue:
    """Answer a form that is no longer, or was never, part of a session."""
    text = "The page is out of date: your session has changed. Please reload it and try again."
    return answer(HTTPStatus.BAD_REQUEST, text, {"code": "csrf"})


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask itself refuses, such as an unknown address."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    response = answer(error.code, _TEXTS.get(error.code, ""), {"code": _slug(error.code)})
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _answer_lost_database(error: OperationalError) -> ResponseReturnValue:
    """Answer while the database can't be reached."""
    log.exception("database unavailable", exc_info=error)
    return answer(HTTPStatus.SERVICE_UNAVAILABLE, _TEXTS[503], {"code": "unavailable"})


def _answer_fault(error: Exception) -> ResponseReturnValue:
    """Answer a fault of the program: its id for the user, everything else for the log."""
    log.exception("fault", fault_id=g.request_id, exc_info=error)
    return answer(500, _TEXTS[500], {"code": "fault", "id": g.request_id})


def answer(status: int, detail: str, extra: dict[str, Any]) -> Response:
    """Return an error as RFC 9457 problem+json, or as a page."""
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    if wants_json():
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return Response(to_json(problem | extra), status, mimetype="application/problem+json")
    fragment = "HX-Request" in request.headers
    page = render_template(
        "errors/fragment.html" if fragment else "errors/page.html",
        status=status,
        title=title,
        detail=detail,
        extra=extra,
        signed_in=current_user.is_authenticated,
    )
    return Response(page, status)


def _slug(status: int) -> str:
    """Return the status' phrase as a machine name."""
    return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("'", "")
