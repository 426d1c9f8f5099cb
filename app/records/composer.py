"""What is written down on a record's page: calls, plans and tags."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, moment_text
from app.records.kind import RecordKind
from app.zones import reader_zone
from services.operations import run
from services.unit_of_work import UnitOfWork

_LOG_FIELDS: Final = ("kind", "subject", "result", "at", "duration_minutes")
_PLAN_FIELDS: Final = (
    "kind",
    "subject",
    "starts_at",
    "duration_minutes",
    "all_day",
    "location",
    "reminder_minutes",
    "description",
    "repeats",
)


def log(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Write down a call, a meeting or a task that was done."""
    given = {**with_zone(form_arguments(_LOG_FIELDS), "at"), **_regarding(kind, key)}
    run(uow, "activity.log", given)
    flash("Written down.", "good")
    return _back(kind, key)


def plan(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Plan an activity about the record."""
    given = with_zone(form_arguments(_PLAN_FIELDS), "starts_at")
    if "repeats" in given:
        given["timezone"] = reader_zone().key
    run(uow, "activity.create", {**given, **_regarding(kind, key)})
    flash("Planned.", "good")
    return _back(kind, key)


def tag(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Stick a tag on the record."""
    run(uow, "record.tag", {**_of_record(kind, key), "name": request.form.get("name", "")})
    return _back(kind, key)


def untag(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take a tag off the record."""
    run(uow, "record.untag", {**_of_record(kind, key), "name": request.form.get("name", "")})
    return _back(kind, key)


def with_zone(given: dict[str, str], *names: str) -> dict[str, str]:
    """Return a form's values with those times that stand in the installation's zone said so."""
    return {
        name: moment_text(value) if name in names else value
        for name, value in given.items()
        if value
    }


def _of_record(kind: RecordKind, key: UUID) -> dict[str, str]:
    return {"record_type": kind.record_type, "record_id": str(key)}


def _regarding(kind: RecordKind, key: UUID) -> dict[str, str]:
    return {"regarding_type": kind.record_type, "regarding_id": str(key)}


def _back(kind: RecordKind, key: UUID) -> ResponseReturnValue:
    return redirect(url_for(f"{kind.place}.show", key=key))
