"""The forms by which an activity comes again, and by which it no longer does."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.activity_page import repeat_offers
from app.records.kinds import KINDS
from app.views import view
from services.activities.which import WHICH
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_RULE: Final = (
    "frequency",
    "every",
    "weekdays",
    "month_by",
    "times",
    "until",
    "timezone",
)


def register(app: Flask) -> None:
    """Add the forms on the page of an activity."""
    app.jinja_env.globals.update(repeat_offers=repeat_offers, which_of_series=WHICH)
    blueprint = Blueprint("series", __name__)
    for action, function in (("repeat", repeat), ("end", end), ("delete", delete)):
        decided = view(Permission.RECORD_WRITE, again=_explain)(function)
        rule = f"/activities/<uuid:key>/series/{action}"
        blueprint.add_url_rule(rule, action, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def repeat(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Let an activity come again, or by another rule."""
    given = {name: text for name, text in form_arguments(_RULE).items() if text}
    if given.get("frequency") != "weekly":
        given.pop("weekdays", None)
    run(uow, "activity.repeat", {"activity_id": str(key), **given})
    flash("It repeats.", "good")
    return _back(key)


def end(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Let an activity be the last of its series."""
    run(uow, "activity.end_series", {"activity_id": str(key)})
    flash("This is the last one now.", "good")
    return _back(key)


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put what is planned of a series into the bin."""
    which = form_arguments(("which",))
    made = run(uow, "activity.delete_series", {"activity_id": str(key), **which})
    count = made["deleted"]
    flash(f"{count} activit{'y is' if count == 1 else 'ies are'} in the bin.", "good")
    return redirect(url_for("agenda.index"))


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: object
) -> ResponseReturnValue:
    """Say on the activity's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key)


def _back(key: UUID) -> ResponseReturnValue:
    return redirect(url_for(f"{KINDS['activity'].place}.show", key=key))
