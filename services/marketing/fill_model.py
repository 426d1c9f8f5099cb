"""The table of fills: how far it is with taking many records into a segment or a campaign."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class FillStage(StrEnum):
    """Where a fill stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class Fill(Keyed, Base):
    """One filling of a fixed segment from a list, or of a campaign from its segments.

    Attributes:
        sources: What is taken in, one after the other: mappings with ``record_type`` and
            ``filter``, perhaps ``search``, and of a campaign ``segment_id``.
        position: The source that it is at; ``after`` is the last key of it that is through.
        done: Records looked at, of about ``total``.
        added: How many of them came in. The others were in already, or may not be contacted.
        started_by: With whose rights; None for those in ``granted``.
        granted: The permissions of the process that began it; None for a person's, and for the
            program's own.
    """

    __tablename__ = "marketing_fills"
    __table_args__ = (
        Index(
            "uq_marketing_fills_segment",
            "segment_id",
            unique=True,
            postgresql_where=text("stage = 'running' AND segment_id IS NOT NULL"),
        ),
        Index(
            "uq_marketing_fills_campaign",
            "campaign_id",
            unique=True,
            postgresql_where=text("stage = 'running' AND campaign_id IS NOT NULL"),
        ),
        Index(None, "segment_id", "id"),
        Index(None, "campaign_id", "id"),
    )
    __audited__ = True

    segment_id: Mapped[UUID | None] = mapped_column(ForeignKey("segments.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    sources: Mapped[list[Any]]
    left_out: Mapped[list[Any]]
    stage: Mapped[str]
    position: Mapped[int]
    after: Mapped[UUID | None]
    done: Mapped[int]
    added: Mapped[int]
    refused: Mapped[int]
    total: Mapped[int]
    problem: Mapped[str | None]
    started_at: Mapped[datetime]
    started_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    started_by_name: Mapped[str]
    granted: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    ended_at: Mapped[datetime | None]
