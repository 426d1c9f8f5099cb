"""What a mail that goes out says, to whom, and with which documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses, parseaddr
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.documents.model import Document
from services.documents.sandbox import render
from services.documents.templates import TemplateKind, get_template, language_for
from services.documents.values import values_for
from services.errors import Invalid, NotFound, not_found_as
from services.mail.headers import shown_address
from services.mail.text import clean_html, html_of, text_of
from services.records.contact_points import normalise_email
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

MAX_RECIPIENTS = 20
MAX_ATTACHED_BYTES = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailText:
    """What a mail says; ``html`` is the inner part, without the page around it."""

    subject: str
    text: str
    html: str


def recipients_of(uow: UnitOfWork, record: Any, to: str | None) -> list[str]:
    """Return the addresses in ``to``, or the client's own, in their normal spelling.

    Raises:
        Invalid: ``mail_address_invalid``: there is none, or one that can't be written to.
    """
    return _addresses_in(to or _client_address(uow, record), "to", least=1)


def copies_of(cc: str | None, recipients: Sequence[str]) -> list[str]:
    """Return the addresses in ``cc`` in their normal spelling, but for those of ``recipients``.

    Raises:
        Invalid: ``mail_address_invalid``: there is one that can't be written to.
    """
    known = {address for _, address in getaddresses(list(recipients))}
    found = _addresses_in(cc, "cc", least=0)
    return [one for one in dict.fromkeys(found) if parseaddr(one)[1] not in known]


def _addresses_in(text: str | None, field: str, *, least: int) -> list[str]:
    given = [text] if text else []
    pairs = getaddresses([text.replace(";", ",").replace("\n", ",") for text in given])
    try:
        addresses = [shown_address(name, normalise_email(address)) for name, address in pairs]
    except (ValueError, UnicodeError):
        addresses = []
    if any(":" in text for text in given):
        # Groups (RFC 5322 3.4) look like a smuggled header, and nobody writes them.
        addresses = []
    if not max(least, len(given)) <= len(addresses) <= MAX_RECIPIENTS:
        message = f"Give {least} to {MAX_RECIPIENTS} valid e-mail addresses."
        raise Invalid(message, {field: [message]}, code="mail_address_invalid")
    return addresses


def _client_address(uow: UnitOfWork, record: Any) -> str | None:
    """Return the address that a record itself or its contact has, if the actor may see it.

    The mail that is sent would tell it.
    """
    hidden = uow.actor.hidden_fields(record.record_type)
    for name in ("requester_email", "email"):
        own: str | None = None if name in hidden else getattr(record, name, None)
        if own:
            return own
    key = None if "contact_id" in hidden else getattr(record, "contact_id", None)
    if key is None or "email" in uow.actor.hidden_fields("contact"):
        return None
    contact = uow.session.get(get_record_type("contact").model, key)
    return None if contact is None else contact.email


def compose(
    uow: UnitOfWork,
    record: Any,
    subject: str | None,
    body: str | None,
    template: str | None,
    *,
    language: str | None = None,
) -> MailText:
    """Return what the mail says: ``body`` as it is, or inside a template.

    Raises:
        Invalid: There is no subject or no text.
        NotFound: There is no such template.
    """
    if template is None:
        if not (subject and body):
            message = "Give a subject and a text, or a template."
            raise Invalid(message, {"subject" if not subject else "body": [message]})
        return MailText(subject, body, html_of(body))
    wanted = language_for(uow, record, language)
    found = get_template(uow, template, TemplateKind.MAIL, wanted)
    values = values_for(uow, record, message=body)
    zone = uow.platform.settings.timezone
    filled = render(found.body, values, language=found.language, zone=zone)
    html = clean_html(filled)
    title = subject or render(found.title, values, language=found.language, zone=zone, html=False)
    return MailText(title, text_of(html), html)


def attachable(uow: UnitOfWork, keys: list[UUID]) -> list[Document]:
    """Return the documents to attach.

    Raises:
        NotFound: There is no such document, or its record is not visible.
        Invalid: Together they are too large.
    """
    kept = select(Document).where(Document.id.in_(keys), Document.deleted_at.is_(None))
    rows = {row.id: row for row in uow.session.scalars(kept)}
    message = "There is no such document."
    for record_type, record_id in {(row.record_type, row.record_id) for row in rows.values()}:
        with not_found_as(message):
            get_record(uow, record_type, record_id)
    if len(rows) != len(set(keys)):
        raise NotFound(message)
    if sum(row.size_bytes for row in rows.values()) > MAX_ATTACHED_BYTES:
        message = "The attachments are larger than 15 MB together."
        raise Invalid(message, {"document_ids": [message]})
    return [rows[key] for key in dict.fromkeys(keys)]
