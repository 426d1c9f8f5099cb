"""The page that tells who changed which field of a record, and when."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.records.happenings import told_value
from app.records.kind import RecordKind
from services.records.field_history import field_history, readable
from services.records.types import get_record, title_of
from services.unit_of_work import UnitOfWork

_ROWS = 100


def show_history(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the changes of the field that the address names, or of all fields."""
    record = get_record(uow, kind.record_type, key)
    field = request.args.get("field") or None
    before = request.args.get("before", type=UUID)
    changes = field_history(uow, kind.record_type, key, field, before=before, limit=_ROWS)
    entries = {change.id for change in changes}
    return render_template(
        "records/history.html",
        kind=kind,
        record=record,
        title=title_of(record),
        changes=changes,
        told_value=told_value,
        fields=[(one.name, one.label) for one in readable(uow, kind.record_type).values()],
        field=field,
        older=changes[-1].id if len(entries) == _ROWS else None,
    )
