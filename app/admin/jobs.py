"""What is done behind the pages: jobs that wait, run, or were given up."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.views import view
from processes.jobs.job_list import count_jobs, list_jobs
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_STATES: Final = (
    ("all", "All"),
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("failed", "Given up"),
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of jobs."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/jobs", "jobs", view(operate)(index))
    for rule, name, function in (
        ("/jobs/<int:key>/retry", "retry_job", retry),
        ("/jobs/<int:key>/delete", "delete_job", delete),
    ):
        run_view = view(operate, again=_explain)(function)
        blueprint.add_url_rule(rule, name, run_view, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List jobs with why they failed and when they are tried again."""
    state = request.args.get("state", "all")
    return render_template(
        "admin/jobs.html",
        jobs=list_jobs(uow, state),
        counts=count_jobs(uow),
        state=state,
        states=_STATES,
    )


def retry(uow: UnitOfWork, *, key: int) -> ResponseReturnValue:
    """Let a job be tried again now."""
    result = run(uow, "job.retry", {"job_id": key})
    flash(f"The job {result['task']} is tried again now.", "good")
    return redirect(url_for("admin.jobs"))


def delete(uow: UnitOfWork, *, key: int) -> ResponseReturnValue:
    """Drop a job for good."""
    reason = request.form.get("reason", "")
    result = run(uow, "job.delete", {"job_id": key, "reason": reason})
    flash(f"The job {result['task']} was deleted.", "good")
    return redirect(url_for("admin.jobs"))


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.jobs"))
