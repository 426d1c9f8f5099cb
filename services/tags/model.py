"""The tables of tags."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Versioned

COLOURS = {
    "grey": "Grey",
    "blue": "Blue",
    "green": "Green",
    "amber": "Amber",
    "red": "Red",
    "violet": "Violet",
    "teal": "Teal",
    "pink": "Pink",
}


class Tag(Versioned, Base):
    """A word with a colour.

    Attributes:
        name_key: The folded name, so that one word is there once however it is written.
    """

    __tablename__ = "tags"
    __audited__ = True

    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    colour: Mapped[str] = mapped_column(default="grey")
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class TagLink(Keyed, Base):
    """A tag on a record."""

    __tablename__ = "tag_links"
    __table_args__ = (
        UniqueConstraint("record_id", "tag_id"),
        Index(None, "tag_id", "record_type"),
    )

    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tags.id"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    tagged_at: Mapped[datetime]
    tagged_by: Mapped[str]
