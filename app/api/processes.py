"""Processes over the API: definitions, deployments, instances and incidents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.arguments import limit_argument
from app.api.routes import Route, add_route
from app.context import API_PREFIX
from app.views import Audience
from app.wire import json_body, json_response, present_result
from processes.deploying.deployments import (
    list_deployments,
    list_processes,
    list_versions,
    version_xml,
)
from processes.jobs.incidents import list_incidents
from processes.migration.views import get_run, list_runs
from processes.running.history_view import list_history
from processes.running.instances import instance_view, list_instances
from services.actors import Permission
from services.operations import get_operation, run
from services.unit_of_work import UnitOfWork

_CURSOR: Final = {
    "cursor": "`next_cursor` or `previous_cursor` of another page.",
    "limit": "How many at most, 1 to 200.",
}
_INSTANCE_FILTERS: Final = {
    "process": "A process's key.",
    "version": "A version's key.",
    "state": "`running`, `suspended`, `completed`, `terminated` or `cancelled`.",
    "record_id": "A record's key.",
    "incidents": "`open`: only those with open incidents.",
}

_HISTORY_FILTERS: Final = {
    "view": "`told` (the default), `commands`, `failures`, `variables` or `all`.",
    "element_id": "An element's id.",
    "actor": "Who did it: a name.",
    "before": "`older` of the page before.",
    "limit": "How many at most, 1 to 200.",
}
_INSTANCE_COMMANDS: Final = (
    "cancel",
    "suspend",
    "resume",
    "set_variables",
    "move_token",
    "add_token",
    "cancel_token",
    "restart",
)


def process_blueprints() -> list[Blueprint]:
    """Return the resources of processes."""
    return [
        _resource("processes", "Processes", _process_routes()),
        _resource("deployments", "Deployments", _deployment_routes()),
        _resource("instances", "Process instances", _instance_routes()),
        _resource("migrations", "Migrations of instances", _migration_routes()),
        _resource("incidents", "Incidents", _incident_routes()),
    ]


def _resource(name: str, title: str, routes: list[Route]) -> Blueprint:
    blueprint = Blueprint(
        f"api_{name}", __name__, url_prefix=f"{API_PREFIX}{name}", description=title
    )
    for route in routes:
        add_route(blueprint, route)
    return blueprint


def _process_routes() -> list[Route]:
    read = Permission.PROCESS_READ
    return [
        Route("GET", "", "list", read, _plain_list(list_processes), "List processes"),
        Route("GET", "/<key>/versions", "versions", read, _versions, "List a process's versions"),
        Route(
            "GET",
            "/versions/<uuid:key>/diagram",
            "diagram",
            read,
            _diagram,
            "Get the diagram of a version as BPMN 2.0 XML",
        ),
        _operation_route("/versions/<uuid:key>/activate", "version.activate", "version_id"),
        *(
            _operation_route(f"/versions/<uuid:key>/{verb}", f"version.{verb}", "version_id")
            for verb in ("suspend", "suspend_instances", "resume_instances")
        ),
    ]


def _deployment_routes() -> list[Route]:
    deployed = _plain_list(list_deployments)
    return [
        Route("GET", "", "list", Permission.PROCESS_READ, deployed, "List deployments"),
        _operation_route("", "process.deploy"),
    ]


def _instance_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "",
            "list",
            Permission.INSTANCE_OPERATE,
            _instances,
            "List instances",
            query=_CURSOR | _INSTANCE_FILTERS,
        ),
        Route(
            "GET",
            "/<uuid:key>",
            "get",
            Audience.SIGNED_IN,
            _instance,
            "Show an instance with its diagram and tokens",
        ),
        Route(
            "GET",
            "/<uuid:key>/history",
            "history",
            Permission.INSTANCE_OPERATE,
            _history,
            "List what an instance did, newest first",
            query=_HISTORY_FILTERS,
        ),
        _operation_route("", "instance.start"),
        _operation_route("/plan_migration", "instance.plan_migration"),
        _operation_route("/migrate", "instance.migrate"),
        *(
            _operation_route(f"/<uuid:key>/{verb}", f"instance.{verb}", "instance_id")
            for verb in _INSTANCE_COMMANDS
        ),
    ]


def _migration_routes() -> list[Route]:
    operate = Permission.INSTANCE_OPERATE
    return [
        Route("GET", "", "list", operate, _plain_list(list_runs), "List migration runs"),
        Route("GET", "/<uuid:key>", "get", operate, _run_view, "Show a migration run"),
        *(
            _operation_route(f"/<uuid:key>/{verb}", f"migration.{verb}", "run_id")
            for verb in ("stop", "resume", "undo")
        ),
    ]


def _incident_routes() -> list[Route]:
    return [
        Route(
            "GET",
            "",
            "list",
            Permission.INSTANCE_OPERATE,
            _incidents,
            "List incidents",
            query={"state": "`open`, `resolved` or `all`.", "limit": "1 to 200."},
        ),
        _operation_route("/<uuid:key>/retry", "incident.retry", "incident_id"),
    ]


def _operation_route(rule: str, name: str, id_argument: str = "") -> Route:
    """Return a route that runs an operation; ``key`` of the path is its ``id_argument``."""
    operation = get_operation(name)
    excluded = [id_argument] if id_argument else []
    return Route(
        "POST",
        rule,
        name.partition(".")[2],
        operation.permission,
        partial(_run, name, id_argument),
        operation.summary,
        body=operation.schema(exclude=excluded) if excluded else operation.schema,
    )


def _plain_list(query: Callable[[UnitOfWork], Any]) -> Callable[[UnitOfWork], ResponseReturnValue]:
    """Return a view that answers a query without arguments."""

    def answer(uow: UnitOfWork) -> ResponseReturnValue:
        return json_response({"items": query(uow)})

    return answer


def _versions(uow: UnitOfWork, *, key: str) -> ResponseReturnValue:
    return json_response({"items": list_versions(uow, key)})


def _diagram(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return Response(version_xml(uow, key), mimetype="application/xml")


def _instances(uow: UnitOfWork) -> ResponseReturnValue:
    filters: Mapping[str, str] = {
        name: value for name, value in request.args.items() if name not in _CURSOR
    }
    page = list_instances(uow, filters, request.args.get("cursor"), limit=limit_argument())
    return json_response(page)


def _instance(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(asdict(instance_view(uow, key)))


def _history(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    page = list_history(
        uow,
        key,
        request.args.get("view", "told"),
        element_id=request.args.get("element_id"),
        actor=request.args.get("actor"),
        before=request.args.get("before", type=int),
        limit=limit_argument(),
    )
    return json_response(asdict(page))


def _run_view(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(asdict(get_run(uow, key)))


def _incidents(uow: UnitOfWork) -> ResponseReturnValue:
    state = request.args.get("state", "open")
    return json_response({"items": list_incidents(uow, state, limit=limit_argument())})


def _run(name: str, id_argument: str, uow: UnitOfWork, **path: UUID) -> ResponseReturnValue:
    arguments = {**json_body(), **({id_argument: str(path["key"])} if id_argument else {})}
    return json_response(present_result(run(uow, name, arguments)))
