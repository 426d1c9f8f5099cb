"""Changing several records of a list at once: which were ticked, what is done to them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.edit import stored_text
from app.records.kind import RecordKind
from app.records.titles import Titles, find_titles
from services.errors import Conflict, Invalid, LanewiseError
from services.operations import run
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_TAG: Final = {"tag": "Add a tag", "untag": "Take a tag away"}
_NAMED: Final = 8
"""So many records are named one by one."""


def show_many(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None
) -> ResponseReturnValue:
    """Ask what is done to the records that were ticked; what was chosen stays after an error."""
    keys = _keys()
    found = find_titles(uow, kind.record_type, keys)
    fields = _fields(kind, uow)
    chosen = request.form.get("what", "")
    field = next((one for one in fields if one.name == chosen), None)
    return render_template(
        "records/many.html",
        kind=kind,
        keys=[key for key in keys if key in found],
        named=[found[key].text for key in keys if key in found][:_NAMED],
        options=[(one.name, one.label) for one in fields],
        tags=_TAG,
        what=chosen,
        field=field,
        value=request.form.get(chosen, ""),
        titles=Titles(uow, [field] if field else [], [], request.form),
        problem=reason_of(error) if error else "",
        back=request.form.get("back", ""),
    )


def change_many(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Do it, and go back to the list.

    Raises:
        Conflict: None of the records let it be done.
    """
    operation, values = _asked(kind, uow)
    arguments = {
        "record_type": kind.record_type,
        "record_ids": [str(key) for key in _keys()],
        "operation": operation,
        "values": values,
    }
    made = run(uow, "record.change_many", arguments)
    refused = made["refused"]
    if not made["changed"]:
        raise Conflict(_told(kind, uow, refused))
    count = made["changed"]
    noun = kind.type.label if count == 1 else kind.type.plural
    flash(f"{count} {noun.lower()} {'deleted' if 'delete' in request.form else 'changed'}.", "good")
    if refused:
        flash(_told(kind, uow, refused), "bad")
    return redirect(f"{url_for(f'{kind.place}.index')}?{request.form.get('back', '')}")


def _asked(kind: RecordKind, uow: UnitOfWork) -> tuple[str, dict[str, Any]]:
    """Return the operation that was chosen, with its values."""
    what = request.form.get("what", "")
    if "delete" in request.form:
        return "record.delete", {}
    if what in _TAG:
        return f"record.{what}", {"name": request.form.get("name", "")}
    field = next((one for one in _fields(kind, uow) if one.name == what), None)
    if field is None:
        raise Invalid("Choose what is changed.", {"what": ["Choose what is changed."]})
    text = stored_text(field, form_arguments([field.name]).get(field.name, ""))
    is_tick = field.kind == "boolean" and not field.is_added
    if not text and not is_tick and "empties" not in request.form:
        message = "Give a value, or say that the present one is taken away."
        raise Invalid(message, {field.name: [message]})
    if field.name == "owner_id":
        return "record.assign", {"user": text}
    if field.name == kind.step_field and kind.step_operation is not None:
        return kind.step_operation, {field.name: text}
    return f"{kind.record_type}.update", {field.name: text}


def _fields(kind: RecordKind, uow: UnitOfWork) -> list[Field]:
    """Return what can be set alike: nothing that tells one record from the other.

    A currency asks of each record whether its amounts are converted.
    """
    alone = {kind.type.title_field, "email", "phone", "number"}
    writable = {field.name for field in uow.writable_fields(kind.type)}
    found = [
        field
        for field in kind.type.fields
        if field.name in kind.edit_fields
        and field.name in writable
        and field.name not in alone
        and field.kind not in {"file", "currency"}
        and not field.rules.is_unique
    ]
    first = []
    if kind.step_operation is not None and (step := kind.type.field(kind.step_field or "")):
        first.append(step)
    if (owner := kind.type.field("owner_id")) and "owner_id" in writable:
        first.append(owner)
    return [*first, *found]


def _told(kind: RecordKind, uow: UnitOfWork, refused: list[dict[str, Any]]) -> str:
    """Return why records were left as they are, each reason once."""
    titles = find_titles(uow, kind.record_type, [one["record_id"] for one in refused])
    reasons: dict[str, list[str]] = {}
    for one in refused:
        title = titles.get(one["record_id"])
        reasons.setdefault(one["message"], []).append(title.text if title else "one that is gone")
    told = []
    for reason, names in list(reasons.items())[:5]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004
        told.append(f"{', '.join(names[:3])}{more}: {reason}")
    return f"{len(refused)} not changed. {' '.join(told)}"


def _keys() -> list[UUID]:
    """Return the keys that the form sent, each once."""
    keys = []
    for text in dict.fromkeys(request.form.getlist("record_ids")):
        try:
            keys.append(UUID(text))
        except ValueError as error:
            raise Invalid("There is no such record.") from error
    return keys
