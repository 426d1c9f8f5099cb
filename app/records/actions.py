"""What is done to a record from its page: its own actions, notes, assignment, documents, mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kind import Action, RecordKind
from app.records.made import mail_arguments
from processes.events.record_ends import ended_with, ends_with
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.records.notes import named_in_vain
from services.unit_of_work import UnitOfWork


def act(kind: RecordKind, uow: UnitOfWork, *, key: UUID, action: str) -> ResponseReturnValue:
    """Run one of the record type's own actions.

    Raises:
        NotFound: The record type has no such action.
    """
    found = next((one for one in kind.actions if one.name == action and not one.page), None)
    if found is None:
        raise NotFound("There is no such action.")
    numbers = {field.name for field in found.fields if field.traits.is_decimal}
    given = form_arguments((field.name for field in found.fields), numbers)
    made = run(uow, found.operation, {kind.id_argument: str(key), **given})
    flash(_told(kind, uow, key, found, made), "good")
    return _back(kind, made.id if found.goes_on else key)


def _told(kind: RecordKind, uow: UnitOfWork, key: UUID, action: Action, made: Any) -> str:
    """Return what is said once an action was done; less of a record that is out of sight by it."""
    if isinstance(action.done, str):
        return action.done
    record: Any = uow.find(kind.type.model, key)
    return f"{action.label}: done." if record is None else action.done(record, made)


def move(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Move the record to another step of its bar.

    Raises:
        NotFound: Steps of this record type aren't chosen by hand.
    """
    if kind.step_operation is None or kind.step_field is None:
        raise NotFound("There is no such action.")
    step = request.form.get("step", "")
    run(uow, kind.step_operation, {kind.id_argument: str(key), kind.step_field: step})
    return _back(kind, key)


def delete(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put the record into the bin and go to its list."""
    ending = len(ends_with(uow, [key]))
    run(uow, "record.delete", _of_record(kind, key))
    flash(f"{kind.type.label} deleted. You find it in the bin.{_cancelled(ending)}", "good")
    return redirect(url_for(f"{kind.place}.index"))


def restore(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take the record out of the bin and go to its page."""
    record = uow.session.get(kind.type.model, key)
    ended = 0 if record is None else ended_with(uow, record)
    run(uow, "record.restore", _of_record(kind, key))
    flash(f"{kind.type.label} restored.{_stays_cancelled(ended)}", "good")
    return _back(kind, key)


def _cancelled(count: int) -> str:
    """Return what is said of the processes that go with a record, after a blank."""
    if not count:
        return ""
    what = "1 process" if count == 1 else f"{count:,} processes"
    return f" {what} that ran for it {'was' if count == 1 else 'were'} cancelled."


def _stays_cancelled(count: int) -> str:
    """Return what is said of processes that do not come back with a record, after a blank."""
    if not count:
        return ""
    if count == 1:
        return " The process that was cancelled with it stays cancelled; start it anew if needed."
    which = f"{count:,} processes that were cancelled with it"
    return f" The {which} stay cancelled; start them anew if needed."


def note(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Add a note to the record's timeline."""
    record = run(uow, "note.add", {**_of_record(kind, key), **form_arguments(["text"])})
    warn_of_blind(uow, request.form.get("text", ""), record)
    return _back(kind, key)


def warn_of_blind(uow: UnitOfWork, text: str, record: Any) -> None:
    """Say which colleagues were named in vain, since they may not see the record."""
    if blind := named_in_vain(uow, text, record):
        names = " and ".join(filter(None, (", ".join(blind[:-1]), blind[-1])))
        flash(f"{names} may not see this. Share it, so that your note is read.", "warn")


def assign(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Give the record to somebody, or to the least busy member of a group."""
    choice, _, value = request.form.get("to", "").partition(":")
    target = {choice: value} if choice in {"group", "user"} else {}
    run(uow, "record.assign", {**_of_record(kind, key), **target})
    flash("Assigned.", "good")
    return _back(kind, key)


def share(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Share the record with a person or a group."""
    choice, _, value = request.form.get("with", "").partition(":")
    holder = {f"{choice}_id": value} if choice in {"group", "user"} else {}
    given = form_arguments(["level", "until"])
    run(uow, "record.share", {**_of_record(kind, key), **holder, **given})
    flash("Shared.", "good")
    return _back(kind, key)


def unshare(kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """No longer share the record with somebody."""
    run(uow, "record.unshare", {"share_id": str(other)})
    flash("No longer shared.", "good")
    return _back(kind, key)


def send_mail(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Queue a mail that belongs to the record."""
    given = mail_arguments()
    documents = request.form.getlist("document_ids")
    about = _of_record(kind, key)
    sent = run(uow, "mail.send", {**about, **given, "document_ids": documents})
    for warning in sent["warnings"]:
        flash(warning, "warn")
    flash("The mail is on its way.", "good")
    return _back(kind, key)


def explain(
    kind: RecordKind, _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: str
) -> ResponseReturnValue:
    """Say on the record's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(kind, key)


def explain_in_bin(
    kind: RecordKind, _uow: UnitOfWork, error: LanewiseError, **_others: object
) -> ResponseReturnValue:
    """Say in the bin why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for(f"{kind.place}.bin"))


def _of_record(kind: RecordKind, key: UUID) -> dict[str, str]:
    return {"record_type": kind.record_type, "record_id": str(key)}


def _back(kind: RecordKind, key: UUID) -> ResponseReturnValue:
    return redirect(url_for(f"{kind.place}.show", key=key))
