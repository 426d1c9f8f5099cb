"""Starting a process by hand: choosing it, what it is about, and its first form."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.operating import value_of
from app.forms import reason_of
from app.records.titles import record_url
from app.views import view, wants_json
from app.wire import json_body, json_response
from processes.running.start_view import entered_variables, list_startable, start_form
from services.actors import Permission
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.records.types import get_record, get_record_type, title_of
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("start", __name__, url_prefix="/start")


def register(app: Flask) -> None:
    """Add the pages that start processes."""
    app.register_blueprint(blueprint)


@blueprint.get("")
@view(Permission.PROCESS_START)
def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the processes that a person can start."""
    found = list_startable(uow)
    types = {
        one.record_type: get_record_type(one.record_type).label for one in found if one.record_type
    }
    return render_template("start/index.html", processes=found, types=types)


@blueprint.get("/<process_key>")
@view(Permission.PROCESS_START)
def show(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Show the record to be chosen, and the form of the start event."""
    return _page(uow, process_key=process_key)


def _page(
    uow: UnitOfWork, error: LanewiseError | None = None, *, process_key: str
) -> ResponseReturnValue:
    record_id = _record_id()
    form = start_form(uow, process_key, record_id)
    kind = form.process.record_type
    record = get_record(uow, kind, record_id) if kind and record_id else None
    return render_template(
        "start/show.html",
        process=form.process,
        form=form,
        type=get_record_type(kind) if kind else None,
        record=record,
        title=title_of(record) if record is not None else "",
        error=reason_of(error) if error else "",
    )


@blueprint.post("/<process_key>")
@view(Permission.PROCESS_START, again=_page)
def begin(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Start the process, and go to where its work is seen."""
    record_id = _record_id()
    given: dict[str, Any] = json_body() if request.is_json else {}
    variables = entered_variables(uow, process_key, record_id, given.get("data", {}))
    variables |= _typed()
    arguments = {"process_key": process_key, "variables": variables}
    started = run(
        uow, "instance.start", {**arguments, "record_id": str(record_id) if record_id else None}
    )
    name = start_form(uow, process_key, record_id).process
    flash(f"{name.name} has begun.", "good")
    target = url_for("start.index")
    if uow.actor.may(Permission.INSTANCE_OPERATE):
        target = url_for("admin.instance", key=started["instance_id"])
    elif name.record_type and record_id and uow.actor.may(Permission.RECORD_READ):
        target = record_url(name.record_type, record_id)
    return json_response({"redirect": target}) if wants_json() else redirect(target)


def _record_id() -> UUID | None:
    text = request.values.get("record_id", "")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        message = "Choose a record from the list."
        raise Invalid(message, {"record_id": [message]}) from None


def _typed() -> dict[str, Any]:
    """Return the variables that an administrator typed as a JSON object."""
    text = request.form.get("variables", "").strip()
    if not text:
        return {}
    value = value_of(text)
    if not isinstance(value, dict):
        message = 'Write a JSON object, such as {"urgent": true}.'
        raise Invalid(message, {"variables": [message]})
    return value
