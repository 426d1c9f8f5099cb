"""The tables of rules, scans, and the pairs that scans have found."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned


class DuplicateRule(Versioned, Timestamped, Base):
    """A rule of an administrator, or what one has made of a rule that ships.

    Attributes:
        key: Of a rule that ships, the one that it takes the place of.
        rule: What it says; see ``rules.Rule.as_dict``.
        position: Rules of a type stand in this order, those that ship first.
    """

    __tablename__ = "duplicate_rules"
    __table_args__ = (UniqueConstraint("record_type", "key"),)
    __audited__ = True

    record_type: Mapped[str]
    key: Mapped[str]
    rule: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(default=0)


class DuplicateScan(Keyed, Base):
    """One run over a record type.

    Attributes:
        plan: The rules as they were when it began, in the form of ``Rule.as_dict``.
        step: Which of the plan's ways to find pairs it is at, from 0.
        stage: ``running``; ``done`` or ``cancelled`` at the end.
        after: The last block of this step that is through.
        done: Records looked at, of ``total``; each step counts for its share.
        notes: Blocks that were too large to compare each with each, the largest first.
    """

    __tablename__ = "duplicate_scans"
    __table_args__ = (
        Index(
            "uq_duplicate_scans_running",
            "record_type",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    record_type: Mapped[str]
    plan: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    stage: Mapped[str] = mapped_column(default="running")
    after: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    found: Mapped[int] = mapped_column(default=0)
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]


class DuplicatePair(Keyed, Base):
    """Two records that may be the same; ``first_id`` is the smaller key.

    Attributes:
        found_at: When a scan met them last.
    """

    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        Index(
            "ix_duplicate_pairs_open",
            *("record_type", "score", "id"),
            postgresql_where=text("dismissed_at IS NULL"),
        ),
        Index(
            "ix_duplicate_pairs_dismissed",
            *("record_type", "dismissed_at", "id"),
            postgresql_where=text("dismissed_at IS NOT NULL"),
        ),
    )

    record_type: Mapped[str]
    first_id: Mapped[UUID]
    second_id: Mapped[UUID] = mapped_column(index=True)
    score: Mapped[int]
    reason: Mapped[str]
    found_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]
