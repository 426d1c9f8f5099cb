"""Sending mails: an operation writes the mail down, its job hands it to the mail server."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services import calls
from services.actors import Permission
from services.arguments import Key, Keys, Line, LongText
from services.consents.purposes import MARKETING as MARKETING_CONSENT
from services.crm.requests import note_first_response
from services.database import new_id
from services.errors import Conflict
from services.mail.composing import MailText, attachable, compose, copies_of, recipients_of
from services.mail.model import Mail, MailAttachment, MailState
from services.mail.reaching import check_recipients, unsubscribe_token
from services.mail.references import make_message_id, make_reply_address
from services.mail.shown_addresses import address_fields
from services.mail.threads import answerable, sender_of, subject_of_answer
from services.operations import Arguments, operation
from services.points.keeping import find_points
from services.points.model import PointKind
from services.records.schemas import AnyRecordType
from services.records.timeline import add_entry
from services.records.types import find_record_type, get_record
from services.unit_of_work import Job, UnitOfWork

SERVICE, MARKETING = "service", "marketing"


class SendMail(Arguments):
    """Which mail goes to whom, about which record."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    to = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "To", "description": "The client's address if empty."},
    )
    cc = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "Copy to", "description": "Addresses of others who are to get it."},
    )
    subject = Line(load_default=None, allow_none=True, metadata={"title": "Subject"})
    body = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "Text", "description": "Plain text; a template may be around it."},
    )
    template = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Template", "description": "Such as offer_mail."},
    )
    language = Line(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Language",
            "description": "Of the template; two letters. The client's if it is empty.",
        },
    )
    document_ids = Keys(
        load_default=list,
        allow_none=True,
        metadata={"title": "Documents", "description": "Keys of documents to attach."},
    )
    reply_to_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Answers", "description": "The mail that this one answers."},
    )
    purpose = Line(
        load_default=SERVICE,
        validate=validate.OneOf([SERVICE, MARKETING]),
        metadata={
            "title": "Purpose",
            "description": "marketing goes only to who agreed to it.",
        },
    )
    consent_purpose = Line(
        load_default=MARKETING_CONSENT,
        metadata={
            "title": "Agreed to",
            "description": "Of marketing: the key of the purpose that the person agreed to.",
        },
    )


class NameMail(Arguments):
    """Which mail."""

    mail_id = Key(required=True, metadata={"title": "Mail"})


@operation("mail.send", Permission.MAIL_SEND, SendMail, outside=True, in_diagrams=True)
def send_mail(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    to: str | None = None,
    cc: str | None = None,
    subject: str | None = None,
    body: str | None = None,
    template: str | None = None,
    language: str | None = None,
    document_ids: list[UUID] | None = None,
    reply_to_id: UUID | None = None,
    purpose: str = SERVICE,
    consent_purpose: str = MARKETING_CONSENT,
) -> dict[str, Any]:
    """Send a mail to a client or colleague."""
    if uow.call_key is not None and (known := _mail_of_call(uow, uow.call_key)) is not None:
        return _called_again(uow, known)
    record = get_record(uow, record_type, record_id, hold=True)
    answered = None if reply_to_id is None else answerable(uow, reply_to_id, record)
    recipients = recipients_of(uow, record, to or sender_of(answered))
    copies = copies_of(cc, recipients)
    everybody = [*recipients, *copies]
    warnings = check_recipients(uow, everybody, purpose)
    unsubscribe = None
    if purpose == MARKETING:
        unsubscribe = unsubscribe_token(uow, record, everybody, consent_purpose)
    said = compose(
        uow,
        record,
        subject or subject_of_answer(answered),
        body,
        template,
        language=language,
    )
    documents = attachable(uow, document_ids or [])
    mail = _write_down(uow, record, recipients, said, answered)
    mail.template, mail.purpose = template, purpose
    mail.cc_addresses = ", ".join(copies) or None
    mail.unsubscribe_token = unsubscribe
    for position, document in enumerate(documents):
        attached = MailAttachment(mail_id=mail.id, document_id=document.id, position=position)
        uow.session.add(attached)
    add_entry(
        uow,
        record,
        "mail",
        f"Sent “{mail.subject}” to {', '.join(everybody)}",
        body=mail.text,
        details={
            "mail_id": str(mail.id),
            "thread_id": str(mail.thread_id),
            "documents": [{"id": str(one.id), "name": one.name} for one in documents],
        },
        tells=address_fields(record_type),
        plain=f"Sent “{mail.subject}”",
        in_title=True,
    )
    if record_type == "request" and _answers_client(uow, record, recipients):
        note_first_response(uow, record.id)
    queue(uow, mail)
    return {"mail_id": mail.id, "message_id": mail.message_id, "warnings": warnings}


@operation("mail.resend", Permission.INSTANCE_OPERATE, NameMail)
def resend_mail(uow: UnitOfWork, *, mail_id: UUID) -> dict[str, Any]:
    """Send a mail again that failed, or of which it is not known whether it arrived."""
    mail = _stuck_mail(uow, mail_id)
    mail.attempts = 0
    queue(uow, mail)
    return {"mail_id": mail.id, "message_id": mail.message_id}


