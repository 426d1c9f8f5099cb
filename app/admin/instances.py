"""Running and ended instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.forms import reason_of
from app.records.titles import record_url
from app.views import view
from processes.deployments import list_processes
from processes.history import Kind
from processes.instance_tables import HistoryEntry
from processes.instances import instance_view, list_instances
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_FILTERS: Final = ("process", "version", "state", "record_id", "incidents")
_HISTORY_ROWS: Final = 200
_TELLING: Final = [
    kind.value for kind in Kind if kind not in {Kind.ENTERED, Kind.FLOW, Kind.VARIABLES}
]
_STATES: Final = (
    ("", "Any state"),
    ("running", "Running"),
    ("completed", "Completed"),
    ("terminated", "Terminated"),
    ("cancelled", "Cancelled"),
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of instances."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/instances", "instances", view(operate)(index))
    blueprint.add_url_rule("/instances/<uuid:key>", "instance", view(operate)(show))
    blueprint.add_url_rule(
        "/instances/<uuid:key>/cancel",
        "cancel_instance",
        view(operate, again=_explain)(cancel),
        methods=["POST"],
    )


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List instances, newest first."""
    filters = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    cursor = request.args.get("after") or request.args.get("before")
    return render_template(
        "admin/instances.html",
        page=list_instances(uow, filters, cursor),
        processes=[("", "Any process"), *((one.key, one.name) for one in list_processes(uow))],
        states=_STATES,
        record_url=record_url,
        narrowed=bool(filters),
    )


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show an instance with its diagram, variables, past and incidents."""
    instance = instance_view(uow, key)
    url = ""
    if instance.record_type and instance.record_id:
        url = record_url(instance.record_type, instance.record_id)
    return render_template(
        "admin/instance.html", instance=instance, record_url=url, history=_history(uow, key)
    )


def _history(uow: UnitOfWork, key: UUID) -> Sequence[HistoryEntry]:
    """Return the last things that an instance did, newest first, without every flow."""
    statement = select(HistoryEntry).where(
        HistoryEntry.instance_id == key, HistoryEntry.kind.in_(_TELLING)
    )
    return uow.session.scalars(
        statement.order_by(HistoryEntry.id.desc()).limit(_HISTORY_ROWS)
    ).all()


def cancel(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Stop an instance for good."""
    reason = request.form.get("reason", "")
    run(uow, "instance.cancel", {"instance_id": str(key), "reason": reason})
    flash("The instance is cancelled.", "good")
    return redirect(url_for("admin.instance", key=key))


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.instance", key=key))
