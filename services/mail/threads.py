"""Conversations by mail: which mails belong together, who has read them, whose they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import getaddresses
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from config import Settings
from services.actors import Permission
from services.arguments import Key, Line
from services.database import is_among
from services.documents.model import Document
from services.errors import Conflict, NotFound
from services.mail.headers import shown_address
from services.mail.model import Mail, MailAttachment, MailLink, MailState
from services.mail.references import is_ours
from services.mail.shown_addresses import shown_sender
from services.operations import Arguments, operation
from services.records.timeline import add_entry
from services.records.types import find_record_type, get_record
from services.unit_of_work import UnitOfWork

MAX_MAILS = 200
# As mail programs of the languages that our clients write in begin the subject of an answer.
_ANSWER = re.compile(r"(re|aw|antw|sv|vs|odp|ynt|отв|відп)(\[\d+\])?:", re.IGNORECASE)


class NameThread(Arguments):
    """Which conversation."""

    thread_id = Key(required=True, metadata={"title": "Conversation"})


class LinkMail(Arguments):
    """Which mail belongs to which other record too."""

    mail_id = Key(required=True, metadata={"title": "Mail"})
    record_type = Line(required=True, metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as lists show it.

    Attributes:
        subject: Of its newest mail that the actor may see.
        unread: How many mails came in that nobody has looked at.
    """

    id: UUID
    subject: str
    last_at: datetime
    last_from: str
    mails: int
    unread: int


@operation("mail.mark_read", Permission.RECORD_WRITE, NameThread)
def mark_read(uow: UnitOfWork, *, thread_id: UUID) -> dict[str, Any]:
    """Note that the mails of a conversation were read."""
    rows = [mail for mail in mails_of_thread(uow, thread_id) if _is_unread(mail)]
    for mail in rows:
        mail.read_at, mail.read_by = uow.now, uow.actor.name
    return {"read": len(rows)}


@operation("mail.mark_unread", Permission.RECORD_WRITE, NameThread)
def mark_unread(uow: UnitOfWork, *, thread_id: UUID) -> dict[str, Any]:
    """Leave the last mail that came in for somebody else to read."""
    received = [
        mail for mail in mails_of_thread(uow, thread_id) if mail.state == MailState.RECEIVED
    ]
    if received:
        received[-1].read_at = received[-1].read_by = None
    return {"unread": len(received[-1:])}


