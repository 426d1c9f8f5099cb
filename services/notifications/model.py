"""The tables of notifications, and of how each person wants to hear of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class NotificationKind(StrEnum):
    """What somebody is told of."""

    REMINDER = "reminder"
    MENTION = "mention"
    INVITATION = "invitation"
    SHARED = "shared"


NOTIFICATION_KINDS: Final = {
    NotificationKind.REMINDER.value: "Reminders of activities",
    NotificationKind.MENTION.value: "Being named in a note",
    NotificationKind.INVITATION.value: "Invitations and moved activities",
    NotificationKind.SHARED.value: "Records shared with you",
}


class MailChoice(StrEnum):
    """Whether and when it also comes by mail."""

    NOW = "now"
    DAILY = "daily"
    OFF = "off"


MAIL_CHOICES: Final = {
    MailChoice.OFF.value: "Not by mail",
    MailChoice.NOW.value: "At once",
    MailChoice.DAILY.value: "Once a day, together",
}


class Notification(Keyed, Base):
    """Something that one person is told.

    It holds no word of the record: that is read when the person looks, with the rights that it
    has then.

    Attributes:
        key: What it is about, such as ``mention:<key>``; nobody is told the same twice.
        title: What happened, without anything of the record.
        about_id: The note's entry, where it is a mention.
        moment: When the thing itself is, such as the beginning of a meeting.
        mailed_at: When it was put into a mail.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index(None, "user_id", "at"),
        Index(
            "ix_notifications_unread",
            "user_id",
            "record_type",
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(None, "at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    key: Mapped[str]
    title: Mapped[str]
    record_type: Mapped[str]
    record_id: Mapped[UUID] = mapped_column(index=True)
    about_id: Mapped[UUID | None]
    moment: Mapped[datetime | None]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class NotificationSettings(Base):
    """How a person wants to hear of things; without a row nothing comes by mail.

    Attributes:
        choices: Kind → ``MailChoice``.
        timezone: In which the day's mail has its hour; the installation's if None.
        digest_hour: 0 to 23.
        next_digest_at: When the next one is due; None if nothing is to come daily.
    """

    __tablename__ = "notification_settings"
    __table_args__ = (Index(None, "next_digest_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    choices: Mapped[dict[str, Any]]
    timezone: Mapped[str | None]
    digest_hour: Mapped[int] = mapped_column(default=8)
    next_digest_at: Mapped[datetime | None]

    def choice(self, kind: str) -> str:
        """Return how things of a kind come by mail."""
        return str(self.choices.get(kind, MailChoice.OFF.value))
