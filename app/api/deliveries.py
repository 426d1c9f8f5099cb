"""What is on its way over the API: messages, signals and jobs."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.arguments import limit_argument
from app.api.routes import Route, add_route
from app.context import API_PREFIX
from app.wire import json_body, json_response, present_result
from processes.events.messages import list_messages
from processes.jobs.job_list import list_jobs
from services.actors import Permission
from services.operations import get_operation, run
from services.unit_of_work import UnitOfWork

_LIMIT: Final = {"limit": "How many at most, 1 to 200."}


def delivery_blueprints() -> list[Blueprint]:
    """Return the resources of messages, signals and jobs."""
    operate = Permission.INSTANCE_OPERATE
    messages = [
        Route(
            "GET",
            "",
            "list",
            operate,
            _messages,
            "List messages that wait for their receiver",
            query={"name": "Only those of this name.", **_LIMIT},
        ),
        _operation("", "message.correlate"),
        _operation("/<uuid:key>/delete", "message.delete", "message_id"),
    ]
    jobs = [
        Route(
            "GET",
            "",
            "list",
            operate,
            _jobs,
            "List jobs, newest first",
            query={"state": "`waiting`, `running`, `failed` or `all`.", **_LIMIT},
        ),
        _operation("/<int:key>/retry", "job.retry", "job_id"),
        _operation("/<int:key>/delete", "job.delete", "job_id"),
    ]
    return [
        _resource("messages", "Messages to processes", *messages),
        _resource("signals", "Signals to processes", _operation("", "signal.broadcast")),
        _resource("jobs", "Jobs", *jobs),
    ]


def _resource(name: str, title: str, *routes: Route) -> Blueprint:
    prefix = f"{API_PREFIX}{name}"
    blueprint = Blueprint(f"api_{name}", __name__, url_prefix=prefix, description=title)
    for route in routes:
        add_route(blueprint, route)
    return blueprint


def _operation(rule: str, name: str, id_argument: str = "") -> Route:
    """Return a route that runs an operation; ``key`` of the path is its ``id_argument``."""
    operation = get_operation(name)
    return Route(
        "POST",
        rule,
        name.partition(".")[2],
        operation.permission,
        partial(_run, name, id_argument),
        operation.summary,
        body=operation.schema(exclude=[id_argument]) if id_argument else operation.schema,
    )


def _messages(uow: UnitOfWork) -> ResponseReturnValue:
    found = list_messages(uow, request.args.get("name"), limit=limit_argument())
    return json_response({"items": found})


def _jobs(uow: UnitOfWork) -> ResponseReturnValue:
    found = list_jobs(uow, request.args.get("state", "all"), limit=limit_argument())
    return json_response({"items": found})


def _run(name: str, id_argument: str, uow: UnitOfWork, **path: object) -> ResponseReturnValue:
    given = json_body()
    if id_argument:
        key = path["key"]
        given = {**given, id_argument: key if isinstance(key, int) else str(key)}
    return json_response(present_result(run(uow, name, given)))
