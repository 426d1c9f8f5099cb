"""What administrators do to an instance, from its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from feel import FeelError, evaluate, to_json
from processes.running.element_view import element_view
from services.actors import Permission
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import run
from services.unit_of_work import UnitOfWork

_COMMANDS: Final = {
    "cancel": ((), "The instance is cancelled."),
    "suspend": ((), "The instance stands still until you resume it."),
    "resume": ((), "The instance goes on."),
    "move_token": (("token_id", "element_id"), "The token is moved."),
    "add_token": (("element_id",), "The token is added."),
    "cancel_token": (("token_id",), "The token is cancelled."),
    "restart": (("element_id", "variables", "entry_id"), "The instance began again."),
}
"""By verb: the fields of its dialog besides the reason, and what is said when it is done."""


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of commands to one instance."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/instances/<uuid:key>/element", "element", view(operate)(element))
    changes: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
        ("/instances/<uuid:key>/variables", "set_variable", set_variable),
        ("/instances/<uuid:key>/<verb>", "command_instance", command),
    )
    for rule, name, function in changes:
        run_view = view(operate, again=_explain)(function)
        blueprint.add_url_rule(rule, name, run_view, methods=["POST"])


def element(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show what stands at an element and what can be done there, as a piece of a page."""
    shown = element_view(uow, key, request.args.get("element", ""))
    return render_template("admin/element.html", instance_id=key, element=shown)


def command(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Carry out one of the commands that a dialog of the page sends.

    Raises:
        NotFound: There is no such command.
    """
    if verb not in _COMMANDS:
        raise NotFound("There is no such action.")
    names, done = _COMMANDS[verb]
    sent = form_arguments((*names, "reason"))
    given = {name: value for name, value in sent.items() if value or name == "reason"}
    run(uow, f"instance.{verb}", {"instance_id": str(key), **given})
    flash(done, "good")
    return _back(key)


def set_variable(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Set one variable to what was typed; refused if it is not what the page showed."""
    name = request.form.get("name", "").strip()
    arguments: dict[str, Any] = {
        "instance_id": str(key),
        "variables": {name: value_of(request.form.get("value", ""))},
        "reason": request.form.get("reason", ""),
    }
    if seen := request.form.get("seen", ""):
        arguments["seen"] = {name: value_of(seen)}
    run(uow, "instance.set_variables", arguments)
    flash(f"{name} is set.", "good")
    return _back(key)


def value_of(text: str) -> Any:
    """Return the JSON value of what somebody typed: FEEL after ``=``, JSON, or else a text.

    Raises:
        Invalid: It is FEEL with a mistake.
    """
    stripped = text.strip()
    if stripped.startswith("="):
        try:
            return to_json(evaluate(stripped[1:], {}))
        except FeelError as error:
            message = f"The value can't be read: {error}"
            raise Invalid(message, {"value": [message]}) from error
    try:
        return orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return text


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_verb: str
) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return _back(key)


def _back(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("admin.instance", key=key))
