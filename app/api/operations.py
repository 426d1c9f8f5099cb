"""Every operation over the API, straight from the registry."""

from __future__ import annotations

from functools import partial

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.routes import Route, add_route
from app.context import API_PREFIX
from app.views import Audience
from app.wire import json_body, json_response, present_result
from services.operations import Operation, all_operations, run
from services.unit_of_work import UnitOfWork


def operations_blueprint() -> Blueprint:
    """Return the routes ``POST /operations/<name>`` and their list."""
    blueprint = Blueprint(
        "api_operations",
        __name__,
        url_prefix=f"{API_PREFIX}operations",
        description="Whatever changes state, by name",
    )
    add_route(
        blueprint,
        Route("GET", "", "list", Audience.SIGNED_IN, _list, "List what the caller may do"),
    )
    add_route(
        blueprint,
        Route(
            "POST",
            "/<name>",
            "run_by_name",
            Audience.SIGNED_IN,
            _run_by_name,
            "Do something to a record of a type that administrators have added",
        ),
    )
    for operation in all_operations():
        add_route(
            blueprint,
            Route(
                "POST",
                f"/{operation.name}",
                operation.name.replace(".", "_"),
                operation.permission,
                partial(_run, operation),
                operation.summary,
                body=operation.schema,
            ),
        )
    return blueprint


def _list(uow: UnitOfWork) -> ResponseReturnValue:
    allowed = [one for one in all_operations() if uow.actor.may(one.permission)]
    return json_response({"items": [{"name": one.name, "summary": one.summary} for one in allowed]})


def _run_by_name(uow: UnitOfWork, *, name: str) -> ResponseReturnValue:
    return json_response(present_result(run(uow, name, json_body())))


def _run(operation: Operation, uow: UnitOfWork) -> ResponseReturnValue:
    return json_response(present_result(run(uow, operation.name, json_body())))
