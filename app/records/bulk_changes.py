"""Changes of all records that matched: how far they are, what came of them, stopping one."""

from __future__ import annotations

from functools import partial
from typing import Any, BinaryIO, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.exports import file_response
from app.forms import reason_of
from app.records.kinds import KINDS
from app.records.titles import find_titles
from app.views import view
from services.actors import Permission
from services.bulk.changes import get_change, list_changes, refusals_of
from services.bulk.model import BulkChange, BulkStage
from services.errors import LanewiseError
from services.exporting.writers import open_writer
from services.operations import run
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

_TOLD: Final = 100
_TAGS: Final = {"record.tag": "Tag “{}”", "record.untag": "Take off the tag “{}”"}


def bulk_blueprint() -> Blueprint:
    """Return the routes of changes of many records."""
    blueprint = Blueprint("bulk", __name__, url_prefix="/bulk-changes")
    write = Permission.RECORD_WRITE
    for rule, name, function in (
        ("", "index", index),
        ("/<uuid:key>", "show", show),
        ("/<uuid:key>/refused", "refused", refused),
    ):
        blueprint.add_url_rule(rule, name, view(write)(function))
    decided = view(write, again=_explain)(cancel)
    blueprint.add_url_rule("/<uuid:key>/cancel", "cancel", decided, methods=["POST"])
    return blueprint


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the newest changes that the person may look at."""
    changes = list_changes(uow)
    return render_template(
        "records/bulk_changes.html",
        changes=changes,
        is_underway=any(one.stage == BulkStage.RUNNING for one in changes),
        told=told,
    )


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show how far a change is, and what refused."""
    change = get_change(uow, key)
    refusals = refusals_of(uow, change, _TOLD)
    kind = KINDS.get(change.record_type)
    titles = find_titles(uow, change.record_type, [record for record, _ in refusals])
    return render_template(
        "records/bulk_change.html",
        change=change,
        heading=told(change),
        kind=kind,
        refusals=[
            (titles[record].text if record in titles else "", titles.get(record), reason)
            for record, reason in refusals
        ],
        is_underway=change.stage == BulkStage.RUNNING,
    )


def refused(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send what refused as a table."""
    change = get_change(uow, key)
    return file_response(partial(_write, uow, change), "csv", "Not changed.csv")


def cancel(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Stop a change; what is changed stays so."""
    run(uow, "record.cancel_change", {"change_id": str(key)})
    flash("Stopped. What was changed stays so.", "good")
    return redirect(url_for("bulk.show", key=key))


def told(change: BulkChange) -> str:
    """Return what is done to which records, in a few words."""
    found = find_record_type(change.record_type)
    if change.operation in _TAGS:
        return _TAGS[change.operation].format(change.values.get("name", ""))
    if change.operation == "record.delete":
        return "Delete"
    if change.operation == "record.assign":
        return "Give to an owner"
    fields = [found.field(name) for name in change.values] if found else []
    parts = [
        f"{field.label}: {(field.choices or {}).get(str(change.values[field.name]), '…')}"
        if field.choices
        else field.label
        for field in fields
        if field is not None
    ]
    return f"Change {', '.join(parts)}" if parts else "Change"


def _write(uow: UnitOfWork, change: BulkChange, file: BinaryIO) -> None:
    writer = open_writer("csv", file, ",")
    writer.write(["ID", "Record", "Why"])
    refusals = refusals_of(uow, change)
    titles = find_titles(uow, change.record_type, [record for record, _ in refusals])
    for record, reason in refusals:
        title = titles.get(record)
        writer.write([str(record), title.text if title else None, reason])
    writer.close()


def _explain(_uow: UnitOfWork, error: LanewiseError, **found: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("bulk.show", **found))
