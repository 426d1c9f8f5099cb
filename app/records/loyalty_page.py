"""What a programme's page has beyond those of other records: figures, rules, levels, prizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.activities.model import ACTIVITY_KINDS
from services.loyalty.figures import (
    Holding,
    Month,
    Totals,
    holdings_of,
    levels_of,
    months_of,
    rules_of,
    totals_of,
)
from services.loyalty.model import SOURCES, LoyaltyLevel, LoyaltyPrize, LoyaltyRule
from services.loyalty.prizes import prizes_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProgrammePage:
    """The page's own part.

    Attributes:
        most: The greatest figure of the chart, at least 1.
        holdings: The members with the most points.
    """

    months: Sequence[Month]
    most: int
    totals: Totals
    rules: Sequence[LoyaltyRule]
    levels: Sequence[LoyaltyLevel]
    prizes: Sequence[LoyaltyPrize]
    holdings: Sequence[Holding]
    sources: tuple[tuple[str, str], ...] = tuple(SOURCES.items())
    activity_kinds: tuple[tuple[str, str], ...] = tuple(ACTIVITY_KINDS.items())


def load_page(uow: UnitOfWork, programme: Any) -> ProgrammePage:
    """Return what the page of a programme shows besides its fields."""
    months = months_of(uow, programme)
    return ProgrammePage(
        months,
        max(1, *(max(month.issued, month.spent, month.expired) for month in months)),
        totals_of(uow, programme),
        rules_of(uow, programme.id),
        levels_of(uow, programme.id),
        prizes_of(uow, programme.id),
        holdings_of(uow, programme),
    )
