"""What a board is made of, and what is looked for on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.crm.pipeline_model import Pipeline, Stage
from services.filtering import Filter


@dataclass(frozen=True, slots=True)
class NextActivity:
    """What is planned next about a deal; ``due_at`` is None where no time was set."""

    subject: str
    kind: str
    due_at: datetime | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One deal on the board.

    Attributes:
        deal: Its columns by name; what the actor may not read is None.
        days: How long it has been in its stage.
        may_move: Whether the actor may change it.
    """

    deal: Mapping[str, Any]
    account: str | None
    owner: str | None
    days: int
    is_rotting: bool
    may_move: bool
    next_activity: NextActivity | None


@dataclass(slots=True)
class BoardColumn:
    """A stage with its deals.

    Attributes:
        sums: Currency → amount.
        total: All of them in one's own currency; None where a rate is missing.
        expected: Likewise, each by its probability; None also where that may not be read.
        next_cursor: Where more cards begin; None at the end.
    """

    stage: Stage
    count: int = 0
    rotting: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    total: Decimal | None = None
    expected: Decimal | None = None
    cards: list[Card] = field(default_factory=list)
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """What the board shows.

    Attributes:
        people: Everybody who may own a deal, by key.
        currency: One's own, in which totals are told.
        shows_amounts: Whether the actor may read what deals are about in money.
    """

    pipeline: Pipeline
    pipelines: Sequence[Pipeline]
    columns: Sequence[BoardColumn]
    people: Mapping[UUID, str]
    currency: str
    shows_amounts: bool


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """What is looked for.

    Attributes:
        pipeline_id: None for the default one.
        owner_id: Only this person's deals; None for everybody's.
        rotting: Only those that have been in their stage for too long.
        where: A filter of deals; None for all.
    """

    pipeline_id: UUID | None = None
    owner_id: UUID | None = None
    rotting: bool = False
    where: Filter | None = None
