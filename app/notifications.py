"""Notifications: what one was told, opened from a list, and how one wants to hear of things."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.titles import record_url
from app.views import Audience, view
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.notifications.model import NOTIFICATION_KINDS, Notification
from services.notifications.reading import SHOWN, count_unread, list_notifications
from services.operations import run
from services.unit_of_work import UnitOfWork


def register(app: Flask) -> None:
    """Add the list of notifications."""
    blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")
    blueprint.add_url_rule("", "index", view(Audience.SIGNED_IN)(index))
    for rule, name, function in (
        ("/<uuid:key>/open", "open", open_one),
        ("/read", "read_all", read_all),
        ("/settings", "choose", choose),
    ):
        decided = view(Permission.PROFILE_WRITE, again=_explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List what one was told, the newest first."""
    only_unread = request.args.get("show") == "unread"
    before = request.args.get("after", type=UUID)
    found = list_notifications(uow, unread=only_unread, before=before, limit=SHOWN + 1)
    return render_template(
        "notifications/index.html",
        notifications=found[:SHOWN],
        after=found[SHOWN - 1].id if len(found) > SHOWN else None,
        unread=count_unread(uow),
        only_unread=only_unread,
    )


def open_one(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Note that one has read it, and go to its record.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    run(uow, "notification.read", {"notification_id": str(key)})
    row = uow.session.get(Notification, key)
    if row is None:
        raise NotFound("There is no such notification.")
    target = record_url(row.record_type, row.record_id)
    return redirect(target or url_for("notifications.index"))


def read_all(uow: UnitOfWork) -> ResponseReturnValue:
    """Note that one has read all of them."""
    run(uow, "notification.read", {})
    return redirect(url_for("notifications.index"))


def choose(uow: UnitOfWork) -> ResponseReturnValue:
    """Save how one wants to hear of things."""
    given = request.form
    choices = {
        kind: given[f"mail_{kind}"] for kind in NOTIFICATION_KINDS if f"mail_{kind}" in given
    }
    chosen: dict[str, Any] = {
        "choices": choices,
        "timezone": given.get("timezone", ""),
        "digest_hour": given.get("digest_hour", "8"),
    }
    run(uow, "notification.choose", chosen)
    flash("Your choice is saved.", "good")
    return redirect(url_for("auth.profile"))


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: object) -> ResponseReturnValue:
    """Say on the profile why nothing was saved."""
    flash(reason_of(error), "bad")
    return redirect(url_for("auth.profile"))
