"""Running and ended instances."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.records.titles import record_url
from app.views import view
from processes.deploying.deployments import list_processes
from processes.running.element_view import element_view, restart_choices
from processes.running.history_view import actors_of, list_history
from processes.running.instances import instance_view, list_instances
from services.actors import Permission
from services.unit_of_work import UnitOfWork

_FILTERS: Final = ("process", "version", "state", "record_id", "incidents")
_VIEWS: Final = (
    ("told", "What happened"),
    ("commands", "Done by hand"),
    ("failures", "Failures"),
    ("variables", "Variables"),
    ("all", "Every step"),
)
_STATES: Final = (
    ("", "Any state"),
    ("running", "Running"),
    ("suspended", "Suspended"),
    ("completed", "Completed"),
    ("terminated", "Terminated"),
    ("cancelled", "Cancelled"),
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of instances."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/instances", "instances", view(operate)(index))
    blueprint.add_url_rule("/instances/<uuid:key>", "instance", view(operate)(show))


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
    chosen = request.args.get("element")
    what = request.args.get("what", "told")
    by = request.args.get("by")
    return render_template(
        "admin/instance.html",
        instance=instance,
        record_url=url,
        element=element_view(uow, key, chosen) if chosen else None,
        history=list_history(
            uow,
            key,
            what,
            element_id=request.args.get("at"),
            actor=by,
            before=request.args.get("before", type=int),
        ),
        views=_VIEWS,
        actors=[("", "Anybody"), *((name, name) for name in actors_of(uow, key))],
        elements=restart_choices(uow, key),
    )
