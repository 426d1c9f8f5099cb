"""Deployments: what was put into force, and putting more into force by upload."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask import redirect as redirect_to
from flask.typing import ResponseReturnValue

from app.views import view
from processes.deploying.deployments import list_deployments
from processes.deploying.findings import Finding, ModelRejected
from services.actors import Permission
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of deployments."""
    blueprint.add_url_rule("/deployments", "deployments", view(Permission.PROCESS_DEPLOY)(index))
    upload_view = view(Permission.PROCESS_DEPLOY, again=index)(upload)
    blueprint.add_url_rule("/deployments", "upload", upload_view, methods=["POST"])


def index(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """List deployments; after a refused one, say what is wrong with each file."""
    findings = error.findings if isinstance(error, ModelRejected) else []
    return render_template(
        "admin/deployments.html",
        deployments=list_deployments(uow),
        findings=findings,
        error=error,
        note=request.form.get("note", ""),
    )


def upload(uow: UnitOfWork) -> ResponseReturnValue:
    """Deploy the files that were sent as one unit."""
    files = _sent_files()
    result = run(uow, "process.deploy", {"files": files, "note": request.form.get("note", "")})
    if not result["is_new"]:
        flash("Nothing changed: everything is deployed already.", "info")
    else:
        made = [f"{one['name']} {one['version']}" for one in result["processes"] if one["is_new"]]
        flash(f"Deployed: {', '.join(made) or 'forms and decisions'}.", "good")
    return redirect_to(url_for("admin.deployments"))


def _sent_files() -> list[dict[str, Any]]:
    """Return names and texts of the files that were sent.

    Raises:
        Invalid: There are none.
        ModelRejected: One isn't text.
    """
    files, findings = [], []
    for sent in request.files.getlist("files"):
        name = (sent.filename or "").replace("\\", "/").rpartition("/")[2]
        if not name:
            continue
        try:
            files.append({"name": name, "content": sent.read().decode()})
        except UnicodeDecodeError:
            advice = "Save it as UTF-8; archives and pictures can't be deployed."
            findings.append(Finding("The file is not text.", name, advice=advice))
    if findings:
        raise ModelRejected(findings)
    if not files:
        message = "Choose at least one file."
        raise Invalid(message, {"files": [message]})
    return files
