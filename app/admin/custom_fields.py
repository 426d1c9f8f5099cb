"""The fields of one record type: added, ordered, changed, retired, restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, control_texts, editing
from app.forms import even_if_used, form_arguments, moment_text, reason_of
from app.records.edit import shown_text
from app.views import View, view
from services.actors import Permission
from services.custom.arguments import MAX_CHOICES
from services.custom.fields import get_field, list_fields, present_field
from services.custom.formulas import FORMULA_KINDS
from services.custom.options import (
    CHOICE_KINDS,
    CUSTOM_KINDS,
    FORMULA,
    LENGTH_KINDS,
    NUMBER_KINDS,
    UNIQUE_KINDS,
    UNSORTED_KINDS,
)
from services.custom.sections import list_sections, sections_of
from services.custom.values import storage_of
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.records.field_kinds import FIELD_KINDS
from services.records.named import Named, Use, uses_of
from services.records.types import all_record_types, get_record_type
from services.unit_of_work import UnitOfWork

_EMPTY_ROWS: Final = 4
_FLAGS: Final = ("is_required", "is_unique", "is_indexed", "is_in_list", "is_in_short_form")
_TEXTS: Final = (
    "label",
    "hint",
    "relation",
    "minimum",
    "maximum",
    "max_length",
    "default",
    "formula",
    "result",
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of fields."""
    manage = Permission.LAYOUT_WRITE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/layout/<record_type>", "fields", index),
        ("/layout/<record_type>/new", "new_field", show_new),
        ("/layout/fields/<uuid:key>", "field", show),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/layout/<record_type>/new", "create_field", create, show_new),
        ("/layout/fields/<uuid:key>", "update_field", update, show),
        ("/layout/fields/<uuid:key>/move", "move_field", move, _explain),
        ("/layout/fields/<uuid:key>/retire", "retire_field", retire, _explain),
        ("/layout/fields/<uuid:key>/restore", "restore_field", restore, _explain),
        ("/layout/fields/<uuid:key>/delete", "delete_field", delete, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """List the fields of a type: those that were added, and those that ship."""
    found = get_record_type(record_type)
    rows = list_fields(uow, record_type)
    return render_template(
        "admin/custom_fields.html",
        type=found,
        added=[present_field(row) for row in rows if row.retired_at is None],
        retired=[present_field(row) for row in rows if row.retired_at is not None],
        shipped=[field for field in found.fields if not field.is_added],
        kinds=CUSTOM_KINDS,
        field_kinds=FIELD_KINDS,
        sections=list_sections(uow, record_type),
        labels={field.name: field.label for field in found.fields},
        unsorted=UNSORTED_KINDS,
    )


def show_new(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str
) -> ResponseReturnValue:
    """Show the kinds that a new field can have, or the form for the kind that was chosen."""
    del uow
    found = get_record_type(record_type)
    kind = request.form.get("kind") or request.args.get("kind")
    if kind is None or kind not in CUSTOM_KINDS:
        return render_template("admin/custom_kinds.html", type=found, kinds=CUSTOM_KINDS)
    values = {"choices": [], "result": "decimal", "is_in_short_form": True}
    return _form(record_type, kind, None, values | _typed(), error)


def create(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Add the field."""
    kind = request.form.get("kind", "")
    arguments = {**_arguments(kind), "kind": kind, "record_type": record_type}
    made = run(uow, "custom_field.create", {**arguments, **form_arguments(("key",))})
    if section := request.form.get("section_id"):
        run(uow, "field_section.take", {"section_id": section, "field_name": made["name"]})
    flash(f"{made['label']} is in all forms now.", "good")
    return redirect(url_for("admin.fields", record_type=record_type))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a field."""
    row = get_field(uow, key)
    found = present_field(row)
    kind = row.kind
    if isinstance(error, Invalid) and "kind" not in error.fields:
        kind = request.form.get("kind", kind)  # whose questions are still to be answered
    blank: dict[str, Any] = {"choices": [], "result": found["result"] or "decimal"}
    values = found | {name: found[name] or value for name, value in blank.items()}
    values["default"] = _default_text(found)
    stored = _control_texts(values, row.kind)
    typed = _typed()
    given = _control_texts(values | typed, request.form.get("kind", kind)) if typed else None
    edited = editing(row.version, stored, given, error)
    choices = _choices_of(edited.values)
    if "choices" in edited.notes:
        edited.notes["choices"] = (
            f"Saved now: {', '.join(one['label'] for one in found['choices'])}"
        )
    if "kind" in edited.notes:
        edited.notes["kind"] = f"Saved now: {CUSTOM_KINDS[row.kind]}"
    for name in edited.notes.keys() & set(_FLAGS):
        edited.notes[name] = f"Saved now: {'yes' if found[name] else 'no'}"
    shown = {**values, **edited.values, "choices": choices}
    uses = [] if row.retired_at else uses_of(uow, [Named(row.record_type, found["name"])])
    return _form(row.record_type, kind, found, shown, error, edited=edited, uses=uses)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the field."""
    kind = request.form.get("kind", "")
    given = {**_arguments(kind), "kind": kind, **form_arguments(("version",)), **even_if_used()}
    made = run(uow, "custom_field.update", {"field_id": str(key), **given})
    flash("Saved.", "good")
    return redirect(url_for("admin.fields", record_type=made["record_type"]))


def move(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Move the field up or down."""
    return _run(uow, "custom_field.move", key, form_arguments(("direction",)))


def retire(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take the field away."""
    return _run(uow, "custom_field.retire", key, even_if_used(), "is retired; its values are kept.")


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Bring the field back."""
    return _run(uow, "custom_field.restore", key, {}, "is back, with the values it had.")


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete the retired field for good."""
    return _run(uow, "custom_field.delete", key, {}, "goes for good, with its values.")


def _run(
    uow: UnitOfWork, operation: str, key: UUID, given: Mapping[str, Any], done: str = ""
) -> ResponseReturnValue:
    made = run(uow, operation, {"field_id": str(key), **given})
    if done:
        flash(f"{made['label']} {done}", "good")
    return redirect(url_for("admin.fields", record_type=made["record_type"]))


def _form(
    record_type: str,
    kind: str,
    field: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    error: LanewiseError | None,
    *,
    edited: Editing | None = None,
    uses: Sequence[Use] = (),
) -> ResponseReturnValue:
    found = get_record_type(record_type)
    blank = {"value": "", "label": "", "retired": False}
    targets = [(one.name, one.label) for one in all_record_types()]
    return render_template(
        "admin/custom_field.html",
        type=found,
        field=field,
        kind=kind,
        kind_label=CUSTOM_KINDS[kind],
        sections=[] if field else [(one.id, one.label) for one in sections_of(record_type)],
        kinds=list(CUSTOM_KINDS.items()),
        values=values,
        edited=edited,
        uses=uses,
        rows=[*values["choices"], *[blank] * _EMPTY_ROWS] if kind in CHOICE_KINDS else [],
        targets=[*targets, ("user", "Person"), ("group", "Group")],
        results=[(one, FIELD_KINDS[one].label) for one in FORMULA_KINDS],
        names=[one for one in found.fields if field is None or one.name != field["name"]],
        has_bounds=kind in NUMBER_KINDS,
        has_length=kind in LENGTH_KINDS,
        has_default=kind not in {FORMULA, "file", "relation"},
        is_computed=kind == FORMULA,
        can_be_required=kind not in {FORMULA, "file"},
        can_be_unique=kind in UNIQUE_KINDS,
        can_be_indexed=kind not in UNSORTED_KINDS,
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _arguments(kind: str) -> dict[str, Any]:
    """Return what the form sent as the operations take it."""
    found: dict[str, Any] = dict(form_arguments(_TEXTS))
    if kind in NUMBER_KINDS:
        numbers = {"minimum", "maximum", "default"} & found.keys()
        found |= form_arguments(numbers, numbers)
    if kind == "datetime":
        found["default"] = moment_text(found.get("default", ""))
    found |= {name: name in request.form for name in _FLAGS}
    if kind in CHOICE_KINDS:
        found["choices"] = _choices()
    return found


def _default_text(field: Mapping[str, Any]) -> str:
    """Return a default as its control holds it: choices as people read them."""
    stored = field["default"]
    if stored is None:
        return ""
    if field["kind"] not in CHOICE_KINDS:
        return shown_text(storage_of(field["kind"]).decode(stored))
    labels = {one["value"]: one["label"] for one in field["choices"]}
    several = stored if isinstance(stored, list) else [stored]
    # Commas part choices, so one whose label has some goes by its value.
    return ", ".join(one if "," in labels[one] else labels[one] for one in several)


def _typed() -> dict[str, Any]:
    """Return what a form that was refused holds; nothing if none was sent."""
    if request.method != "POST":
        return {}
    found: dict[str, Any] = {**form_arguments((*_TEXTS, "key")), "choices": _choices()}
    return found | {name: name in request.form for name in _FLAGS}


def _control_texts(values: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Return what the form of a field holds as texts, to tell what two have changed."""
    texts = control_texts(values, (*_TEXTS, *_FLAGS))
    rows = [[one["value"], one["label"], bool(one.get("retired"))] for one in values["choices"]]
    return {**texts, "kind": kind, "choices": dumps(rows)}


def _choices_of(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = loads(texts["choices"])
    return [{"value": value, "label": label, "retired": gone} for value, label, gone in rows]


def _choices() -> list[dict[str, Any]]:
    """Return the rows of choices that have a label."""
    rows = []
    for number in range(MAX_CHOICES + _EMPTY_ROWS + 1):
        place = f"choices.{number}"
        label = request.form.get(f"{place}.label", "").strip()
        if label:
            value = request.form.get(f"{place}.value") or None
            retired = f"{place}.retired" in request.form
            rows.append({"value": value, "label": label, "retired": retired})
    return rows


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(request.referrer or url_for("admin.layout"))
