"""Fields and types: what administrators have added, and new record types."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, control_texts, editing
from app.forms import form_arguments, reason_of
from app.records.kinds import KINDS
from app.views import View, view
from services.actors import Permission
from services.custom.arguments import ICONS
from services.custom.operations import TYPE_PREFIX
from services.custom.types import get_type, list_types, present_type
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.records.types import all_record_types
from services.unit_of_work import UnitOfWork

_GIVEN = ("label", "plural", "key", "place", "icon", "title_label")


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of record types."""
    manage = Permission.LAYOUT_WRITE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/layout", "layout", index),
        ("/layout/new", "new_type", show_new),
        ("/layout/types/<uuid:key>", "type", show),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/layout/new", "create_type", create, show_new),
        ("/layout/types/<uuid:key>", "update_type", update, show),
        ("/layout/types/<uuid:key>/retire", "retire_type", retire, _explain),
        ("/layout/types/<uuid:key>/restore", "restore_type", restore, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List all record types, with how many fields were added to each."""
    added = list_types(uow)
    keys = {TYPE_PREFIX + one.key: one.id for one in added}
    return render_template(
        "admin/custom_types.html",
        types=[(one, KINDS.get(one.name), keys.get(one.name)) for one in all_record_types()],
        retired=[one for one in added if one.retired_at is not None],
    )


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for a new record type."""
    del uow
    return _form(None, {"icon": ICONS[0], "title_label": "Name", **form_arguments(_GIVEN)}, error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make the record type and go to its fields."""
    made = run(uow, "custom_type.create", form_arguments(_GIVEN))
    flash(f"{made['plural']} are in the side bar now. Add the fields that they need.", "good")
    return redirect(url_for("admin.layout"))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a record type."""
    found = present_type(get_type(uow, key))
    names = ("label", "plural", "icon", "title_label")
    stored = control_texts(found, names)
    given = {**stored, **form_arguments(names)} if request.method == "POST" else None
    edited = editing(found["version"], stored, given, error)
    return _form(found, {**found, **edited.values}, error, edited)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the record type."""
    given = form_arguments(("label", "plural", "icon", "title_label", "version"))
    run(uow, "custom_type.update", {"type_id": str(key), **given})
    flash("Saved.", "good")
    return redirect(url_for("admin.layout"))


def retire(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take the record type away."""
    made = run(uow, "custom_type.retire", {"type_id": str(key)})
    flash(f"{made['plural']} are retired; you can restore them below.", "good")
    return redirect(url_for("admin.layout"))


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Bring the record type back."""
    made = run(uow, "custom_type.restore", {"type_id": str(key)})
    flash(f"{made['plural']} are back.", "good")
    return redirect(url_for("admin.layout"))


def _form(
    found: dict[str, Any] | None,
    values: dict[str, Any],
    error: LanewiseError | None,
    edited: Editing | None = None,
) -> ResponseReturnValue:
    return render_template(
        "admin/custom_type_form.html",
        type=found,
        values=values,
        edited=edited,
        icons=[(one, one.replace("-", " ").capitalize()) for one in ICONS],
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.layout"))
