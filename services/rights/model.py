"""The tables of rights: roles that administrators made or changed, and shared records."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned


class StoredRole(Versioned, Timestamped, Base):
    """A role that an administrator made, or a shipped one that was changed.

    Attributes:
        records: Record type (or ``*``) → verb → cell; see ``reach.RoleRules``.
        field_rights: Record type → field → ``hidden``, ``read`` or ``write``.
    """

    __tablename__ = "roles"
    __audited__ = True

    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String))
    records: Mapped[dict[str, Any]]
    field_rights: Mapped[dict[str, Any]] = mapped_column("fields")


class RightsVersion(Base):
    """Another key after each change of a role; at most one row.

    Every request reads it with the person, so a change holds from the next one on everywhere.
    """

    __tablename__ = "rights_versions"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[UUID]


class RecordShare(Keyed, Base):
    """One record that is shared with a person or a group.

    Attributes:
        holder_id: The key of the user or group.
        level: ``read`` or ``write``.
        ends_at: From when on it no longer holds; None: until it is taken back.
    """

    __tablename__ = "record_shares"
    __audited__ = True
    __table_args__ = (
        Index("ix_record_shares_record", "record_id"),
        Index("ix_record_shares_holder", "holder_id", "record_type", "record_id"),
    )

    record_type: Mapped[str]
    record_id: Mapped[UUID]
    holder_kind: Mapped[str]
    holder_id: Mapped[UUID]
    level: Mapped[str]
    ends_at: Mapped[datetime | None]
    shared_at: Mapped[datetime]
    shared_by: Mapped[str]
