"""Mails that come in: found their record, or become a service request of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields
from sqlalchemy import func, select

from services.actors import SYSTEM, Permission
from services.crm.request_model import ServiceRequest
from services.crm.requests import open_request
from services.database import new_id
from services.documents.files import keep_document
from services.errors import Invalid
from services.mail.bounces import note_bounces
from services.mail.finding import (
    contact_of,
    continued,
    record_of_sender,
    signed_mail,
    signed_record,
)
from services.mail.model import Mail, MailAttachment, MailState
from services.mail.parsing import MAX_BYTES, ReceivedMail, read_mail
from services.mail.references import is_ours
from services.mail.shown_addresses import address_fields
from services.mail.text import without_quote
from services.operations import Arguments, operation
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

_PAYLOAD_CHARACTERS = 4_000
# Simple words that give a request's type away; a question if there are none.
_WORDS: Mapping[str, re.Pattern[str]] = {
    "error": re.compile(
        r"\b(error|bug|crash|broken|fail(s|ed|ure)?|defect|fault|does(n.t| not) work|not working"
        r"|fehler|kaputt|defekt|feil|virker ikke|ошибк\w*|не работает|слома\w+|помилк\w*|hata"
        r"|çalışmıyor|bozuk)\b",  # noqa: RUF001 - Turkish
        re.IGNORECASE,
    ),
    "wish": re.compile(
        r"\b(wish|feature|suggest(ion)?|would like|would be nice|please add|improvement"
        r"|wunsch|wünsche\w*|ønske\w*|пожелани\w*|хотел\w* бы|предложени\w*|istek|öneri)\b",
        re.IGNORECASE,
    ),
}


class RawMessage(fields.Field[bytes]):
    """A mail as it came over the wire, as bytes or as text."""

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 - marshmallow's hook
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> bytes:
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes):
            return value
        raise ValidationError("Send the raw mail.")


class ReceiveMail(Arguments):
    """One mail."""

    raw = RawMessage(required=True, metadata={"title": "The raw mail"})


@operation("mail.receive", Permission.MAIL_RECEIVE, ReceiveMail, secret_fields=frozenset({"raw"}))
def receive_mail(uow: UnitOfWork, *, raw: bytes) -> dict[str, Any]:
    """Take in a mail and put it to the record that it belongs to.

    The same mail twice is taken in once. What a program wrote is kept with the record that it
    answers to, but begins and wakes nothing.
    """
    if len(raw) > MAX_BYTES:
        raise Invalid("This mail is too large.")
    received = read_mail(raw)
    if (known := _known(uow, received.message_id)) is not None:
        return _result(known, created=False, duplicate=True)
    everyone = uow.acting_as(SYSTEM)
    record = signed_record(everyone, received)
    if received.automatic or _is_own(everyone, received):
        return _take_automatic(everyone, received, record)
    record = record or record_of_sender(everyone, received)
    created = record is None
    if record is None:
        record = _new_request(everyone, received)
    mail = _keep(everyone, received, record)
    if not created:
        uow.emit(
            "mail.received",
            record.record_type,
            record.id,
            mail_id=str(mail.id),
            from_address=received.from_address,
            subject=received.subject,
            text=without_quote(received.text)[:_PAYLOAD_CHARACTERS],
        )
    return _result(mail, created=created, duplicate=False)


def guess_type(text: str) -> str:
    """Return the type of request that ``text`` sounds like."""
    return next((kind for kind, words in _WORDS.items() if words.search(text)), "question")


def _known(uow: UnitOfWork, message_id: str) -> Mail | None:
    """Return the mail that came before; two deliveries at once wait for one another."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(message_id, 0))
    uow.session.execute(select(lock))
    return uow.session.scalars(select(Mail).where(Mail.message_id == message_id)).one_or_none()


def _is_own(uow: UnitOfWork, received: ReceivedMail) -> bool:
    """Tell whether the mail claims to come from ourselves: answering it would be a loop."""
    return is_ours(uow.platform.settings, received.from_address)


def _asked_for(uow: UnitOfWork, received: ReceivedMail) -> str | None:
    """Return where answers are to go, if that is neither the sender nor ourselves."""
    asked = received.reply_to
    if asked is None or asked == received.from_address or is_ours(uow.platform.settings, asked):
        return None
    return asked


def _new_request(uow: UnitOfWork, received: ReceivedMail) -> ServiceRequest:
    text = without_quote(received.text)
    contact = None if received.is_forged else contact_of(uow, received.from_address)
    request = ServiceRequest(
        contact_id=contact and contact.id,
        account_id=contact and contact.account_id,
        subject=received.subject,
        description=text or None,
        type=guess_type(f"{received.subject}\n{text}"),
        channel="mail",
        requester_name=received.from_name or None,
        requester_email=received.from_address,
    )
    return open_request(uow, request, title="Came in by mail")


def _take_automatic(uow: UnitOfWork, received: ReceivedMail, record: Any) -> dict[str, Any]:
    if record is None:
        return {"mail_id": None, "created": False, "duplicate": False}
    returned = signed_mail(uow, received)
    if returned is not None and received.failed:
        note_bounces(uow, returned, record, received.failed)
    return _result(_keep(uow, received, record), created=False, duplicate=False)


def _keep(uow: UnitOfWork, received: ReceivedMail, record: Any) -> Mail:
    """Insert the mail and its files with ``record`` and tell its timeline."""
    key = new_id()
    former = continued(uow, received)
    mail = uow.add(
        Mail(
            id=key,
            thread_id=former.thread_id if former else key,
            state=MailState.RECEIVED.value,
            message_id=received.message_id,
            in_reply_to=received.references[-1] if received.references else None,
            thread_ids=" ".join(received.references[-20:]) or None,
            from_address=received.from_address,
            to_addresses=received.to_addresses,
            cc_addresses=received.cc_addresses or None,
            reply_to=_asked_for(uow, received),
            subject=received.subject,
            text=received.text,
            html=received.html,
            record_type=record.record_type,
            record_id=record.id,
            authentication_results=received.authentication_results,
            automatic=received.automatic,
            sender_name=received.from_name or received.from_address,
        )
    )
    names = []
    for position, file in enumerate(received.attachments):
        document = keep_document(
            uow, record, name=file.name, content_type=file.content_type, content=file.content
        )
        attached = MailAttachment(mail_id=mail.id, document_id=document.id, position=position)
        uow.session.add(attached)
        names.append({"id": str(document.id), "name": document.name})
    kind = "Automatic answer" if received.automatic else "Mail"
    add_entry(
        uow,
        record,
        "mail",
        f"{kind} from {mail.sender_name}: “{mail.subject}”",
        body=without_quote(received.text) or None,
        details={
            "mail_id": str(mail.id),
            "thread_id": str(mail.thread_id),
            "documents": names,
            "left_out": received.left_out,
            "forged": received.is_forged,
        },
        tells=address_fields(record.record_type) if "@" in mail.sender_name else (),
        plain=f"{kind}: “{mail.subject}”",
        in_title=True,
    )
    return mail


def _result(mail: Mail, *, created: bool, duplicate: bool) -> dict[str, Any]:
    return {
        "mail_id": mail.id,
        "record_type": mail.record_type,
        "record_id": mail.record_id,
        "created": created,
        "duplicate": duplicate,
    }
