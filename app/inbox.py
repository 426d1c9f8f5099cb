"""The inbox: tasks that wait, one of them open beside the list, and what is done to it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.kinds import KINDS
from app.records.titles import Titles, record_url
from app.views import Audience, view, wants_json
from app.wire import json_body, json_response
from processes.deploying.deployments import can_see_processes, list_processes
from processes.running.instance_tables import TaskState
from processes.running.instances import is_suspended
from processes.tasks.inbox import count_tasks, get_task, list_tasks, task_form
from processes.tasks.items import TaskItem
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("inbox", __name__)

VIEWS: Final = (("mine", "Mine"), ("groups", "My groups"), ("all", "All"))
SORTS: Final = (("due", "Due first"), ("-priority", "Priority first"), ("-created", "Newest first"))
DUES: Final = (
    ("", "Any due date"),
    ("overdue", "Overdue"),
    ("today", "Due today"),
    ("week", "Due this week"),
    ("none", "Without due date"),
)
_SUMMARY_FIELDS: Final = 6
_STATE: Final = ("view", "sort", "due", "process", "q")


def register(app: Flask) -> None:
    """Add the inbox and the pages of tasks."""
    app.register_blueprint(blueprint)


@blueprint.get("/")
@view(Audience.SIGNED_IN)
def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the list, and beside it the task that the address names."""
    chosen = request.args.get("view", "mine")
    sort = request.args.get("sort", "due")
    filters = {
        name: request.args[argument]
        for name, argument in (("due", "due"), ("process", "process"), ("name", "q"))
        if request.args.get(argument)
    }
    page = list_tasks(
        uow,
        view=chosen,
        filters=filters,
        sort=sort,
        cursor=request.args.get("after") or request.args.get("before"),
    )
    opened = request.args.get("task", type=UUID)
    return render_template(
        "inbox/index.html",
        page=page,
        view=chosen,
        views=VIEWS,
        sort=sort,
        sorts=SORTS,
        dues=DUES,
        processes=_process_options(uow),
        counts=count_tasks(uow),
        narrowed=bool(filters),
        opened=opened,
        state=_state(),
        **(_task_context(uow, opened) if opened else {"task": None}),
    )


@blueprint.get("/tasks/<uuid:key>")
@view(Audience.SIGNED_IN)
def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show one task on a page of its own."""
    context = _task_context(uow, key)
    if context["task"] is None:
        raise NotFound("There is no such task.")
    return render_template("inbox/task.html", state=_state(), **context)


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the task's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _to_task(key)


@blueprint.post("/tasks/<uuid:key>/claim")
@view(Permission.TASK_WORK, again=_explain)
def claim(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take the task."""
    run(uow, "task.claim", {"task_id": str(key)})
    return _to_task(key)


@blueprint.post("/tasks/<uuid:key>/unclaim")
@view(Permission.TASK_WORK, again=_explain)
def unclaim(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Give the task back."""
    run(uow, "task.unclaim", {"task_id": str(key)})
    return _to_task(key)


@blueprint.post("/tasks/<uuid:key>/complete")
@view(Permission.TASK_WORK, again=_explain)
def complete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Complete the task with what the form sent, and go to the next one."""
    given: dict[str, Any] = json_body() if request.is_json else {}
    done = get_task(uow, key)
    result = run(
        uow,
        "task.complete",
        {"task_id": str(key), "data": given.get("data", {}), "version": given.get("version")},
    )
    flash(f"Done: {done.name}.", "good")
    following = result["next_task_id"]
    state = _state()
    if following and get_task(uow, following).assignee_id is None:
        state["view"] = "groups"
    target = url_for("inbox.index", **state, task=following)
    return json_response({"redirect": target}) if wants_json() else redirect(target)


def _task_context(uow: UnitOfWork, key: UUID) -> dict[str, Any]:
    """Return what the pane of a task shows; of a closed one only that it is."""
    try:
        task = get_task(uow, key)
    except NotFound:
        return {"task": None}
    context: dict[str, Any] = {"task": task, "actor_id": uow.actor.user_id, "form": None}
    if task.state == TaskState.OPEN:
        context["form"] = task_form(uow, task)
        context["suspended"] = is_suspended(uow, task.instance_id)
    return context | _record_context(uow, task)


def _record_context(uow: UnitOfWork, task: TaskItem) -> dict[str, Any]:
    """Return the summary of the task's record, as far as it may be seen."""
    if task.record_type is None or task.record_id is None or task.record_type not in KINDS:
        return {"record": None}
    kind = KINDS[task.record_type]
    try:
        record = get_record(uow, task.record_type, task.record_id)
    except NotFound:
        return {"record": None}
    fields = [
        field
        for field in kind.type.fields
        if field.name != kind.type.title_field
        and field.kind != "long_text"
        and getattr(record, field.name) not in {None, ""}
    ][:_SUMMARY_FIELDS]
    return {
        "record": record,
        "record_kind": kind,
        "record_url": record_url(task.record_type, task.record_id),
        "fields": fields,
        "titles": Titles(uow, fields, [record]),
    }


def _process_options(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Return the processes that the list can be narrowed to, for those who may know them."""
    if not can_see_processes(uow):
        return []
    return [("", "Any process"), *((one.key, one.name) for one in list_processes(uow))]


def _state() -> dict[str, Any]:
    """Return how the list is narrowed and sorted, to come back to it the same way."""
    return {name: request.args[name] for name in _STATE if request.args.get(name)}


def _to_task(key: UUID) -> ResponseReturnValue:
    """Go to the task's page, or back to the list that it is open beside."""
    if request.args.get("beside"):
        return redirect(url_for("inbox.index", **_state(), task=key))
    return redirect(url_for("inbox.show", key=key))
