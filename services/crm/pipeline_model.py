"""Pipelines and their stages: the way of a deal, as data that people may change."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class Outcome(StrEnum):
    """What being in a stage means for the deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Pipeline(Keyed, Base):
    """A sequence of stages."""

    __tablename__ = "pipelines"

    name: Mapped[str] = mapped_column(unique=True)


class Stage(Keyed, Base):
    """One stage of a pipeline.

    Attributes:
        key: Its name in diagrams and on the wire.
        probability: Percent that deals take over when they enter it.
    """

    __tablename__ = "stages"
    __table_args__ = (UniqueConstraint("pipeline_id", "key"),)

    pipeline_id: Mapped[UUID] = mapped_column(ForeignKey("pipelines.id"))
    key: Mapped[str]
    name: Mapped[str]
    position: Mapped[int]
    probability: Mapped[int]
    outcome: Mapped[str] = mapped_column(default=Outcome.OPEN.value)


# The shipped pipeline: key → (label, probability in percent, outcome).
SALES_STAGES: dict[str, tuple[str, int, Outcome]] = {
    "new": ("New", 10, Outcome.OPEN),
    "needs": ("Needs", 20, Outcome.OPEN),
    "offer": ("Offer", 40, Outcome.OPEN),
    "negotiation": ("Negotiation", 60, Outcome.OPEN),
    "approval": ("Approval", 75, Outcome.OPEN),
    "contract": ("Contract", 90, Outcome.OPEN),
    "won": ("Won", 100, Outcome.WON),
    "lost": ("Lost", 0, Outcome.LOST),
}
