"""The sections in which the fields of a record type stand: added, ordered, changed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps, loads
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, editing
from app.forms import form_arguments, reason_of
from app.views import View, view
from services.actors import Permission
from services.custom.model import FieldSection
from services.custom.sections import get_section, list_sections
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.records.types import Field, RecordType, get_record_type
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of sections."""
    manage = Permission.LAYOUT_WRITE
    for rule, name, function in (
        ("/layout/<record_type>/sections/new", "new_section", show_new),
        ("/layout/sections/<uuid:key>", "section", show),
    ):
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/layout/<record_type>/sections/new", "create_section", create, show_new),
        ("/layout/sections/<uuid:key>", "update_section", update, show),
        ("/layout/sections/<uuid:key>/move", "move_section", move, _explain),
        ("/layout/sections/<uuid:key>/delete", "delete_section", delete, _explain),
        ("/layout/sections/<uuid:key>/order", "order_section", order, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def show_new(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str
) -> ResponseReturnValue:
    """Show the form of a new section."""
    stored = {"label": "", "is_closed": "", "field_names": dumps([])}
    given = _given() if request.method == "POST" else None
    return _form(uow, get_record_type(record_type), None, editing(1, stored, given, error), error)


def create(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Add the section."""
    run(uow, "field_section.create", {"record_type": record_type, **_arguments()})
    flash("The section is in forms and pages now.", "good")
    return _back(record_type)


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a section."""
    row = get_section(uow, key)
    stored = {
        "label": row.label,
        "is_closed": "1" if row.is_closed else "",
        "field_names": dumps(row.fields),
    }
    given = _given() if request.method == "POST" else None
    edited = editing(row.version, stored, given, error)
    found = get_record_type(row.record_type)
    if "field_names" in edited.notes:
        labels = ", ".join(field.label for field in _fields(found, row.fields))
        edited.notes["field_names"] = f"Saved now: {labels or 'nothing'}"
    return _form(uow, found, row, edited, error)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the section."""
    given = {**_arguments(), **form_arguments(("version",))}
    made = run(uow, "field_section.update", {"section_id": str(key), **given})
    flash("Saved.", "good")
    return _back(made["record_type"])


def move(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Move the section up or down."""
    given = {"section_id": str(key), **form_arguments(("direction",))}
    return _back(run(uow, "field_section.move", given)["record_type"])


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete the section; its fields stay."""
    made = run(uow, "field_section.delete", {"section_id": str(key)})
    flash(f"The section {made['label']} is deleted; its fields are still there.", "good")
    return _back(made["record_type"])


def order(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Let a field change places with the one above or below it in its section."""
    row = get_section(uow, key)
    names = [field.name for field in _fields(get_record_type(row.record_type), row.fields)]
    name = request.form.get("name", "")
    step = -1 if request.form.get("direction") == "up" else 1
    if name in names and 0 <= names.index(name) + step < len(names):
        place = names.index(name)
        names[place], names[place + step] = names[place + step], names[place]
        gone = [one for one in row.fields if one not in names]
        given = {"field_names": [*names, *gone], "version": row.version}
        run(uow, "field_section.update", {"section_id": str(key), **given})
    return redirect(url_for("admin.section", key=key) + "#order")


def _form(
    uow: UnitOfWork,
    record_type: RecordType,
    row: FieldSection | None,
    edited: Editing,
    error: LanewiseError | None,
) -> ResponseReturnValue:
    elsewhere = {
        name: one.label
        for one in list_sections(uow, record_type.name)
        if row is None or one.id != row.id
        for name in one.fields
    }
    chosen: list[str] = loads(edited.values["field_names"])
    rest = [field for field in record_type.fields if field.name not in chosen]
    return render_template(
        "admin/field_section.html",
        type=record_type,
        section=row,
        edited=edited,
        chosen=chosen,
        fields=[*_fields(record_type, chosen), *rest],
        ordered=[] if row is None else _fields(record_type, row.fields),
        elsewhere=elsewhere,
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _fields(record_type: RecordType, names: Sequence[str]) -> list[Field]:
    """Return the fields of these names that there are, in this order."""
    found = (record_type.field(name) for name in names)
    return [field for field in found if field is not None]


def _arguments() -> dict[str, Any]:
    return {
        "label": request.form.get("label", ""),
        "is_closed": "is_closed" in request.form,
        "field_names": request.form.getlist("field_names"),
    }


def _given() -> dict[str, str]:
    """Return what was sent, with a text for each control."""
    return {
        "label": request.form.get("label", ""),
        "is_closed": "1" if "is_closed" in request.form else "",
        "field_names": dumps(request.form.getlist("field_names")),
    }


def _back(record_type: str) -> ResponseReturnValue:
    return redirect(url_for("admin.fields", record_type=record_type) + "#sections")


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(request.referrer or url_for("admin.layout"))
