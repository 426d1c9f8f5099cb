"""What analysts do: look at processes, draw them, check and deploy what they drew."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.views import view
from app.wire import json_body, json_response
from processes.deploying.checks import check_model
from processes.deploying.deployments import list_processes, list_versions, version_xml
from processes.deploying.drafts import get_draft, list_drafts
from processes.deploying.element_templates import element_templates
from processes.running.start_view import list_startable
from services.actors import Permission
from services.errors import Conflict, LanewiseError, NotFound
from services.operations import run
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("processes", __name__, url_prefix="/processes")

_KEY_LENGTH: Final = 60


def register(app: Flask) -> None:
    """Add the pages of processes."""
    app.register_blueprint(blueprint)


def _explain(_uow: UnitOfWork, error: LanewiseError, **arguments: Any) -> ResponseReturnValue:
    """Say on the page that one came from why nothing was done."""
    flash(reason_of(error), "bad")
    if "process_key" in arguments:
        return redirect(url_for("processes.show", process_key=arguments["process_key"]))
    return redirect(url_for("processes.index"))


@blueprint.get("")
@view(Permission.PROCESS_READ)
def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the processes, those that were never deployed too."""
    processes = list_processes(uow)
    deployed = {process.key for process in processes}
    drafts = [draft for draft in list_drafts(uow) if draft.process_key not in deployed]
    return render_template("analyst/index.html", processes=processes, drafts=drafts)


@blueprint.post("")
@view(Permission.PROCESS_DRAFT, again=_explain)
def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Begin a new process with a name and an almost empty diagram."""
    name = request.form.get("name", "").strip()
    key = key_from(name)
    taken = {process.key for process in list_processes(uow)}
    taken |= {draft.process_key for draft in list_drafts(uow)}
    if key in taken:
        raise Conflict(f"There is a process “{key}” already.")
    xml = render_template("analyst/new.bpmn", key=key, name=name or key)
    run(uow, "draft.save", {"process_key": key, "xml": xml})
    return redirect(url_for("processes.draw", process_key=key))


@blueprint.get("/<process_key>")
@view(Permission.PROCESS_READ)
def show(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Show the versions of a process with the diagram of one of them."""
    versions = list_versions(uow, process_key)
    asked = request.args.get("version", type=int)
    current = next((one for one in versions if one.is_current), versions[0])
    shown = next((one for one in versions if one.version == asked), current)
    return render_template(
        "analyst/show.html",
        process_key=process_key,
        versions=versions,
        shown=shown,
        picture={"xml": version_xml(uow, shown.id), "process_id": process_key},
        draft=get_draft(uow, process_key),
        startable=process_key in {one.key for one in list_startable(uow)},
    )


@blueprint.get("/<process_key>/draw")
@view(Permission.PROCESS_DRAFT)
def draw(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Open the draft, or the newest version, in the modeller."""
    return render_template(
        "analyst/draw.html",
        process_key=process_key,
        name=next((one.name for one in list_processes(uow) if one.key == process_key), process_key),
        draft=get_draft(uow, process_key),
    )


@blueprint.put("/<process_key>/draft")
@view(Permission.PROCESS_DRAFT)
def save(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Keep what is being drawn."""
    body = json_body()
    arguments = {
        "process_key": process_key,
        "xml": body.get("xml"),
        "version": body.get("version", 0),
    }
    return json_response({"version": run(uow, "draft.save", arguments)["version"]})


@blueprint.post("/<process_key>/discard")
@view(Permission.PROCESS_DRAFT, again=_explain)
def discard(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Throw the draft away."""
    run(uow, "draft.discard", {"process_key": process_key})
    flash("The draft is thrown away.", "info")
    return redirect(url_for("processes.index"))


@blueprint.post("/<process_key>/check")
@view(Permission.PROCESS_DRAFT)
def check(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Say what is wrong with a diagram; changes nothing."""
    del process_key  # part of the address only to keep the modeller's addresses together
    return json_response(check_model(uow, str(json_body().get("xml", ""))))


@blueprint.post("/<process_key>/deploy")
@view(Permission.PROCESS_DEPLOY)
def deploy(uow: UnitOfWork, *, process_key: str) -> ResponseReturnValue:
    """Put the draft into force.

    Raises:
        Conflict: Somebody else saved it since it was seen.
    """
    body = json_body()
    draft = get_draft(uow, process_key)
    if "version" in body and body["version"] != draft.version:
        raise Conflict(f"{draft.saved_by} saved this diagram since you opened it.")
    if draft.version == 0:
        flash("Nothing was changed since the last version.", "info")
        return json_response({"redirect": url_for("processes.show", process_key=process_key)})
    run(uow, "draft.deploy", {"process_key": process_key, "note": body.get("note") or ""})
    flash("The new version is in force for new instances.", "good")
    return json_response({"redirect": url_for("processes.show", process_key=process_key)})


@blueprint.get("/-/element-templates")
@view(Permission.PROCESS_READ)
def templates(_uow: UnitOfWork) -> ResponseReturnValue:
    """Return the business steps that the modeller offers."""
    return json_response(element_templates())


@blueprint.get("/-/versions/<uuid:version_id>.bpmn")
@view(Permission.PROCESS_READ)
def download(uow: UnitOfWork, *, version_id: UUID) -> ResponseReturnValue:
    """Send a version's diagram as a file."""
    response = Response(version_xml(uow, version_id), mimetype="application/xml")
    response.headers.set("Content-Disposition", "attachment", filename=f"{version_id}.bpmn")
    return response


@blueprint.post("/<process_key>/versions/<uuid:version_id>/<verb>")
@view(Permission.INSTANCE_OPERATE, again=_explain)
def switch(
    uow: UnitOfWork, *, process_key: str, version_id: UUID, verb: str
) -> ResponseReturnValue:
    """Let new instances start from a version, or no longer.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in {"activate", "suspend"}:
        raise NotFound("There is no such action.")
    run(uow, f"version.{verb}", {"version_id": str(version_id)})
    return redirect(url_for("processes.show", process_key=process_key))


@blueprint.post("/<process_key>/versions/<uuid:version_id>/instances/<verb>")
@view(Permission.INSTANCE_OPERATE, again=_explain)
def hold(uow: UnitOfWork, *, process_key: str, version_id: UUID, verb: str) -> ResponseReturnValue:
    """Let all instances of a version stand still, or go on.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in {"suspend_instances", "resume_instances"}:
        raise NotFound("There is no such action.")
    arguments = {"version_id": str(version_id), "reason": request.form.get("reason", "")}
    count = run(uow, f"version.{verb}", arguments)["count"]
    done = "suspended" if verb == "suspend_instances" else "resumed"
    flash(f"{count} {'instance is' if count == 1 else 'instances are'} {done}.", "good")
    return redirect(url_for("processes.show", process_key=process_key))


def key_from(name: str) -> str:
    """Return a process key made of a name: ASCII letters, digits and hyphens."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_KEY_LENGTH].strip("-")
    return key if key[:1].isalpha() else f"process-{key}".rstrip("-")
