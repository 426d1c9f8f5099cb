"""Getting a token by e-mail address and password."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.routes import Route, add_route
from app.api.schemas import SignIn, Token
from app.context import API_PREFIX
from app.errors import answer
from app.limits import SignInGuard
from app.views import Audience
from app.wire import json_body, json_response
from services.errors import Invalid, NotAuthenticated
from services.operations import run
from services.people.sign_in import sign_in
from services.unit_of_work import UnitOfWork


def tokens_blueprint() -> Blueprint:
    """Return the route ``POST /token``."""
    blueprint = Blueprint(
        "api_token", __name__, url_prefix=f"{API_PREFIX}token", description="Signing in"
    )
    add_route(
        blueprint,
        Route(
            "POST",
            "",
            "create",
            Audience.SECRET,
            _create,
            "Get a token by e-mail address and password",
            body=SignIn,
            answer=Token,
            status=201,
        ),
    )
    return blueprint


def _create(uow: UnitOfWork) -> ResponseReturnValue:
    body = json_body()
    email, password = body.get("email"), body.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise Invalid("Send e-mail address and password.", {"email": ["Both are needed."]})
    guard = SignInGuard(email)
    guard.check()
    try:
        user = sign_in(uow, email, password)
    except NotAuthenticated as error:
        guard.count_failure()
        # Answered here instead of raised: the audit's note of the attempt is to be kept.
        return answer(error.status, error.message, {"code": error.code})
    name = str(body.get("name") or "API")
    result = run(uow.acting_as(user.actor()), "token.create", {"name": name})
    return json_response({"token": result["token"]}, 201)
