"""Making and changing a record by a form."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import editing, plain_lines
from app.context import settings
from app.forms import form_arguments, moment_text, number_text, reason_of
from app.records.currency_change import (
    UNDECIDED,
    check_decided,
    currency_options,
    decision,
    question,
)
from app.records.kind import RecordKind
from app.records.sections import FEW, Parts, parts_of
from app.records.titles import Titles
from app.zones import reader_zone, zone_note
from services.actors import Verb
from services.custom.values import storage_of
from services.duplicates.saving import DOUBLE_ARGUMENTS, DuplicateFound
from services.errors import Invalid, LanewiseError, StaleVersion
from services.operations import run
from services.records.types import Field, find_relation, get_record
from services.unit_of_work import UnitOfWork

_MINUTE: Final = "%Y-%m-%dT%H:%M"
_CHECK: Final = "Please check the marked fields."
_SHOWN_DEFAULTS: Final = ("boolean", "choice", "number")


def show_new(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None
) -> ResponseReturnValue:
    """Show the short form for a new record; what was typed stays after an error."""
    names = _open_fields(kind, uow, kind.asked_fields)
    given = {**_defaults(kind), **request.args.to_dict(), **form_arguments(names)}
    return _render_form(kind, uow, names, given, error, record=None)


def create(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Make the record and go to its page."""
    given = form_arguments(kind.asked_fields)
    emptied = {
        field.name
        for field in kind.type.fields
        if (field.rules.default is not None if field.is_added else field.kind == "boolean")
    }
    arguments = {
        name: stored_text(kind.type.field(name), value)
        for name, value in given.items()
        if value or name in emptied
    }
    if kind.has_doubles:
        arguments |= {
            name: value for name, value in form_arguments(DOUBLE_ARGUMENTS).items() if value
        }
    record = run(uow, f"{kind.record_type}.create", {**arguments, **_asked_besides(kind)})
    _attach_files(kind, uow, record.id)
    flash(f"{kind.type.label} created.", "good")
    return redirect(url_for(f"{kind.place}.show", key=record.id))


