"""What is kept of notes besides their timeline entry: earlier texts, and who is named."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class NoteVersion(Keyed, Base):
    """What a note said before it was changed."""

    __tablename__ = "note_versions"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("timeline_entries.id"), index=True)
    text: Mapped[str]
    replaced_at: Mapped[datetime]
    replaced_by: Mapped[str]


class Mention(Keyed, Base):
    """Somebody who is named in a note.

    Attributes:
        read_at: When that person saw it; None until then.
    """

    __tablename__ = "mentions"
    __table_args__ = (UniqueConstraint("entry_id", "user_id"), Index(None, "user_id", "read_at"))

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("timeline_entries.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
