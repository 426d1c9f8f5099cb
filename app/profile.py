"""One's own profile: who one is here, the password, and tokens for the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.sessions import renew_session
from app.views import Audience, view
from services.actors import Permission
from services.errors import Invalid, LanewiseError
from services.notifications.choosing import find_settings
from services.notifications.model import MAIL_CHOICES, NOTIFICATION_KINDS
from services.operations import run
from services.people.model import User
from services.people.users import list_tokens
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the profile."""
    blueprint.add_url_rule("/profile", "profile", view(Audience.SIGNED_IN)(show))
    for rule, name, function in (
        ("/profile/password", "change_password", change_password),
        ("/profile/tokens", "create_token", create_token),
        ("/profile/tokens/<uuid:key>/revoke", "revoke_token", revoke_token),
    ):
        run_view = view(Permission.PROFILE_WRITE, again=_show_again)(function)
        blueprint.add_url_rule(rule, name, run_view, methods=["POST"])


def show(
    uow: UnitOfWork, error: LanewiseError | None = None, *, token: str = ""
) -> ResponseReturnValue:
    """Show the profile; a new token is shown this once."""
    person = uow.get(User, uow.actor.user_id) if uow.actor.user_id else None
    return render_template(
        "auth/profile.html",
        person=person,
        tokens=list_tokens(uow),
        settings=None if person is None else find_settings(uow, person.id),
        kinds=NOTIFICATION_KINDS,
        mail_choices=list(MAIL_CHOICES.items()),
        zones=sorted(available_timezones()),
        own_zone=uow.platform.settings.timezone.key,
        token=token,
        errors=error.fields if isinstance(error, Invalid) else {},
        error=error,
    )


def change_password(uow: UnitOfWork) -> ResponseReturnValue:
    """Change one's password; all other sessions end, this one goes on."""
    if request.form.get("new_password") != request.form.get("repeated"):
        message = "The two don't match."
        raise Invalid("Please check the marked fields.", {"repeated": [message]})
    passwords = {name: request.form.get(name, "") for name in ("current_password", "new_password")}
    user = run(uow, "user.change_password", passwords)
    renew_session(user)
    flash("Your password is changed; your other sessions have ended.", "good")
    return redirect(url_for("auth.profile"))


def create_token(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a token for one's own use of the API."""
    result = run(uow, "token.create", form_arguments(["name"]))
    return show(uow, token=result["token"])


def revoke_token(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """End a token."""
    run(uow, "token.revoke", {"token_id": str(key)})
    flash("The token is no longer valid.", "good")
    return redirect(url_for("auth.profile"))


def _show_again(uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    if not isinstance(error, Invalid):
        flash(reason_of(error), "bad")
    return show(uow, error)
