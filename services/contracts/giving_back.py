"""What is given back of a paid period for the days after a subscription has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.contracts.billing import adjust, adjustments_within
from services.contracts.days import DAY, Span
from services.contracts.periods import Part, lines_of_period, period_of, rows_at
from services.contracts.subscription_model import Subscription, SubscriptionAdjustment
from services.sales.credit_notes import Credited, credited_lines
from services.sales.lines import lines_of
from services.sales.model import Invoice, SalesLine
from services.unit_of_work import UnitOfWork


@dataclass
class _Paper:
    """An invoice that something stands on, with what credit notes took back of it.

    Attributes:
        told: Lines of changes that were looked at already; two may be called alike.
    """

    uow: UnitOfWork
    invoice: Invoice
    told: set[UUID] = field(default_factory=set)

    @cached_property
    def credited(self) -> Mapping[UUID, Credited]:
        return credited_lines(self.uow, self.invoice) if self.invoice.credited else {}

    def left_of(self, line: SalesLine) -> Decimal:
        """Return what is left of what was charged for a line.

        A credit note tells a charge as less than nothing: more was given back on it than charged.
        """
        left = line.net - self.credited.get(line.id, Credited()).net
        return -left if self.invoice.kind == "credit_note" else left

    def credited_of_change(self, change: SubscriptionAdjustment) -> Decimal:
        """Return what was taken back of a change that stands here."""
        if not self.credited:
            return Decimal(0)
        for line in lines_of(self.uow, self.invoice):
            is_it = line.source_id is None and line.title == change.title
            if is_it and line.id not in self.told:
                self.told.add(line.id)
                return self.credited.get(line.id, Credited()).net
        return Decimal(0)

    @property
    def left_share(self) -> Decimal:
        """The part of the whole invoice that no credit note took back."""
        gross = self.invoice.gross
        return (gross - self.invoice.credited) / gross if gross else Decimal(1)


def give_back(uow: UnitOfWork, subscription: Subscription, day: date) -> None:
    """Credit the days after ``day`` of the invoiced period, at what was invoiced for them.

    What a credit note took back already is not given back once more.
    """
    paid = period_of(uow, subscription, day + DAY)
    if paid is None:
        return
    span = Span(paid.starts_on, paid.ends_on)
    left = Part(Span(day + DAY, span.last), span.days)
    changes = adjustments_within(uow, subscription, span)
    papers = _papers(uow, {paid.invoice_id, *(one.invoice_id for one in changes)})
    lines: Sequence[Any] = lines_of_period(uow, paid)
    paper = papers.get(paid.invoice_id)
    if paper is not None and lines:
        nets = [(line, paper.left_of(line)) for line in lines]
    elif paper is not None:  # its lines were written anew by hand
        rows = [SimpleNamespace(**row) for row in rows_at(uow, subscription, day)]
        nets = [(row, row.net * paper.left_share) for row in rows]
        left = Part(left.span, paid.whole_days)
    else:
        nets = []
    for line, net in nets:
        adjust(uow, subscription, line, -net, left, f"{line.title}, not used")
    for one in changes:
        whole = Span(one.starts_on, one.ends_on)
        unused = Part(Span(max(day + DAY, whole.first), whole.last), whole.days)
        on_paper = papers.get(one.invoice_id)
        amount = one.amount - (on_paper.credited_of_change(one) if on_paper else 0)
        adjust(uow, subscription, one, -amount, unused, f"{one.title}, not used")


def _papers(uow: UnitOfWork, keys: set[UUID | None]) -> dict[UUID | None, _Paper]:
    return {key: _Paper(uow, uow.session.get_one(Invoice, key)) for key in keys if key is not None}
