"""Doors for other programs: inbound mail."""

from __future__ import annotations

import hmac
from typing import Final

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from app.context import settings
from app.limits import HOOK, limit_route
from app.views import Audience, view
from app.wire import json_response, present_result
from services.actors import SYSTEM
from services.errors import NotAuthenticated
from services.mail.parsing import MAX_BYTES
from services.operations import run
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("hooks", __name__, url_prefix="/hooks")


def register(app: Flask) -> None:
    """Add the hooks."""
    app.register_blueprint(blueprint)
    limit_route(app, "hooks.receive_mail", HOOK)


@blueprint.before_request
def allow_large_mails() -> None:
    """Let who has the token send more than a page's form may."""
    if _knows_token():
        request.max_content_length = MAX_BYTES


@blueprint.post("/mail")
@view(Audience.SECRET)
def receive_mail(uow: UnitOfWork) -> ResponseReturnValue:
    """Take in one raw message (RFC 5322), as a mail server's pipe or webhook posts it.

    Raises:
        NotAuthenticated: The bearer token is not the one of the settings.
    """
    if not _knows_token():
        raise NotAuthenticated("The token of this hook is not valid.")
    result = run(uow.acting_as(SYSTEM), "mail.receive", {"raw": request.get_data()})
    return json_response(present_result(result), 202)


def _knows_token() -> bool:
    expected = f"Bearer {settings().mail_hook_token}"
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), expected.encode())
