"""Mails to the people who work here: no record has them, and no answer is expected."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import Final

from services.database import new_id
from services.mail.mails import queue
from services.mail.model import Mail, MailState
from services.mail.text import html_of
from services.people.model import User
from services.unit_of_work import UnitOfWork

NOTICE: Final = "notice"
"""The purpose of such mails."""


def send_notice(uow: UnitOfWork, person: User, subject: str, text: str) -> Mail:
    """Write a mail to a person down, and leave it to its job.

    It is of no record: its ``record_type`` is ``user``, so that no timeline and no conversation
    shows it.
    """
    key = new_id()
    host = parseaddr(uow.platform.settings.mail_from)[1].rpartition("@")[2]
    mail = uow.add(
        Mail(
            id=key,
            state=MailState.QUEUED.value,
            message_id=f"<notice.{key.hex}@{host}>",
            from_address=uow.platform.settings.mail_from,
            to_addresses=formataddr((person.name, person.email)),
            subject=" ".join(subject.split()),
            text=text,
            html=html_of(text),
            record_type="user",
            record_id=person.id,
            thread_id=key,
            sender_name=uow.actor.name,
            purpose=NOTICE,
        )
    )
    queue(uow, mail)
    return mail
