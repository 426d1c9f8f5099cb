"""Answering a request that comes twice with what it was answered first."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, request

from services.submissions import Answer, begin_submission, keep_answer
from services.unit_of_work import UnitOfWork

HEADER: Final = "Idempotency-Key"
FIELD: Final = "submission"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def init_submissions(app: Flask) -> None:
    """Give templates the key that makes a form be carried out once."""
    app.jinja_env.globals["new_submission"] = lambda: secrets.token_urlsafe(16)


def answer_once(uow: UnitOfWork, make_answer: Callable[[], Response]) -> Response:
    """Return ``make_answer()``, or what it gave when the same request came before.

    Only a request with a key is remembered: the field ``submission`` of a form, or the header
    ``Idempotency-Key``. A refusal is not, since nothing was done.
    """
    key = _key()
    if key is None:
        return make_answer()
    earlier = begin_submission(uow, key, _content())
    if earlier is not None:
        return _again(earlier)
    response = make_answer()
    location = response.headers.get("Location")
    content = response.get_data()
    keep_answer(uow, key, Answer(response.status_code, location, response.content_type, content))
    return response


def _key() -> str | None:
    if request.method in _SAFE:
        return None
    key = request.headers.get(HEADER)
    if key or request.is_json:  # which has no form to be looked through
        return key or None
    return request.form.get(FIELD) or None


def _content() -> bytes:
    """Return what is asked for; a form's hidden fields of protection don't count."""
    place = f"{request.method} {request.full_path}\n".encode(errors="surrogatepass")
    if not request.form and not request.files:
        return place + request.get_data()
    entries = [(name, value) for name, value in request.form.items(multi=True)]
    shown = [entry for entry in entries if entry[0] not in {"csrf_token", FIELD}]
    files = [(name, file.filename) for name, file in request.files.items(multi=True)]
    return place + repr((shown, files)).encode(errors="surrogatepass")


def _again(answer: Answer) -> Response:
    response = Response(answer.content, answer.status, content_type=answer.content_type)
    if answer.location is not None:
        response.headers["Location"] = answer.location
    return response
