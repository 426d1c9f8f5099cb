"""Signing in and out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import profile
from app.context import settings
from app.limits import SignInGuard
from app.sessions import begin_session, end_session
from app.views import Audience, view
from services.demo import DEMO_PASSWORD
from services.errors import NotAuthenticated
from services.operations import run
from services.people.sign_in import sign_in as check_sign_in
from services.people.users import list_users
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("auth", __name__)
profile.add_routes(blueprint)


def register(app: Flask) -> None:
    """Add the pages of signing in and of one's profile."""
    app.register_blueprint(blueprint)


@blueprint.get("/sign-in")
@view(Audience.PUBLIC)
def sign_in(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the sign-in form; whoever is signed in goes on."""
    if current_user.is_authenticated:
        return redirect(safe_target(request.args.get("next")))
    return _show_form(uow, email="", error="")


@blueprint.post("/sign-in")
@view(Audience.PUBLIC)
def enter(uow: UnitOfWork) -> ResponseReturnValue:
    """Check e-mail address and password, and begin a new session."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    guard = SignInGuard(email)
    guard.check()
    try:
        user = check_sign_in(uow, email, password)
    except NotAuthenticated as error:
        guard.count_failure()
        return _show_form(uow, email=email, error=error.message), HTTPStatus.UNAUTHORIZED
    begin_session(user)
    response = redirect(safe_target(request.args.get("next")))
    guard.remember_device(response)
    return response


@blueprint.post("/sign-out")
@view(Audience.SIGNED_IN)
def sign_out(uow: UnitOfWork) -> ResponseReturnValue:
    """End all sessions of the person: a copied cookie is of no use afterwards."""
    run(uow, "user.sign_out", {})
    end_session()
    flash("You are signed out.", "info")
    return redirect(url_for("auth.sign_in"))


def _show_form(uow: UnitOfWork, *, email: str, error: str) -> str:
    """Show the form; a demo names the people one can be, since their password is public."""
    is_demo = settings().environment == "demo"
    return render_template(
        "auth/sign_in.html",
        email=email,
        error=error,
        people=list_users(uow) if is_demo else [],
        password=DEMO_PASSWORD,
    )


def safe_target(target: str | None) -> str:
    """Return ``target`` if it is an address of this site, else the inbox."""
    inbox = url_for("inbox.index")
    if not target or not target.startswith("/") or "\\" in target or not target.isprintable():
        return inbox
    parts = urlsplit(target)
    # "//elsewhere.example" and "/%09/elsewhere" would leave the site in some browsers.
    if parts.scheme or parts.netloc or target.startswith("//"):
        return inbox
    return target