@operation("mail.mark_sent", Permission.INSTANCE_OPERATE, NameMail)
def mark_sent(uow: UnitOfWork, *, mail_id: UUID) -> dict[str, Any]:
    """Say that a mail did arrive, so that its process goes on."""
    mail = _stuck_mail(uow, mail_id)
    complete(uow, mail)
    return {"mail_id": mail.id, "message_id": mail.message_id}


def queue(uow: UnitOfWork, mail: Mail) -> None:
    """Leave ``mail`` to its job; one mail's jobs run one after another."""
    mail.state = MailState.QUEUED.value
    mail.last_error = None
    uow.defer(Job("mail.deliver", {"mail_id": str(mail.id)}, lock=f"mail:{mail.id}"))


def complete(uow: UnitOfWork, mail: Mail) -> None:
    """Note that ``mail`` arrived, and tell the process that waits for it and all others."""
    mail.state = MailState.SENT.value
    mail.sent_at = uow.now
    mail.last_error = None
    calls.answer(uow, mail.call_key, _answer(mail))
    if find_record_type(mail.record_type) is None:
        return  # it is of no record of which processes could hear
    uow.emit(
        "mail.sent", mail.record_type, mail.record_id, mail_id=str(mail.id), subject=mail.subject
    )


def _answer(mail: Mail) -> dict[str, Any]:
    return {"mail_id": str(mail.id), "message_id": mail.message_id}


def _mail_of_call(uow: UnitOfWork, call_key: str) -> Mail | None:
    statement = select(Mail).where(Mail.call_key == call_key).with_for_update()
    return uow.session.scalars(statement).one_or_none()


def _called_again(uow: UnitOfWork, mail: Mail) -> dict[str, Any]:
    """Answer a step that was run again with what is known of its mail."""
    if mail.state == MailState.SENT:
        calls.answer(uow, mail.call_key, _answer(mail))
    elif mail.state == MailState.FAILED:
        mail.attempts = 0
        queue(uow, mail)
    elif mail.state == MailState.UNKNOWN:
        fail_unknown(uow, mail)
    return {"mail_id": mail.id, "message_id": mail.message_id}


def fail_unknown(uow: UnitOfWork, mail: Mail) -> None:
    """Tell the waiting process that nobody knows whether the mail arrived."""
    mail.state = MailState.UNKNOWN.value
    message = (
        f"The connection broke while the mail server took the mail to {mail.to_addresses}; it may "
        "have arrived. Send it again or mark it as sent."
    )
    mail.last_error = message
    calls.fail(uow, mail.call_key, "mail_outcome_unknown", message)


def _stuck_mail(uow: UnitOfWork, mail_id: UUID) -> Mail:
    mail = uow.get(Mail, mail_id, lock=True)
    if mail.state not in {MailState.FAILED, MailState.UNKNOWN}:
        raise Conflict(f"This mail is {mail.state.replace('_', ' ')}.")
    return mail


def _write_down(
    uow: UnitOfWork, record: Any, recipients: list[str], said: MailText, answered: Mail | None
) -> Mail:
    settings = uow.platform.settings
    key = new_id()
    previous = answered or _last_of_thread(uow, record.id, recipients)
    return uow.add(
        Mail(
            id=key,
            state=MailState.QUEUED.value,
            message_id=make_message_id(settings, key),
            in_reply_to=previous.message_id if previous else None,
            thread_ids=_thread(previous),
            from_address=settings.mail_from,
            to_addresses=", ".join(recipients),
            reply_to=make_reply_address(settings, record.record_type, record.id),
            subject=said.subject,
            text=said.text,
            html=said.html,
            record_type=record.record_type,
            record_id=record.id,
            thread_id=previous.thread_id if previous else key,
            call_key=uow.call_key,
            sender_id=uow.actor.user_id,
            sender_name=uow.actor.name,
        )
    )


def _last_of_thread(uow: UnitOfWork, record_id: UUID, recipients: list[str]) -> Mail | None:
    """Return the last mail that came in about the record from who is written to now."""
    statement = (
        select(Mail)
        .where(Mail.record_id == record_id, Mail.state == MailState.RECEIVED)
        .order_by(Mail.id.desc())
        .limit(1)
    )
    last = uow.session.scalars(statement).one_or_none()
    addresses = {parseaddr(recipient)[1] for recipient in recipients}
    return last if last is not None and parseaddr(last.from_address)[1] in addresses else None


def _answers_client(uow: UnitOfWork, request: Any, recipients: list[str]) -> bool:
    """Tell whether a person, not a process, writes to who made a request, not to a colleague."""
    if uow.call_key is not None or uow.actor.user_id is None:
        return False
    addresses = {parseaddr(one)[1] for one in recipients}
    if request.requester_email in addresses:
        return True
    points = find_points(uow, PointKind.MAIL.value, sorted(addresses))
    return any(point.record_id == request.contact_id for point in points)


def _thread(previous: Mail | None) -> str | None:
    """Return the References of an answer (RFC 5322 3.6.4), the newest 20 at most."""
    if previous is None:
        return None
    earlier = (previous.thread_ids or previous.in_reply_to or "").split()
    return " ".join([*earlier, previous.message_id][-20:])
