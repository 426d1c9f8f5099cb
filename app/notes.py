"""The page of a note: changed or deleted by who wrote it, with what it said before."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.actions import warn_of_blind
from app.records.titles import record_url
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.records.notes import find_note, is_deleted, is_own, note_versions
from services.records.types import get_record
from services.unit_of_work import UnitOfWork


def register(app: Flask) -> None:
    """Add the page of a note."""
    blueprint = Blueprint("notes", __name__, url_prefix="/notes")
    blueprint.add_url_rule("/<uuid:key>", "show", view(Permission.RECORD_READ)(show))
    decided = view(Permission.RECORD_WRITE, again=show)(update)
    blueprint.add_url_rule("/<uuid:key>", "update", decided, methods=["POST"])
    for name, function in (("delete", delete), ("restore", restore)):
        decided = view(Permission.RECORD_WRITE, again=show)(function)
        blueprint.add_url_rule(f"/<uuid:key>/{name}", name, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show a note, its form for who wrote it, and its earlier texts."""
    note = find_note(uow, key)
    return render_template(
        "records/note.html",
        note=note,
        versions=note_versions(uow, key),
        back=record_url(note.record_type, note.record_id),
        is_own=is_own(uow, note),
        is_deleted=is_deleted(note),
        text=request.form.get("text", note.body or ""),
        error=None if error is None else reason_of(error),
    )


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change a note and go back to its record."""
    given = form_arguments(("text", "seen"))
    run(uow, "note.update", {"note_id": str(key), **given})
    flash("The note is changed.", "good")
    note = find_note(uow, key)
    warn_of_blind(uow, note.body or "", get_record(uow, note.record_type, note.record_id))
    return _to_record(uow, key)


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take a note away and go back to its record."""
    run(uow, "note.delete", {"note_id": str(key)})
    flash("The note is deleted. Open it from the timeline to bring it back.", "good")
    return _to_record(uow, key)


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Bring a note back and go to its record."""
    run(uow, "note.restore", {"note_id": str(key)})
    flash("The note is back.", "good")
    return _to_record(uow, key)


def _to_record(uow: UnitOfWork, key: UUID) -> ResponseReturnValue:
    note = find_note(uow, key)
    url = record_url(note.record_type, note.record_id)
    return redirect(url or url_for("notes.show", key=key))
