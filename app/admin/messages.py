"""Sending messages and signals to processes by hand, and what is buffered of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.views import view
from processes.events.messages import list_messages
from processes.events.waited_for import list_names
from services.actors import Permission
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of messages and signals."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/messages", "messages", view(operate)(index))
    blueprint.add_url_rule(
        "/messages", "send_message", view(operate, again=index)(send), methods=["POST"]
    )
    blueprint.add_url_rule(
        "/messages/<uuid:key>/delete",
        "delete_message",
        view(operate, again=_explain)(delete),
        methods=["POST"],
    )


def index(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form that sends, what is waited for, and what is buffered."""
    return render_template(
        "admin/messages.html",
        names=list_names(uow),
        messages=list_messages(uow),
        given=request.form,
        errors=error.fields if isinstance(error, Invalid) else {},
        error=error,
    )


def send(uow: UnitOfWork) -> ResponseReturnValue:
    """Send a message to one, or a signal to all that wait for it."""
    is_signal = request.form.get("kind") == "signal"
    arguments: dict[str, Any] = {
        "name": request.form.get("name", "").strip(),
        "payload": _object("payload"),
    }
    if is_signal:
        run(uow, "signal.broadcast", arguments)
        flash(f"The signal {arguments['name']} is on its way to all that wait for it.", "good")
    else:
        arguments["keys"] = _object("keys")
        arguments["time_to_live"] = request.form.get("time_to_live") or "PT1H"
        run(uow, "message.correlate", arguments)
        flash(f"The message {arguments['name']} is on its way.", "good")
    return redirect(url_for("admin.messages"))


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Drop a message that waits for its receiver."""
    run(uow, "message.delete", {"message_id": str(key)})
    flash("The message is dropped.", "good")
    return redirect(url_for("admin.messages"))


def _object(name: str) -> dict[str, Any]:
    """Return the JSON object that a field holds; an empty one if it is empty.

    Raises:
        Invalid: It holds something else.
    """
    text = request.form.get(name, "").strip()
    message = 'Write a JSON object, such as {"order": "A1"}.'
    try:
        value = orjson.loads(text or b"{}")
    except orjson.JSONDecodeError as error:
        raise Invalid("Please check the marked fields.", {name: [message]}) from error
    if not isinstance(value, dict):
        raise Invalid("Please check the marked fields.", {name: [message]})
    return value


def _explain(_uow: UnitOfWork, error: LanewiseError, **_key: UUID) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.messages"))
