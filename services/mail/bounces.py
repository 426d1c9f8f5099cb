"""Mails that come back: the address counts as invalid from then on.

A report is believed only about a mail of ours that its signed Message-ID names, and only about
the recipients of that mail: anybody can write a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import getaddresses
from typing import Any

from services.mail.model import Mail
from services.mail.shown_addresses import address_fields
from services.points.keeping import mark_invalid
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork


def note_bounces(uow: UnitOfWork, mail: Mail, record: Any, failed: Sequence[str]) -> None:
    """Mark those recipients of ``mail`` invalid that a mail server could not deliver to."""
    everybody = [mail.to_addresses, mail.cc_addresses or ""]
    written_to = {address.lower() for _, address in getaddresses(everybody)}
    for address in failed:
        if address not in written_to:
            continue
        reason = f"“{mail.subject}” came back"
        mark_invalid(uow, address, reason, uow.now)
        details = {"mail_id": str(mail.id), "thread_id": str(mail.thread_id)}
        add_entry(
            uow,
            record,
            "mail",
            f"The mail to {address} came back",
            None,
            details,
            tells=address_fields(record.record_type),
            plain="A mail came back",
        )
        uow.emit(
            "mail.bounced",
            record.record_type,
            record.id,
            mail_id=str(mail.id),
            address=address,
        )
