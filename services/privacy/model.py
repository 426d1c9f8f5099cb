"""The tables of personal data: exports of persons, erasures, and how long types are kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class DossierStage(StrEnum):
    """Where an export of a person stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Dossier(Keyed, Base):
    """All that is known of a person, as a file for the one who asked for it.

    Attributes:
        content: The ZIP file; None until it is written.
        expires_at: When it is deleted.
    """

    __tablename__ = "dossiers"
    __table_args__ = (Index(None, "created_by", "created_at"), Index(None, "expires_at"))
    __audited__ = True

    of_type: Mapped[str]
    of_id: Mapped[UUID] = mapped_column(index=True)
    stage: Mapped[str]
    problem: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(default=0)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, info={"secret": True})
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class Erasure(Keyed, Base):
    """That a person was erased: the proof of it, without anything of the person.

    Attributes:
        counts: What was emptied or deleted, in words → how many.
        kept: What the law wants kept → how many.
        audit_digest: What the audit's chain attests; see ``services.audit_redactions``.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index(None, "erased_at"),)

    of_type: Mapped[str]
    of_id: Mapped[UUID] = mapped_column(index=True)
    reason: Mapped[str]
    counts: Mapped[dict[str, Any]]
    kept: Mapped[dict[str, Any]]
    audit_digest: Mapped[str]
    erased_at: Mapped[datetime]
    erased_by: Mapped[str]


class RetentionRule(Keyed, Base):
    """After how long without activity persons of a type are put forward to be erased."""

    __tablename__ = "retention_rules"
    __audited__ = True

    of_type: Mapped[str] = mapped_column(unique=True)
    months: Mapped[int]
