"""How a view runs: who may call it, and the one transaction that it and its answer happen in.

Every route carries a decision, made by ``view``; ``check_decisions`` refuses to start with a
route that has none, so that nothing is public by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from flask import Flask, current_app, g, make_response, request, session
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.context import API_PREFIX, platform
from app.sessions import signed_in_person
from app.submissions import answer_once
from services.actors import PUBLIC, Actor, Permission
from services.errors import Conflict, Invalid, NotAllowed, NotAuthenticated
from services.unit_of_work import UnitOfWork

View: TypeAlias = Callable[..., ResponseReturnValue]
_DECISION: Final = "decision"
_SOURCES: Final = {True: "api", False: "page"}
_READING: Final = ("GET", "HEAD")


class Audience(Enum):
    """Who may call a route, where no permission says it."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    SECRET = "secret"  # noqa: S105 - the caller proves itself by a secret in the request


Decision: TypeAlias = Audience | Permission


class UndecidedRouteError(RuntimeError):
    """A route has no decision on who may call it."""


def view(decision: Decision, *, again: View | None = None) -> Callable[[View], View]:
    """Run the decorated ``function(uow, **arguments)`` in one transaction for whom it is meant.

    The response is made inside the transaction, so that a page is never behind the state it
    shows. After ``Invalid`` or ``Conflict`` everything is rolled back and, where ``again`` is
    given and a page is wanted, ``again(uow, error, **arguments)`` shows the form once more in a
    transaction of its own.
    """

    def decorate(function: View) -> View:
        def answer(uow: UnitOfWork, **arguments: Any) -> Response:
            return answer_once(uow, lambda: make_response(function(uow, **arguments)))

        @wraps(function)
        def run_view(**arguments: Any) -> Response:
            actor = _actor_for(decision)
            try:
                return _in_transaction(actor, answer, **arguments)
            except (Invalid, Conflict) as error:
                if again is None or wants_json():
                    raise
                response = _in_transaction(actor, again, error, **arguments)
                if response.status_code == HTTPStatus.OK:
                    response.status_code = error.status
                return response

        setattr(run_view, _DECISION, decision)
        return run_view

    return decorate


def decide(app: Flask, endpoint: str, decision: Decision) -> None:
    """Give a route that a library made its decision."""
    setattr(app.view_functions[endpoint], _DECISION, decision)


def decision_of(endpoint: str) -> Decision:
    """Return who may call ``endpoint`` of the current application."""
    decision: Decision = getattr(current_app.view_functions[endpoint], _DECISION)
    return decision


def check_decisions(app: Flask) -> None:
    """Refuse to start with a route that nobody has decided on.

    Raises:
        UndecidedRouteError: With the endpoints.
    """
    missing = [
        name for name, function in app.view_functions.items() if not hasattr(function, _DECISION)
    ]
    if missing:
        raise UndecidedRouteError(f"no decision on who may call {', '.join(sorted(missing))}")


def wants_json() -> bool:
    """Tell whether the client is a program, or a script of ours, rather than a page load."""
    if request.path.startswith((API_PREFIX, "/hooks/")) or request.is_json:
        return True
    accept = request.accept_mimetypes
    best = accept.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html"


def _actor_for(decision: Decision) -> Actor:
    """Return who acts.

    Raises:
        NotAuthenticated: Nobody is signed in where somebody must be.
        NotAllowed: The person lacks the permission.
    """
    if decision in {Audience.PUBLIC, Audience.SECRET}:
        return PUBLIC
    person = signed_in_person()
    if person is None:
        raise NotAuthenticated("Please sign in.")
    if isinstance(decision, Permission) and not person.actor.may(decision):
        raise NotAllowed("This page is not part of what your role does.")
    return person.actor


def _in_transaction(actor: Actor, function: View, *before: Any, **arguments: Any) -> Response:
    """Run ``function`` and make its response in one transaction."""
    flashes = list(session.get("_flashes", ()))

    def work(uow: UnitOfWork) -> Response:
        if "_flashes" in session:
            # A repeated attempt must not say everything twice.
            session["_flashes"] = flashes
        g.uow = uow
        if request.method in _READING:
            uow.only_reads()
        return make_response(function(uow, *before, **arguments))

    try:
        return platform().transact(
            actor,
            work,
            source=_SOURCES[request.path.startswith(API_PREFIX)],
            address=request.remote_addr,
        )
    finally:
        g.pop("uow", None)