def show_edit(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form with all fields; after a conflict, theirs stands beside each of mine."""
    record = get_record(uow, kind.record_type, key, verb=Verb.UPDATE)
    names = _open_fields(kind, uow, kind.edit_fields)
    return _render_form(kind, uow, names, form_arguments(names), error, record=record)


def update(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the record and go back to its page."""
    record = get_record(uow, kind.record_type, key)
    given = form_arguments(kind.edit_fields)
    changed = {
        name: stored_text(kind.type.field(name), value)
        for name, value in given.items()
        if plain_lines(value) != shown_text(getattr(record, name), _zone_of(record))
    }
    check_decided(kind, record, changed)
    arguments = {
        **changed,
        **decision(kind),
        **_asked_besides(kind),
        kind.id_argument: str(key),
        "version": request.form.get("version"),
    }
    run(uow, f"{kind.record_type}.update", arguments)
    _attach_files(kind, uow, key)
    flash("Saved.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key))


def _asked_besides(kind: RecordKind) -> dict[str, str]:
    """Return what the type's own part of the form has sent."""
    return {} if kind.own is None else kind.own.asked()


def _open_fields(kind: RecordKind, uow: UnitOfWork, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the fields that the actor may fill in."""
    locked = uow.actor.locked_fields(kind.record_type)
    return tuple(name for name in names if name not in locked)


def _defaults(kind: RecordKind) -> dict[str, str]:
    """Return what controls hold before anybody types: what the record would begin with."""
    columns = kind.type.model.__table__.columns
    own = {
        field.name: shown_text(columns[field.name].default.arg)
        for field in kind.type.fields
        if field.kind in _SHOWN_DEFAULTS
        and field.name in columns
        and getattr(columns[field.name].default, "is_scalar", False)
    }
    added = {
        field.name: shown_text(storage_of(field.kind).decode(field.rules.default))
        for field in kind.type.added_fields
        if field.rules.default is not None
    }
    return {**own, **added}


def _attach_files(kind: RecordKind, uow: UnitOfWork, key: UUID) -> None:
    """Keep the files that the form sent for fields of that kind."""
    for field in uow.writable_fields(kind.type):
        sent = request.files.get(f"file.{field.name}") if field.kind == "file" else None
        if sent is not None and sent.filename:
            arguments = {
                "record_type": kind.record_type,
                "record_id": str(key),
                "field": field.name,
                "name": sent.filename,
                "content_type": sent.mimetype,
                "content": b64encode(sent.read()).decode(),
            }
            try:
                run(uow, "record.attach", arguments)
            except Invalid as error:
                raise Invalid(_CHECK, {field.name: [reason_of(error)]}) from error


def shown_text(value: Any, zone: ZoneInfo | None = None) -> str:
    """Return a value as its form control holds it: times in the reader's zone if none is given."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone or reader_zone()).strftime(_MINUTE)
    return ",".join(value) if isinstance(value, list) else str(value)


def _zone_of(record: Any) -> ZoneInfo:
    """Return the zone in which a record's times stand: whole days keep to the installation's."""
    return settings().timezone if getattr(record, "all_day", False) else reader_zone()


def stored_text(field: Field | None, text: str) -> str:
    """Return what a control sent as operations take it: a time with its zone, a plain number."""
    if field is not None and field.traits.is_decimal:
        return number_text(text)
    return moment_text(text) if field is not None and field.kind == "datetime" else text


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
    zone = _zone_of(record)
    stored = {name: shown_text(getattr(record, name), zone) for name in names} if record else {}
    values, edited = {**stored, **given}, None
    if record:
        sent = values if request.method == "POST" else None
        edited = editing(record.version, stored, sent, error)
        edited.notes.clear()  # The form tells them itself, as people read values.
        values = dict(edited.values)
    double = error if isinstance(error, DuplicateFound) else None
    ordered = sorted(fields, key=lambda field: names.index(field.name))
    return render_template(
        "records/form.html",
        kind=kind,
        record=record,
        parts=_parts(kind, ordered, values, error, stored if record else None),
        values=values,
        edited=edited,
        stored=stored,
        field_names=names,
        errors=error.fields if isinstance(error, Invalid) else {},
        error=error,
        conflict=isinstance(error, StaleVersion),
        asked=None
        if error is None or error.code != UNDECIDED
        else question(uow, record, given["currency"]),
        double=double,
        titles=Titles(uow, fields, [record] if record else [], given),
        zone_note=zone_note(),
        offers=_offers(uow, fields) | _currencies(kind, uow, fields, values),
    )


def _parts(
    kind: RecordKind,
    fields: Sequence[Field],
    values: Mapping[str, Any],
    error: LanewiseError | None,
    stored: Mapping[str, str] | None,
) -> Parts:
    """Return the fields in sections; open are those that something is to be done in.

    That is what was refused, what is required and empty, and what two have changed.
    """
    if stored is None and len(fields) <= FEW:
        return Parts(list(fields), [])
    wanted = {name for name in kind.type.required if not values.get(name)}
    if isinstance(error, Invalid):
        wanted.update(error.fields)
    if isinstance(error, StaleVersion) and stored is not None:
        wanted.update(name for name, text in stored.items() if values.get(name) != text)
    return parts_of(kind.record_type, fields, wanted)


def _currencies(
    kind: RecordKind, uow: UnitOfWork, fields: list[Field], values: Mapping[str, Any]
) -> dict[str, list[tuple[str, str]]]:
    follows_list = kind.type.field("price_list_id") is not None
    return {
        field.name: currency_options(uow, values.get(field.name), follows_list=follows_list)
        for field in fields
        if field.kind == "currency"
    }


def _offers(uow: UnitOfWork, fields: list[Field]) -> dict[str, list[tuple[str, str]]]:
    """Return all that a field can be linked to, of those fields where that is little."""
    found = {}
    for field in fields:
        relation = find_relation(field.relation or "")
        if relation is not None and relation.offers is not None:
            found[field.name] = [
                ("", "—"),
                *((str(key), text) for key, text in relation.offers(uow)),
            ]
    return found
