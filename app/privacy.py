"""A person's data: handed out as a file, and erased for good after a look at what that means."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kinds import KINDS
from app.records.titles import record_url
from app.views import view
from services.actors import Permission
from services.consents.model import PERSON_TYPES
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.privacy.dossiers import KEPT, get_dossier, list_dossiers
from services.privacy.erasing import preview_erasure
from services.records.types import get_record, title_of
from services.unit_of_work import UnitOfWork

_EXPORT, _ERASE = Permission.PRIVACY_EXPORT, Permission.PRIVACY_ERASE


def register(app: Flask) -> None:
    """Add the pages of a person's data."""
    blueprint = Blueprint("privacy", __name__, url_prefix="/privacy")
    rule = "/<record_type>/<uuid:key>"
    blueprint.add_url_rule(rule, "show", view(_EXPORT)(show))
    blueprint.add_url_rule("/files/<uuid:key>", "download", view(_EXPORT)(download))
    blueprint.add_url_rule(f"{rule}/erase", "ask", view(_ERASE)(ask))
    export = view(_EXPORT, again=_explain)(export_person)
    blueprint.add_url_rule(f"{rule}/export", "export", export, methods=["POST"])
    erasing = view(_ERASE, again=ask)(erase)
    blueprint.add_url_rule(f"{rule}/erase", "erase", erasing, methods=["POST"])
    app.register_blueprint(blueprint)


def show(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Show the exports of a person, and the way to erase it.

    Raises:
        NotFound: There is no such contact or lead.
    """
    record = _person(uow, record_type, key)
    found = list_dossiers(uow, key)
    return render_template(
        "records/privacy.html",
        record=record,
        kind=KINDS[record_type],
        title=title_of(record),
        back=record_url(record_type, key),
        dossiers=found,
        is_underway=any(one.stage == "running" for one in found),
        kept_days=KEPT.days,
    )


def export_person(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Have all that is known of a person written to a file."""
    run(uow, "person.export", {"record_type": record_type, "record_id": str(key)})
    flash("The file is being written.", "good")
    return redirect(url_for("privacy.show", record_type=record_type, key=key))


def download(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send the file to the one who asked for it."""
    found = get_dossier(uow, key)
    response = Response(found.content, mimetype="application/zip")
    name = f"person-{found.of_id}.zip"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def ask(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str, key: UUID
) -> ResponseReturnValue:
    """Show what erasing a person would do, and ask for its name."""
    record = _person(uow, record_type, key)
    return render_template(
        "records/erase.html",
        record=record,
        kind=KINDS[record_type],
        title=title_of(record),
        back=record_url(record_type, key),
        extent=preview_erasure(uow, record_type, key),
        values=request.form,
        error=None if error is None else reason_of(error),
    )


def erase(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Erase the person for good."""
    given = form_arguments(("name", "reason"))
    run(uow, "person.erase", {"record_type": record_type, "record_id": str(key), **given})
    flash("The person is erased.", "good")
    if uow.actor.may(Permission.DATA_MANAGE):
        return redirect(url_for("admin.privacy"))
    return redirect(url_for(f"{KINDS[record_type].place}.index"))


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, record_type: str, key: UUID
) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("privacy.show", record_type=record_type, key=key))


def _person(uow: UnitOfWork, record_type: str, key: UUID) -> object:
    if record_type not in PERSON_TYPES:
        raise NotFound("There is no such person.")
    return get_record(uow, record_type, key)
