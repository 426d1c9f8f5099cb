"""Conversations by mail: read as one page, and answered there."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.context import settings
from app.forms import form_arguments, reason_of
from app.records.titles import Titles, find_titles, record_url
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.mail.model import Mail, MailState
from services.mail.shown_addresses import hidden_of, shown_sender
from services.mail.threads import (
    copied_in,
    files_of,
    get_mail,
    mails_of_thread,
    records_of_thread,
    sender_of,
    subject_of_answer,
)
from services.operations import run
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_LINKED: Final = {"contact": "Contact", "account": "Account", "deal": "Deal", "request": "Request"}
_READ, _WRITE = Permission.RECORD_READ, Permission.RECORD_WRITE


def register(app: Flask) -> None:
    """Add the pages of conversations."""
    blueprint = Blueprint("conversations", __name__, url_prefix="/conversations")
    blueprint.add_url_rule("/<uuid:key>", "show", view(_READ)(show))
    for rule, name, permission, function in (
        ("/<uuid:key>/read", "read", _WRITE, read),
        ("/<uuid:key>/unread", "unread", _WRITE, unread),
        ("/<uuid:key>/answer", "answer", Permission.MAIL_SEND, answer),
        ("/<uuid:key>/records", "link", _WRITE, link),
    ):
        decided = view(permission, again=show)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the mails of a conversation, the newest at the end, and the form for an answer."""
    mails = mails_of_thread(uow, key)
    last = next((mail for mail in reversed(mails) if not mail.automatic), mails[-1])
    records = _records(uow, mails)
    hidden = any(hidden_of(uow, mail) for mail in mails)
    return render_template(
        "mails/thread.html",
        thread_id=key,
        mails=mails,
        last=last,
        to=request.form.get("to", "" if hidden else sender_of(last)),
        cc=request.form.get("cc", "" if hidden else copied_in(last, settings())),
        hidden=hidden,
        senders={mail.id: _sender(uow, mail) for mail in mails},
        subject=request.form.get("subject", subject_of_answer(last)),
        files=files_of(uow, mails),
        records=records,
        body=request.form.get("body", ""),
        link_fields=[
            Field(f"{name}_id", label, "relation", relation=name) for name, label in _LINKED.items()
        ],
        no_titles=Titles(uow, (), ()),
        unread=[mail.id for mail in mails if _is_unread(mail)],
        error=None if error is None else reason_of(error),
    )


def read(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Note that the conversation was read; the page asks for it by itself."""
    run(uow, "mail.mark_read", {"thread_id": str(key)})
    return "", 204


def unread(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Leave the last mail for somebody else to read, and go back to its record."""
    mails = mails_of_thread(uow, key)
    run(uow, "mail.mark_unread", {"thread_id": str(key)})
    flash("Marked as unread.", "good")
    url = next((url for _, url in _records(uow, mails) if url), "")
    return redirect(url or url_for("inbox.index"))


def answer(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Answer a mail of the conversation from its own record."""
    given = form_arguments(("to", "cc", "subject", "body", "reply_to_id"))
    answered = get_mail(uow, UUID(given["reply_to_id"])) if given.get("reply_to_id") else None
    of_record = answered or mails_of_thread(uow, key)[-1]
    about = {"record_type": of_record.record_type, "record_id": str(of_record.record_id)}
    sent = run(uow, "mail.send", {**given, **about})
    for warning in sent["warnings"]:
        flash(warning, "warn")
    flash("The answer is on its way.", "good")
    return redirect(url_for("conversations.show", key=key))


def link(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put the newest mail of the conversation to other records too."""
    last = mails_of_thread(uow, key)[-1]
    chosen = {one: request.form.get(f"{one}_id") for one in _LINKED}
    for record_type, record_id in chosen.items():
        if record_id:
            target = {"record_type": record_type, "record_id": record_id}
            run(uow, "mail.link", {"mail_id": str(last.id), **target})
            flash("The mail is with that record too.", "good")
    return redirect(url_for("conversations.show", key=key))


def _records(uow: UnitOfWork, mails: list[Mail]) -> list[tuple[str, str]]:
    """Return title and address of those records of the conversation that the actor may see."""
    found = []
    for record_type, record_id in records_of_thread(uow, mails):
        title = find_titles(uow, record_type, [record_id]).get(record_id)
        if title is not None:
            found.append((title.text, record_url(record_type, record_id)))
    return found


def _sender(uow: UnitOfWork, mail: Mail) -> str:
    return shown_sender(uow, mail.record_type, mail.sender_name)


def _is_unread(mail: Mail) -> bool:
    return mail.state == MailState.RECEIVED and mail.read_at is None
