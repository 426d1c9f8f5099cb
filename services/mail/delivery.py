"""The job that hands a mail over, exactly once as far as SMTP allows.

Three short transactions surround the dialogue; none is open while talking. A job that is run
again finds in the mail's state how far the last one came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email import policy
from email._header_value_parser import TokenList
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from services import calls
from services.actors import SYSTEM
from services.consents.consents import sign_confirmations
from services.consents.links import UnsubscribeLinks
from services.documents.model import Document
from services.jobs import RetryLater, job
from services.mail.mails import complete, fail_unknown
from services.mail.model import Mail, MailAttachment, MailState
from services.mail.reaching import is_still_wanted
from services.mail.shown_addresses import address_fields
from services.mail.smtp import MailServer, NoAnswer, NotDelivered
from services.mail.text import html_of, wrapped
from services.platform import Platform
from services.records.timeline import add_entry
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

MAX_ATTEMPTS = 4
_WAITS_SECONDS = (30, 300, 1800)
# A mail must leave as it was signed and threaded, with 7-bit lines of at most 998 characters.
_LONGEST_ID = 900


class _References:
    """A header of Message-IDs, one a line: the library would encode those longer than a line."""

    max_count = 1

    @staticmethod
    def parse(value: str, kwds: dict[str, Any]) -> None:
        """Take the IDs as they are, without those that no header may hold."""
        kept = [one for one in value.split() if one.isascii() and len(one) <= _LONGEST_ID]
        kwds["decoded"] = " ".join(kept)
        kwds["parse_tree"] = TokenList()

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines."""
        ids = str(self).split()
        if not ids:
            return ""
        lines = f"{policy.linesep} ".join(ids)
        return f"{self.name}: {lines}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _HEADERS.map_to_type(_name, _References)  # type: ignore[arg-type] # made a BaseHeader there
