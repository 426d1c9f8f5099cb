"""Making and changing a record by a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.context import settings
from app.forms import form_arguments
from app.records.kind import RecordKind
from app.records.titles import Titles
from services.errors import Conflict, Invalid, LanewiseError
from services.operations import run
from services.records.lists import list_records
from services.records.types import get_record, get_record_type, title_of
from services.unit_of_work import UnitOfWork

_MATCHES: Final = 8
_MINUTE: Final = "%Y-%m-%dT%H:%M"


def show_new(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None
) -> ResponseReturnValue:
    """Show the short form for a new record; what was typed stays after an error."""
    given = {**request.args.to_dict(), **form_arguments(kind.create_fields)}
    return _render_form(kind, uow, kind.create_fields, given, error, record=None)


def create(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Make the record and go to its page."""
    given = form_arguments(kind.create_fields)
    arguments = {name: value for name, value in given.items() if value}
    record = run(uow, f"{kind.record_type}.create", arguments)
    flash(f"{kind.type.label} created.", "good")
    return redirect(url_for(f"{kind.place}.show", key=record.id))


def show_edit(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form with all fields; after a conflict, theirs stands beside each of mine."""
    record = get_record(uow, kind.record_type, key)
    given = form_arguments(kind.edit_fields)
    return _render_form(kind, uow, kind.edit_fields, given, error, record=record)


def update(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the record and go back to its page."""
    record = get_record(uow, kind.record_type, key)
    given = form_arguments(kind.edit_fields)
    changed = {
        name: _stored_text(kind, name, value)
        for name, value in given.items()
        if value != shown_text(getattr(record, name))
    }
    arguments = {**changed, kind.id_argument: str(key), "version": request.form.get("version")}
    run(uow, f"{kind.record_type}.update", arguments)
    flash("Saved.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key))


def pick(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Offer the records whose title matches, for a relation field of a form."""
    name = request.args.get("name", "")
    page = list_records(uow, record_type, search=request.args.get("pick") or None, limit=_MATCHES)
    found = get_record_type(record_type)
    offers = [(record.id, title_of(record)) for record in page.items]
    return render_template("records/offers.html", name=name, offers=offers, type=found)


def shown_text(value: Any) -> str:
    """Return a value as its form control holds it: times in the installation's zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(settings().timezone).strftime(_MINUTE)
    return str(value)


def _stored_text(kind: RecordKind, name: str, text: str) -> str:
    """Return what a control sent as the operation takes it: times with their zone."""
    field = kind.type.field(name)
    if not text or field is None or field.kind != "datetime":
        return text
    try:
        return datetime.fromisoformat(text).replace(tzinfo=settings().timezone).isoformat()
    except ValueError:
        return text  # the operation's own check says what is wrong with it


def _render_form(
    kind: RecordKind,
    uow: UnitOfWork,
    names: tuple[str, ...],
    given: Mapping[str, Any],
    error: LanewiseError | None,
    *,
    record: Any,
) -> ResponseReturnValue:
    fields = [field for field in kind.type.fields if field.name in names]
    stored = {name: shown_text(getattr(record, name)) for name in names} if record else {}
    return render_template(
        "records/form.html",
        kind=kind,
        record=record,
        fields=sorted(fields, key=lambda field: names.index(field.name)),
        values={**stored, **given},
        stored=stored,
        field_names=names,
        errors=error.fields if isinstance(error, Invalid) else {},
        error=error,
        conflict=isinstance(error, Conflict),
        titles=Titles(uow, fields, [record] if record else [], given),
        timezone=settings().timezone.key,
    )
