"""Tasks over the API: the queues, one task with its form, and what is done to it."""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.arguments import limit_argument
from app.api.routes import Route, add_route
from app.context import API_PREFIX
from app.views import Audience
from app.wire import json_body, json_response, present_result
from processes.running.instance_tables import TaskState
from processes.tasks.inbox import get_task, list_tasks, task_form
from services.operations import get_operation, run
from services.unit_of_work import UnitOfWork

_PAGING: Final = {
    "view": "`mine`, `groups` or `all`.",
    "sort": "`due`, `created` or `priority`; with a minus in front for descending.",
    "cursor": "`next_cursor` or `previous_cursor` of another page.",
    "limit": "How many at most, 1 to 200.",
}
_FILTERS: Final = {
    "process": "A process's key.",
    "record_type": "The kind of record.",
    "record_id": "The record's key.",
    "assignee": "A user's key.",
    "group": "A group's key.",
    "due": "`overdue`, `today`, `week` or `none`.",
    "name": "A part of the name.",
}
_VERBS: Final = ("claim", "unclaim", "assign", "complete")


def tasks_blueprint() -> Blueprint:
    """Return the resource of tasks."""
    blueprint = Blueprint(
        "api_tasks", __name__, url_prefix=f"{API_PREFIX}tasks", description="Tasks"
    )
    signed_in = Audience.SIGNED_IN
    add_route(
        blueprint,
        Route("GET", "", "list", signed_in, _list, "List tasks", query=_PAGING | _FILTERS),
    )
    add_route(
        blueprint,
        Route("GET", "/<uuid:key>", "get", signed_in, _get, "Show a task with its form"),
    )
    for verb in _VERBS:
        operation = get_operation(f"task.{verb}")
        add_route(
            blueprint,
            Route(
                "POST",
                f"/<uuid:key>/{verb}",
                verb,
                operation.permission,
                partial(_run, operation.name),
                operation.summary,
                body=operation.schema(exclude=["task_id"]),
            ),
        )
    return blueprint


def _list(uow: UnitOfWork) -> ResponseReturnValue:
    page = list_tasks(
        uow,
        view=request.args.get("view", "mine"),
        filters={name: value for name, value in request.args.items() if name not in _PAGING},
        sort=request.args.get("sort", "due"),
        cursor=request.args.get("cursor"),
        limit=limit_argument(),
    )
    return json_response(page)


def _get(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    task = get_task(uow, key)
    form = task_form(uow, task) if task.state == TaskState.OPEN else None
    return json_response({"task": task, "form": form})


def _run(name: str, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    result = run(uow, name, {**json_body(), "task_id": str(key)})
    return json_response(present_result(result))
