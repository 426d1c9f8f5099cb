"""The tags of the installation: renamed, coloured, merged and deleted."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.tags.model import COLOURS
from services.tags.tags import list_tags
from services.unit_of_work import UnitOfWork

_MANAGE = Permission.DATA_MANAGE


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of tags."""
    blueprint.add_url_rule("/tags", "tags", view(_MANAGE)(index))
    for rule, name, function in (
        ("/tags", "create_tag", create),
        ("/tags/<uuid:key>", "update_tag", update),
        ("/tags/<uuid:key>/merge", "merge_tag", merge),
        ("/tags/<uuid:key>/delete", "delete_tag", delete),
    ):
        decided = view(_MANAGE, again=_explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List all tags with the number of records that carry them."""
    return render_template("admin/tags.html", tags=list_tags(uow), colours=list(COLOURS.items()))


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a tag."""
    run(uow, "tag.create", form_arguments(("name", "colour")))
    return _back()


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Rename a tag or give it another colour."""
    run(uow, "tag.update", {"tag_id": str(key), **form_arguments(("name", "colour"))})
    flash("Saved.", "good")
    return _back()


def merge(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Make one tag of two."""
    run(uow, "tag.merge", {"tag_id": str(key), "into_id": request.form.get("into_id")})
    flash("Merged.", "good")
    return _back()


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete a tag, and take it off all records."""
    run(uow, "tag.delete", {"tag_id": str(key)})
    flash("Deleted.", "good")
    return _back()


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: object) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("admin.tags"))