@operation("mail.link", Permission.RECORD_WRITE, LinkMail, in_diagrams=True)
def link_mail(
    uow: UnitOfWork, *, mail_id: UUID, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Put a mail to another record too."""
    mail = get_mail(uow, mail_id)
    record = get_record(uow, record_type, record_id, lock=True)
    if record.id == mail.record_id or _link(uow, mail, record) is not None:
        raise Conflict("This mail is with that record already.")
    link = MailLink(
        mail_id=mail.id,
        record_type=record_type,
        record_id=record.id,
        linked_at=uow.now,
        linked_by=uow.actor.name,
    )
    uow.add(link)
    details = {"mail_id": str(mail.id), "thread_id": str(mail.thread_id)}
    add_entry(uow, record, "mail", f"Put the mail “{mail.subject}” here", None, details)
    return {"mail_id": mail.id}


@operation("mail.unlink", Permission.RECORD_WRITE, LinkMail)
def unlink_mail(
    uow: UnitOfWork, *, mail_id: UUID, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Take a mail away from a record that it was put to."""
    mail = get_mail(uow, mail_id)
    record = get_record(uow, record_type, record_id, lock=True)
    link = _link(uow, mail, record)
    if link is None:
        raise NotFound("This mail was not put to that record.")
    uow.session.delete(link)
    details = {"mail_id": str(mail.id), "thread_id": str(mail.thread_id)}
    add_entry(uow, record, "mail", f"Took the mail “{mail.subject}” away", None, details)
    return {"mail_id": mail.id}


def get_mail(uow: UnitOfWork, mail_id: UUID) -> Mail:
    """Return a mail of a record that the actor may see.

    Raises:
        NotFound: There is none, or none of its records is visible.
    """
    mail = uow.session.get(Mail, mail_id)
    if mail is None or not _visible(uow, [mail]):
        raise NotFound("There is no such mail.")
    return mail


def mails_of_thread(uow: UnitOfWork, thread_id: UUID) -> list[Mail]:
    """Return the mails of a conversation that the actor may see, oldest first.

    Raises:
        NotFound: There is none of them.
    """
    statement = select(Mail).where(Mail.thread_id == thread_id)
    newest = statement.order_by(Mail.created_at.desc(), Mail.id.desc()).limit(MAX_MAILS)
    found = _visible(uow, uow.session.scalars(newest).all())
    if not found:
        raise NotFound("There is no such conversation.")
    return found[::-1]


def threads_of(uow: UnitOfWork, record_type: str, record_id: UUID, limit: int = 20) -> list[Thread]:
    """Return the conversations of a visible record, the newest first.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    record = get_record(uow, record_type, record_id)
    return find_threads(uow, record.id, limit)


def find_threads(uow: UnitOfWork, record_id: UUID, limit: int = 20) -> list[Thread]:
    """Return the conversations of a record that the caller has read, in one statement."""
    unread = func.count().filter(Mail.state == MailState.RECEIVED.value, Mail.read_at.is_(None))
    newest = Mail.id.desc()
    statement = (
        select(
            Mail.thread_id,
            func.array_agg(aggregate_order_by(Mail.subject, newest))[1],
            func.max(Mail.created_at),
            func.array_agg(aggregate_order_by(Mail.sender_name, newest))[1],
            func.count(),
            unread,
            func.array_agg(aggregate_order_by(Mail.record_type, newest))[1],
        )
        .where(_of_record(record_id))
        .group_by(Mail.thread_id)
        .order_by(func.max(Mail.created_at).desc())
        .limit(limit)
    )
    rows = [(Thread(*row[:-1]), row[-1]) for row in uow.session.execute(statement)]
    return [
        replace(thread, last_from=shown_sender(uow, of_type, thread.last_from))
        for thread, of_type in rows
    ]


def records_of_thread(uow: UnitOfWork, mails: Iterable[Mail]) -> list[tuple[str, UUID]]:
    """Return type and key of the records that mails belong to, whoever may see them."""
    found = dict.fromkeys((mail.record_type, mail.record_id) for mail in mails)
    keys = [mail.id for mail in mails]
    links = select(MailLink.record_type, MailLink.record_id).where(MailLink.mail_id.in_(keys))
    for record_type, record_id in uow.session.execute(links.order_by(MailLink.id)):
        found.setdefault((record_type, record_id))
    return list(found)


def files_of(uow: UnitOfWork, mails: Iterable[Mail]) -> dict[UUID, list[Document]]:
    """Return the documents that came or went with each of some mails."""
    statement = (
        select(MailAttachment.mail_id, Document)
        .join(Document, Document.id == MailAttachment.document_id)
        .where(MailAttachment.mail_id.in_([mail.id for mail in mails]))
        .order_by(MailAttachment.position)
    )
    found: dict[UUID, list[Document]] = defaultdict(list)
    for mail_id, document in uow.session.execute(statement):
        found[mail_id].append(document)
    return dict(found)


def answerable(uow: UnitOfWork, mail_id: UUID, record: Any) -> Mail:
    """Return the mail that is answered from a record's page.

    Raises:
        NotFound: There is none with this record that the actor may see.
    """
    mail = get_mail(uow, mail_id)
    if mail.record_id != record.id and _link(uow, mail, record) is None:
        raise NotFound("There is no such mail.")
    return mail


def sender_of(mail: Mail | None) -> str | None:
    """Return whom an answer goes to: who wrote a mail that came in, or whom it names instead.

    Of one of ours, that is whom it went to.
    """
    if mail is None:
        return None
    if mail.state != MailState.RECEIVED:
        return mail.to_addresses
    return mail.reply_to or mail.from_address


def copied_in(mail: Mail, settings: Settings) -> str:
    """Return who else is to get an answer: those whom the mail that is answered went to as well."""
    if mail.state != MailState.RECEIVED:
        return mail.cc_addresses or ""
    answered = sender_of(mail)
    others: dict[str, str] = {}
    for name, address in getaddresses([mail.to_addresses, mail.cc_addresses or ""]):
        if "@" in address and address.lower() != answered and not is_ours(settings, address):
            others.setdefault(address.lower(), shown_address(name, address))
    return ", ".join(others.values())


def subject_of_answer(mail: Mail | None) -> str | None:
    """Return the subject of an answer, with one ``Re:``, or what stands for it, in front."""
    if mail is None:
        return None
    return mail.subject if _ANSWER.match(mail.subject) else f"Re: {mail.subject}"[:300]


def _is_unread(mail: Mail) -> bool:
    return mail.state == MailState.RECEIVED and mail.read_at is None


def _of_record(record_id: UUID) -> ColumnElement[bool]:
    links = select(MailLink.mail_id).where(MailLink.record_id == record_id)
    return or_(Mail.record_id == record_id, is_among(Mail.id, links))


def _link(uow: UnitOfWork, mail: Mail, record: Any) -> MailLink | None:
    statement = select(MailLink).where(
        and_(MailLink.mail_id == mail.id, MailLink.record_id == record.id)
    )
    return uow.session.scalars(statement).one_or_none()


def _visible(uow: UnitOfWork, mails: Sequence[Mail]) -> list[Mail]:
    """Return those mails of which the actor may see a record, with a statement a record type."""
    links = select(MailLink).where(MailLink.mail_id.in_([mail.id for mail in mails]))
    places: dict[UUID, set[UUID]] = {mail.id: {mail.record_id} for mail in mails}
    types = {mail.record_id: mail.record_type for mail in mails}
    for link in uow.session.scalars(links):
        places[link.mail_id].add(link.record_id)
        types[link.record_id] = link.record_type
    seen: set[UUID] = set()
    for name in sorted(set(types.values())):
        found = find_record_type(name)
        if found is None:
            continue
        keys = [key for key, of_type in types.items() if of_type == name]
        statement: Any = uow.select(found.model).where(found.model.id.in_(keys))
        seen.update(uow.session.scalars(statement.with_only_columns(found.model.id)))
    return [mail for mail in mails if places[mail.id] & seen]