_POLICY = policy.SMTP.clone(cte_type="7bit", max_line_length=78, header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What the dialogue needs of a mail, read before it begins."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    message: bytes = b""
    attempt: int = 1


@job("mail.deliver")
def deliver_mail(platform: Platform, *, mail_id: str) -> None:
    """Hand one mail to the mail server and note the outcome.

    Raises:
        RetryLater: The server could not take it now.
    """
    key = UUID(mail_id)
    envelope = platform.transact(SYSTEM, lambda uow: _begin(uow, key), source="job")
    if envelope is None:
        return
    try:
        _hand_over(platform, key, envelope)
    except NotDelivered as failure:
        reason, permanent = str(failure), failure.permanent
        delay = platform.transact(
            SYSTEM,
            lambda uow: _note_failure(uow, key, envelope.attempt, reason, permanent=permanent),
            source="job",
        )
        if delay is not None:
            raise RetryLater(delay) from failure
    except NoAnswer:
        platform.transact(SYSTEM, lambda uow: _note_doubt(uow, key), source="job")


def _hand_over(platform: Platform, key: UUID, envelope: _Envelope) -> None:
    if platform.settings.smtp_url is None:
        raise NotDelivered("No mail server is named in the settings (SMTP_URL).", permanent=True)
    with MailServer(platform.settings.smtp_url) as server:
        server.transfer(envelope.sender, envelope.recipients, envelope.message)
        attempt = envelope.attempt
        if not platform.transact(SYSTEM, lambda uow: _step(uow, key, attempt), source="job"):
            return
        server.finish()
    platform.transact(SYSTEM, lambda uow: _note_success(uow, key), source="job")


def _begin(uow: UnitOfWork, key: UUID) -> _Envelope | None:
    """Mark the mail as being sent; None if it is not to be sent, or nobody knows."""
    mail = uow.get(Mail, key, lock=True)
    if mail.state == MailState.HANDING_OVER:
        # The job died between the final dot and its answer.
        _doubt(uow, mail)
    if mail.state not in {MailState.QUEUED, MailState.SENDING}:
        return None
    token, to = mail.unsubscribe_token, mail.to_addresses
    if token and not is_still_wanted(uow, token, to):
        reason = f"{mail.to_addresses} wants no advertising any more."
        mail.state, mail.last_error = MailState.FAILED.value, reason
        calls.fail(uow, mail.call_key, "mail_address_refused", reason)
        return None
    mail.state = MailState.SENDING.value
    mail.attempts += 1
    told = getaddresses([mail.to_addresses, mail.cc_addresses or ""])
    addresses = [address for _, address in told if address]
    sender = parseaddr(mail.from_address)[1]
    return _Envelope(sender, addresses, _message_of(uow, mail), mail.attempts)


def _step(uow: UnitOfWork, key: UUID, attempt: int) -> bool:
    """Mark the moment of doubt; False if another job has taken the mail over."""
    mail = uow.get(Mail, key, lock=True)
    if mail.state != MailState.SENDING or mail.attempts != attempt:
        return False
    mail.state = MailState.HANDING_OVER.value
    return True


def _note_success(uow: UnitOfWork, key: UUID) -> None:
    mail = uow.get(Mail, key, lock=True)
    # Another job may have been in doubt meanwhile, if this one was taken for dead.
    if mail.state in {MailState.HANDING_OVER, MailState.UNKNOWN}:
        complete(uow, mail)


def _note_doubt(uow: UnitOfWork, key: UUID) -> None:
    mail = uow.get(Mail, key, lock=True)
    if mail.state == MailState.HANDING_OVER:
        _doubt(uow, mail)


def _doubt(uow: UnitOfWork, mail: Mail) -> None:
    fail_unknown(uow, mail)
    _tell(uow, mail, f"It is not known whether “{mail.subject}” arrived")


def _note_failure(
    uow: UnitOfWork, key: UUID, attempt: int, reason: str, *, permanent: bool
) -> float | None:
    """Note why the mail was not taken.

    Returns:
        The seconds until the next try; None if there is none.
    """
    mail = uow.get(Mail, key, lock=True)
    if mail.attempts != attempt:
        return None
    mail.last_error = reason
    if not permanent and mail.attempts < MAX_ATTEMPTS:
        mail.state = MailState.QUEUED.value
        return _WAITS_SECONDS[mail.attempts - 1]
    mail.state = MailState.FAILED.value
    calls.fail(uow, mail.call_key, "mail_failed", reason)
    _tell(uow, mail, f"“{mail.subject}” could not be sent")
    return None


def _tell(uow: UnitOfWork, mail: Mail, title: str) -> None:
    record_type = find_record_type(mail.record_type)
    record = record_type and uow.find(record_type.model, mail.record_id)
    if record is None:
        return  # it was deleted meanwhile: there is no timeline left to tell
    details = {"mail_id": str(mail.id), "error": mail.last_error}
    # What a mail server says names the address that it refuses.
    tells = address_fields(mail.record_type)
    add_entry(uow, record, "mail", title, details=details, tells=tells, plain=title)


def _message_of(uow: UnitOfWork, mail: Mail) -> bytes:
    """Return the mail as it goes over the wire (RFC 5322, MIME)."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = mail.from_address
    message["To"] = mail.to_addresses
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    optional = {
        "Cc": mail.cc_addresses,
        "Reply-To": mail.reply_to,
        "In-Reply-To": mail.in_reply_to,
        "References": mail.thread_ids,
    }
    for name, value in optional.items():
        if value:
            message[name] = value
    if mail.sender_id is None:
        # Keeps vacation answers away from what a process sends (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
    text, html = (
        said and sign_confirmations(uow, mail.record_id, mail.to_addresses, said)
        for said in (mail.text, mail.html)
    )
    if mail.unsubscribe_token:
        links = UnsubscribeLinks.of(uow.platform.settings, mail.unsubscribe_token)
        message["List-Unsubscribe"] = f"<{links.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text, html = f"{text}\n\n{links.as_text}", f"{html or html_of(text or '')}{links.as_html}"
    message.set_content(text)
    if html:
        message.add_alternative(wrapped(html), subtype="html")
    for document in _attached(uow, mail):
        maintype, _, subtype = document.content_type.partition("/")
        message.add_attachment(
            document.content, maintype=maintype, subtype=subtype, filename=document.name
        )
    return message.as_bytes()


def _attached(uow: UnitOfWork, mail: Mail) -> list[Document]:
    statement = (
        select(Document)
        .join(MailAttachment, MailAttachment.document_id == Document.id)
        .where(MailAttachment.mail_id == mail.id)
        .order_by(MailAttachment.position)
        .options(undefer(Document.content))
    )
    return list(uow.session.scalars(statement))
