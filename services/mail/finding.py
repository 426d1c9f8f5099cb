"""Which record a mail that came in belongs to, and which mail it goes on from."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.database import is_among
from services.mail.model import Mail, MailState
from services.mail.parsing import ReceivedMail
from services.mail.references import read_message_ids, read_reply_address
from services.points.keeping import holders
from services.points.model import PointKind
from services.records.heirs import heir_of
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_NUMBER = re.compile(r"\bR-\d{6,}\b", re.IGNORECASE)


def signed_record(uow: UnitOfWork, received: ReceivedMail) -> Any:
    """Return the record that a signed reference of ours names, or None."""
    settings = uow.platform.settings
    for address in received.recipients:
        named = read_reply_address(settings, address)
        if named and (record := _find_record(uow, *named)) is not None:
            return record
    mail = signed_mail(uow, received)
    return None if mail is None else _find_record(uow, mail.record_type, mail.record_id)


def signed_mail(uow: UnitOfWork, received: ReceivedMail) -> Mail | None:
    """Return the mail of ours that a signed Message-ID names: answered, or come back."""
    named = " ".join([*received.returned, *received.references])
    for mail_id in read_message_ids(uow.platform.settings, named):
        mail = uow.session.get(Mail, mail_id)
        if mail is not None:
            return mail
    return None


def continued(uow: UnitOfWork, received: ReceivedMail) -> Mail | None:
    """Return the mail whose conversation this one goes on with: ours, or the sender's own."""
    answered = signed_mail(uow, received)
    if answered is None and not received.is_forged:
        answered = _earlier_of_sender(uow, received)
    return answered


def record_of_sender(uow: UnitOfWork, received: ReceivedMail) -> Any:
    """Return the open record that a genuine sender most likely means, or None."""
    if received.is_forged:
        return None
    return (
        _answered_to_itself(uow, received)
        or _numbered_request(uow, received)
        or _open_request(uow, received.from_address)
        or _open_deal(uow, received.from_address)
        or _open_lead(uow, received.from_address)
    )


def _answered_to_itself(uow: UnitOfWork, received: ReceivedMail) -> Any:
    """Find the record of an earlier mail of the same sender that this one continues."""
    mail = _earlier_of_sender(uow, received)
    return None if mail is None else _find_record(uow, mail.record_type, mail.record_id)


def _earlier_of_sender(uow: UnitOfWork, received: ReceivedMail) -> Mail | None:
    if not received.references:
        return None
    statement = select(Mail).where(
        Mail.message_id.in_(received.references),
        Mail.state == MailState.RECEIVED,
        Mail.from_address == received.from_address,
    )
    return uow.session.scalars(statement.order_by(Mail.id.desc()).limit(1)).one_or_none()


def _numbered_request(uow: UnitOfWork, received: ReceivedMail) -> Any:
    found = _NUMBER.search(received.subject)
    if found is None:
        return None
    statement = select(ServiceRequest).where(
        ServiceRequest.number == found.group().upper(),
        ServiceRequest.requester_email == received.from_address,
    )
    return uow.session.scalars(statement).one_or_none()


def _open_request(uow: UnitOfWork, address: str) -> Any:
    contacts = holders("contact", PointKind.MAIL.value, [address])
    statement = uow.select(ServiceRequest).where(
        or_(
            ServiceRequest.requester_email == address, is_among(ServiceRequest.contact_id, contacts)
        ),
        ServiceRequest.status != "closed",
    )
    return uow.session.scalars(statement.order_by(ServiceRequest.id.desc()).limit(1)).first()


def _open_deal(uow: UnitOfWork, address: str) -> Any:
    contacts = holders("contact", PointKind.MAIL.value, [address])
    statement = uow.select(Deal).where(
        is_among(Deal.contact_id, contacts), Deal.closed_at.is_(None)
    )
    return uow.session.scalars(statement.order_by(Deal.id.desc()).limit(1)).first()


def _open_lead(uow: UnitOfWork, address: str) -> Any:
    leads = holders("lead", PointKind.MAIL.value, [address])
    statement = uow.select(Lead).where(
        is_among(Lead.id, leads), Lead.status.in_(["new", "working"])
    )
    return uow.session.scalars(statement.order_by(Lead.id.desc()).limit(1)).first()


def _find_record(uow: UnitOfWork, record_type: str, record_id: UUID) -> Any:
    """Return a record, or the one that it has become part of; None if it is gone."""
    model = get_record_type(record_type).model
    found = uow.find(model, record_id)
    heir = heir_of(uow, record_id) if found is None else None
    return found if heir is None else uow.find(model, heir)


def contact_of(uow: UnitOfWork, address: str) -> Contact | None:
    """Return the contact with this address among all of theirs, the longest known one."""
    keys = holders("contact", PointKind.MAIL.value, [address])
    statement = uow.select(Contact).where(is_among(Contact.id, keys)).order_by(Contact.id).limit(1)
    return uow.session.scalars(statement).one_or_none()
