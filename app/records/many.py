"""Changing several records of a list at once: those that were ticked, or all that match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.edit import stored_text
from app.records.kind import RecordKind
from app.records.list_state import namer, text_of
from app.records.titles import Titles, find_titles
from processes.events.record_ends import ends_with
from services.actors import Verb
from services.bulk.changes import MOST, count_matching, get_change, refusals_of
from services.bulk.model import BulkStage
from services.errors import Conflict, Invalid, LanewiseError
from services.filtering import describe_parts, parse_filter, parse_filter_text
from services.operations import run
from services.records.matching import Asked
from services.records.types import Field, get_record_type
from services.unit_of_work import UnitOfWork

_TAG: Final = {"tag": "Add a tag", "untag": "Take a tag away"}
_NAMED: Final = 8
"""So many records are named one by one."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records a form is about.

    Attributes:
        keys: Those that were ticked; none where all are meant that match.
        matching: What those are that match; None where some were ticked.
    """

    keys: Sequence[UUID]
    matching: Asked | None


def show_many(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None
) -> ResponseReturnValue:
    """Ask what is done to the records that were chosen; what was chosen stays after an error."""
    chosen = _chosen(kind)
    found = find_titles(uow, kind.record_type, chosen.keys)
    keys = [key for key in chosen.keys if key in found]
    fields = _fields(kind, uow)
    what = request.form.get("what", "")
    field = next((one for one in fields if one.name == what), None)
    return render_template(
        "records/many.html",
        kind=kind,
        keys=keys,
        named=[found[key].text for key in keys][:_NAMED],
        ending=len(ends_with(uow, keys)),
        matching=_matching_shown(uow, chosen.matching),
        options=[(one.name, one.label) for one in fields],
        tags=_TAG,
        what=what,
        field=field,
        value=request.form.get(what, ""),
        titles=Titles(uow, [field] if field else [], [], request.form),
        problem=reason_of(error) if error else "",
        back=request.form.get("back", ""),
    )


def change_many(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Do it, and go back to the list, or to where one sees how far it is.

    Raises:
        Conflict: None of the records let it be done.
    """
    operation, values = _asked(kind, uow)
    chosen = _chosen(kind)
    arguments = {"record_type": kind.record_type, "operation": operation, "values": values}
    if chosen.matching is None:
        ticked = [str(key) for key in chosen.keys]
        made = run(uow, "record.change_many", {**arguments, "record_ids": ticked})
        refused = [(one["record_id"], one["message"]) for one in made["refused"]]
    else:
        where, search = chosen.matching.where, chosen.matching.search
        made = run(uow, "record.change_all", {**arguments, "where": where, "search": search})
        change = get_change(uow, made["change_id"])
        if change.stage == BulkStage.RUNNING:
            return redirect(url_for("bulk.show", key=change.id))
        refused = list(refusals_of(uow, change))
    if not made["changed"]:
        raise Conflict(_told(kind, uow, refused))
    count = made["changed"]
    noun = kind.type.label if count == 1 else kind.type.plural
    verb = "deleted" if "delete" in request.form else "changed"
    flash(f"{count:,} {noun.lower()} {verb}.", "good")
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


def _told(kind: RecordKind, uow: UnitOfWork, refused: Sequence[tuple[UUID, str]]) -> str:
    """Return why records were left as they are, each reason once."""
    titles = find_titles(uow, kind.record_type, [key for key, _ in refused])
    reasons: dict[str, list[str]] = {}
    for key, message in refused:
        title = titles.get(key)
        reasons.setdefault(message, []).append(title.text if title else "one that is gone")
    told = []
    for reason, names in list(reasons.items())[:5]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004
        told.append(f"{', '.join(names[:3])}{more}: {reason}")
    return f"{len(refused)} not changed. {' '.join(told)}"


def _matching_shown(uow: UnitOfWork, asked: Asked | None) -> dict[str, Any] | None:
    """Return what is said of all that match: how many one may change or delete, and of what."""
    if asked is None:
        return None
    counts = {
        verb: count_matching(uow, asked, verb) for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
    }
    where = parse_filter(get_record_type(asked.record_type), dict(asked.where or {}))
    parts = [] if where.is_empty else describe_parts(where, namer(uow, where))
    return {
        "raw": text_of(asked.where or {}),
        "search": asked.search or "",
        "parts": [*parts, *([f"the words “{asked.search}”"] if asked.search else [])],
        "all": counts[Verb.READ],
        "change": counts[Verb.UPDATE],
        "delete": counts[Verb.DELETE],
        "is_too_many": max(counts[Verb.UPDATE], counts[Verb.DELETE]) > MOST,
        "most": MOST,
    }


def _chosen(kind: RecordKind) -> Chosen:
    """Return which records the form is about.

    Raises:
        Invalid: One of its keys is none, or its filter can't be read.
    """
    if "all" in request.form:
        where = parse_filter_text(kind.type, request.form.get("where"))
        search = request.form.get("q") or None
        return Chosen((), Asked(kind.record_type, where.raw or None, search=search))
    keys = []
    for text in dict.fromkeys(request.form.getlist("record_ids")):
        try:
            keys.append(UUID(text))
        except ValueError as error:
            raise Invalid("There is no such record.") from error
    return Chosen(keys, None)
