"""Pipelines and their stages: the way of a deal, as data that administrators change."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Versioned
from services.records.living_choices import LivingChoices
from services.records.types import Relation, register_relation


class Category(StrEnum):
    """What being in a stage means for the deal."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    WON = "won"
    LOST = "lost"

    @property
    def closes(self) -> bool:
        """Whether a deal that enters is closed by it."""
        return self in {Category.WON, Category.LOST}


class Pipeline(Versioned, Base):
    """A sequence of stages.

    Attributes:
        is_default: New deals begin in it where none is named; there is exactly one.
        archived_at: From then on no deal enters it; those in it stay.
    """

    __tablename__ = "pipelines"
    __table_args__ = (
        Index(
            "uq_pipelines_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )
    __audited__ = True

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=1, server_default="1")
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    archived_at: Mapped[datetime | None]


class Stage(Versioned, Base):
    """One stage of a pipeline.

    Attributes:
        key: Its name in diagrams and on the wire; no two stages of an installation share one.
        probability: Percent that deals take over when they enter it.
        rotting_days: A deal that is in it for longer is marked; None: never.
        required_fields: The deal's fields that must be filled in for a deal to enter.
        requirements: What a person confirms when moving a deal in.
        condition: FEEL over the deal that must be true for it to enter; None: no condition.
        condition_message: What is said when it isn't.
        colour: As ``#rrggbb``; None: that of its category.
        archived_at: From then on no deal enters it; those in it stay.
    """

    __tablename__ = "stages"
    __table_args__ = (UniqueConstraint("pipeline_id", "key"),)
    __audited__ = True

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    pipeline_id: Mapped[UUID] = mapped_column(ForeignKey("pipelines.id"))
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int]
    probability: Mapped[int]
    category: Mapped[str] = mapped_column(default=Category.OPEN.value)
    rotting_days: Mapped[int | None]
    required_fields: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    requirements: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    condition: Mapped[str | None]
    condition_message: Mapped[str | None]
    colour: Mapped[str | None]
    archived_at: Mapped[datetime | None]

    @property
    def closes(self) -> bool:
        """Whether a deal that enters is closed by it."""
        return Category(self.category).closes


class LostReason(Keyed, Base):
    """Why deals are lost, as people choose it; a closed deal keeps the words it was closed with.

    Attributes:
        needs_details: Whether it must be explained.
    """

    __tablename__ = "lost_reasons"
    __audited__ = True

    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    needs_details: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


# The shipped pipeline: key → (label, probability in percent, category).
SALES_STAGES: dict[str, tuple[str, int, Category]] = {
    "new": ("New", 10, Category.OPEN),
    "needs": ("Needs", 20, Category.OPEN),
    "offer": ("Offer", 40, Category.OPEN),
    "negotiation": ("Negotiation", 60, Category.OPEN),
    "approval": ("Approval", 75, Category.OPEN),
    "contract": ("Contract", 90, Category.OPEN),
    "on_hold": ("On hold", 10, Category.ON_HOLD),
    "won": ("Won", 100, Category.WON),
    "lost": ("Lost", 0, Category.LOST),
}
LOST_REASONS = ("Price", "Competitor", "No budget", "No answer", "Timing", "No fit")


STAGE_NAMES = LivingChoices({key: stage[0] for key, stage in SALES_STAGES.items()})
"""Key → name of the stages that there are, in their order (``stage_names``)."""

PIPELINE_RELATION = register_relation(Relation("pipeline", Pipeline, ("name",)))
