"""Purposes that people can agree to be contacted for, and the words they agree to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.consents.model import ConsentPurpose
from services.consents.purposes import LANGUAGES, list_purposes, text_versions
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_MANAGE = Permission.DATA_MANAGE


def add_routes(blueprint: Blueprint) -> None:
    """Add the pages of purposes."""
    for rule, name, function in (
        ("/purposes", "purposes", index),
        ("/purposes/new", "new_purpose", show_new),
        ("/purposes/<uuid:key>", "purpose", show),
    ):
        blueprint.add_url_rule(rule, name, view(_MANAGE)(function))
    changes: tuple[tuple[str, str, Any, Any], ...] = (
        ("/purposes/new", "create_purpose", create, show_new),
        ("/purposes/<uuid:key>", "update_purpose", update, show),
        ("/purposes/<uuid:key>/archive", "archive_purpose", archive, _explain),
        ("/purposes/<uuid:key>/restore", "restore_purpose", restore, _explain),
    )
    for rule, name, run_form, again in changes:
        decided = view(_MANAGE, again=again)(run_form)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the purposes, the archived ones too."""
    return render_template("admin/purposes.html", purposes=list_purposes(uow, archived=True))


def show_new(_uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Ask what people are to agree to."""
    return _form(None, [], error)


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show a purpose and the versions of its text."""
    purpose = uow.get(ConsentPurpose, key)
    return _form(purpose, text_versions(uow, purpose), error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Add a purpose."""
    run(uow, "consent_purpose.create", {**form_arguments(("key",)), **_given()})
    flash("The purpose is there.", "good")
    return redirect(url_for("admin.purposes"))


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change a purpose; another text becomes another version."""
    run(uow, "consent_purpose.update", {"purpose_id": str(key), **_given()})
    flash("Saved.", "good")
    return redirect(url_for("admin.purpose", key=key))


def archive(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Contact nobody for it any more."""
    run(uow, "consent_purpose.archive", {"purpose_id": str(key)})
    return redirect(url_for("admin.purposes"))


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Use it again."""
    run(uow, "consent_purpose.restore", {"purpose_id": str(key)})
    return redirect(url_for("admin.purposes"))


def _given() -> dict[str, Any]:
    """Return titles and texts by language, those that are filled in, and the ticks."""
    return {
        "titles": _by_language("title"),
        "texts": _by_language("text"),
        "needs_consent": "needs_consent" in request.form,
        "confirms_by_mail": "confirms_by_mail" in request.form,
    }


def _by_language(name: str) -> dict[str, str]:
    given = {code: request.form.get(f"{name}_{code}", "").strip() for code in LANGUAGES}
    return {code: text for code, text in given.items() if text}


def _form(
    purpose: ConsentPurpose | None, versions: Any, error: LanewiseError | None
) -> ResponseReturnValue:
    """Show the form, with what was typed where it was refused."""
    present = {} if not versions else versions[0].texts
    titles = {} if purpose is None else purpose.titles
    typed = error is not None
    return render_template(
        "admin/purpose.html",
        purpose=purpose,
        versions=versions,
        languages=LANGUAGES,
        titles=_by_language("title") if typed else titles,
        texts=_by_language("text") if typed else present,
        values=request.form,
        errors=error.fields if isinstance(error, Invalid) else {},
        error=None if error is None else reason_of(error),
    )


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: object) -> ResponseReturnValue:
    """Say on the list why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.purposes"))
