"""The tables of consents: purposes as data, their texts, and an append-only history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned
from services.points.model import PointKind
from services.records.living_choices import LivingChoices

PERSON_TYPES: Final = ("contact", "lead")


class Channel(StrEnum):
    """By what somebody agrees to be contacted."""

    MAIL = "mail"
    SMS = "sms"
    PHONE = "phone"
    MESSENGER = "messenger"


CHANNELS: Final = {
    Channel.MAIL.value: "E-mail",
    Channel.SMS.value: "SMS",
    Channel.PHONE.value: "Phone",
    Channel.MESSENGER.value: "Messenger",
}
POINT_KIND_OF: Final = {
    Channel.MAIL.value: PointKind.MAIL.value,
    Channel.SMS.value: PointKind.PHONE.value,
    Channel.PHONE.value: PointKind.PHONE.value,
    Channel.MESSENGER.value: PointKind.MESSENGER.value,
}
"""Channel → the kind of contact point that it needs."""


class ConsentState(StrEnum):
    """What was said: *pending* waits for the person to confirm it by the mailed link."""

    PENDING = "pending"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


CONSENT_STATES: Final = {
    ConsentState.PENDING.value: "Not confirmed yet",
    ConsentState.GIVEN.value: "Given",
    ConsentState.WITHDRAWN.value: "Withdrawn",
}


PURPOSES: Final = LivingChoices({})
"""Key → English title of the purposes, the archived ones retired; a field's choices."""


class ConsentPurpose(Versioned, Timestamped, Base):
    """What people are contacted for.

    Attributes:
        titles: Language → how the preference page calls it; ``en`` is always there.
        needs_consent: Nobody is contacted who has not agreed. Otherwise (legitimate interest)
            everybody is but those who said no.
        confirms_by_mail: Consent by mail counts once the mailed link was followed.
        archived_at: Nobody is contacted for it any more.
    """

    __tablename__ = "consent_purposes"
    __audited__ = True

    key: Mapped[str] = mapped_column(unique=True)
    titles: Mapped[dict[str, Any]]
    needs_consent: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    confirms_by_mail: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    archived_at: Mapped[datetime | None]

    def title(self, language: str = "en") -> str:
        """Return its title in a language, the English one where there is no other."""
        return str(self.titles.get(language) or self.titles["en"])


class ConsentText(Keyed, Base):
    """What people agree to, word for word; a change makes another version.

    Attributes:
        number: 1 for the first.
        texts: Language → text.
    """

    __tablename__ = "consent_texts"
    __table_args__ = (UniqueConstraint("purpose_id", "number"),)
    __audited__ = True

    purpose_id: Mapped[UUID] = mapped_column(ForeignKey("consent_purposes.id"))
    number: Mapped[int]
    texts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class ConsentEntry(Keyed, Base):
    """One thing that a person said about being contacted; rows are only ever added.

    The last entry by ``at`` is what holds. Only merging moves rows to another record, and
    erasing a person empties what they tell of it.

    Attributes:
        at: When the person said it, which may be before it was written down.
        source: How it was said: ``on the phone``, ``double opt-in``, ``unsubscribe link`` …
        text_id: The version of the text that it was about.
        evidence: What proves it: an address, a document's number, the words.
        address: The address or number that it was given for, in its normal spelling; it lets
            nobody write to another one. None where the person refuses, and of an erased one.
    """

    __tablename__ = "consent_entries"
    __table_args__ = (
        Index(
            "ix_consent_entries_last",
            "record_id",
            "channel",
            "purpose_id",
            text("at DESC"),
            text("id DESC"),
        ),
    )
    __audited__ = True

    record_type: Mapped[str]
    record_id: Mapped[UUID]
    channel: Mapped[str]
    purpose_id: Mapped[UUID] = mapped_column(ForeignKey("consent_purposes.id"), index=True)
    state: Mapped[str]
    at: Mapped[datetime]
    written_at: Mapped[datetime]
    source: Mapped[str]
    text_id: Mapped[UUID | None] = mapped_column(ForeignKey("consent_texts.id"), index=True)
    evidence: Mapped[str | None]
    address: Mapped[str | None]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
