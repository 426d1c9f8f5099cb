"""The table of contact points."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from services.database import Base, Keyed

POINT_TYPES = ("account", "contact", "lead")


class PointKind(StrEnum):
    """By what somebody is reached."""

    MAIL = "mail"
    PHONE = "phone"
    MESSENGER = "messenger"
    WEB = "web"


POINT_KINDS = {
    PointKind.MAIL.value: "E-mail",
    PointKind.PHONE.value: "Phone",
    PointKind.MESSENGER.value: "Messenger",
    PointKind.WEB.value: "Web page",
}
MIRRORED = {PointKind.MAIL.value: "email", PointKind.PHONE.value: "phone"}
"""Kind → the record's column that holds the primary one."""


class ContactPoint(Keyed, Base):
    """One way to reach a record.

    The primary one is the one whose ``normalised`` stands in the record's column; triggers of
    the database write it here whenever that column is written, by whatever way.

    Attributes:
        value: As it was typed.
        normalised: In one spelling: an address in lower case with its host in ASCII (IDNA), a
            number as E.164.
        label: Such as *work* or *home*.
        opted_out_at: Since when no advertising may be sent there.
        invalid_since: Since when nothing arrives there, as a bounce told.
    """

    __tablename__ = "contact_points"
    __table_args__ = (
        UniqueConstraint("record_id", "kind", "normalised"),
        Index(None, "kind", "normalised"),
    )
    __audited__ = True

    record_type: Mapped[str]
    record_id: Mapped[UUID]
    kind: Mapped[str]
    value: Mapped[str]
    normalised: Mapped[str]
    label: Mapped[str | None]
    opted_out_at: Mapped[datetime | None]
    opt_out_reason: Mapped[str | None]
    invalid_since: Mapped[datetime | None]
    invalid_reason: Mapped[str | None]
    created_at: Mapped[datetime]
