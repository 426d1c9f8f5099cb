"""Mails, both those that go out and those that came in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned
from services.mail.headers import says_forged


class MailState(StrEnum):
    """Where a mail stands on its way.

    ``handing_over`` is the one moment of doubt: the server has the text, but its answer to the
    final dot is not known yet. ``unknown`` is a mail of which it never will be.
    """

    QUEUED = "queued"
    SENDING = "sending"
    HANDING_OVER = "handing_over"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RECEIVED = "received"


class Mail(Versioned, Timestamped, Base):
    """A mail that belongs to a record.

    Attributes:
        message_id: With its angle brackets; what answers refer to.
        call_key: The process step that waits for the outcome; None for people's mails.
        attempts: 0 until the first try to deliver it.
        authentication_results: The first such header of a mail that came in (RFC 8601), which
            is the one that our own server wrote.
        automatic: Whether no person wrote it (RFC 3834).
        thread_id: The key of the first mail of its conversation.
        reply_to: Of ours, where answers come to; of one that came in, where they are asked for.
        cc_addresses: Who gets a copy; None for nobody.
        purpose: ``service``, or ``marketing``, for those who agreed.
        unsubscribe_token: Of marketing: what its links for unsubscribing carry.
        read_at: When somebody first looked at a mail that came in; None: it is unread.
    """

    __tablename__ = "mails"
    __table_args__ = (
        Index(None, "record_id", "created_at"),
        Index(None, "state"),
        Index(None, "thread_id", "created_at"),
    )

    state: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    in_reply_to: Mapped[str | None]
    thread_ids: Mapped[str | None]
    from_address: Mapped[str]
    to_addresses: Mapped[str]
    cc_addresses: Mapped[str | None]
    reply_to: Mapped[str | None]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    template: Mapped[str | None]
    call_key: Mapped[str | None] = mapped_column(unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    authentication_results: Mapped[str | None]
    automatic: Mapped[bool] = mapped_column(default=False)
    sender_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    sender_name: Mapped[str]
    thread_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    purpose: Mapped[str] = mapped_column(default="service", server_default="service")
    unsubscribe_token: Mapped[str | None]
    read_at: Mapped[datetime | None]
    read_by: Mapped[str | None]

    @property
    def is_forged(self) -> bool:
        """Whether it came in from somebody who is not whom it says."""
        return says_forged(self.authentication_results)


class MailLink(Keyed, Base):
    """Another record that a mail belongs to, besides its own."""

    __tablename__ = "mail_links"
    __table_args__ = (
        UniqueConstraint("mail_id", "record_id"),
        Index(None, "record_id"),
    )

    mail_id: Mapped[UUID] = mapped_column(ForeignKey("mails.id"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]


class MailAttachment(Base):
    """A document that goes or came with a mail."""

    __tablename__ = "mail_attachments"

    mail_id: Mapped[UUID] = mapped_column(ForeignKey("mails.id"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0)
