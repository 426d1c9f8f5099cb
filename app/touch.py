"""How a record is reached and where a contact works: the small forms beside a record."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.titles import record_url
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.unit_of_work import UnitOfWork

_WRITE = Permission.RECORD_WRITE
_POINT_ACTIONS: Final = {
    "remove": "Removed.",
    "make_primary": "It is the primary one now.",
    "opt_out": "No advertising goes there any more.",
    "opt_in": "Advertising may go there again.",
    "mark_valid": "It counts as working again.",
}
_PLACE_ACTIONS: Final = {
    "end": "The place has ended.",
    "make_primary": "It is the primary account now.",
}
_POINT_FIELDS: Final = ("record_type", "record_id", "kind", "value", "label")
_PLACE_FIELDS: Final = ("contact_id", "account_id", "role", "position", "since", "until")


def register(app: Flask) -> None:
    """Add the forms for contact points and places."""
    blueprint = Blueprint("touch", __name__)
    for rule, name, function in (
        ("/contact-points", "add_point", add_point),
        ("/contact-points/<uuid:key>/change", "change_point", change_point),
        ("/contact-points/<uuid:key>/do/<action>", "act_on_point", act_on_point),
        ("/contact-accounts", "add_place", add_place),
        ("/contact-accounts/<uuid:key>/change", "change_place", change_place),
        ("/contact-accounts/<uuid:key>/do/<action>", "act_on_place", act_on_place),
    ):
        decided = view(_WRITE, again=_explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def add_point(uow: UnitOfWork) -> ResponseReturnValue:
    """Add an address or a number."""
    run(uow, "contact_point.add", _filled(_POINT_FIELDS))
    return _back()


def change_point(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change an address or a number, or what it is called."""
    given = form_arguments(("value", "label"))
    run(uow, "contact_point.update", {"contact_point_id": str(key), **given})
    return _back()


def act_on_point(uow: UnitOfWork, *, key: UUID, action: str) -> ResponseReturnValue:
    """Do what a point's menu offers.

    Raises:
        NotFound: It offers no such thing.
    """
    if action not in _POINT_ACTIONS:
        raise NotFound("There is no such action.")
    run(uow, f"contact_point.{action}", {"contact_point_id": str(key)})
    flash(_POINT_ACTIONS[action], "good")
    return _back()


def add_place(uow: UnitOfWork) -> ResponseReturnValue:
    """Say that a contact works with another account too."""
    run(uow, "contact_account.add", _filled(_PLACE_FIELDS))
    return _back()


def change_place(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change role, position and dates of a place."""
    given = form_arguments(("role", "position", "since", "until"))
    run(uow, "contact_account.update", {"contact_account_id": str(key), **given})
    return _back()


def act_on_place(uow: UnitOfWork, *, key: UUID, action: str) -> ResponseReturnValue:
    """Do what a place's menu offers.

    Raises:
        NotFound: It offers no such thing.
    """
    if action not in _PLACE_ACTIONS:
        raise NotFound("There is no such action.")
    run(uow, f"contact_account.{action}", {"contact_account_id": str(key)})
    flash(_PLACE_ACTIONS[action], "good")
    return _back()


def _filled(names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in form_arguments(names).items() if value}


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: object) -> ResponseReturnValue:
    """Say on the record's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back()


def _back() -> ResponseReturnValue:
    """Return to the record whose page the form stands on; to the inbox if it doesn't say."""
    of_type, key = request.form.get("from_type", ""), request.form.get("from_id", "")
    try:
        url = record_url(of_type, UUID(key))
    except ValueError:
        url = ""
    return redirect(url or url_for("inbox.index"))
