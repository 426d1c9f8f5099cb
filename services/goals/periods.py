"""The months, quarters and years that goals are set for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.filtering.periods import moved
from services.goals.model import Span

_MONTHS_OF = {Span.MONTH.value: 1, Span.QUARTER.value: 3, Span.YEAR.value: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a quarter or a year.

    Attributes:
        span: See ``Span``.
        first: Its first day, ``last`` its last.
    """

    span: str
    first: date
    last: date

    @property
    def label(self) -> str:
        """How people call it: ``March 2026``, ``Q1 2026``, ``2026``."""
        if self.span == Span.MONTH:
            return f"{self.first:%B %Y}"
        if self.span == Span.QUARTER:
            return f"Q{(self.first.month + 2) // 3} {self.first.year}"
        return str(self.first.year)

    @property
    def short_label(self) -> str:
        """The same where there is little room: ``Mar 26``."""
        return f"{self.first:%b %y}" if self.span == Span.MONTH else self.label

    def shifted(self, number: int) -> Period:
        """Return the ``number``-th period after this one; before it if that is negative."""
        return period_of(self.span, moved(self.first, number, self.span))


def period_of(span: str, day: date) -> Period:
    """Return the period of this span that a day lies in."""
    months = _MONTHS_OF[span]
    first = day.replace(month=day.month - (day.month - 1) % months, day=1)
    if (first.year, first.month) > (date.max.year, 12 - months):
        return Period(span, first, date.max)
    return Period(span, first, moved(first, 1, span) - timedelta(days=1))
