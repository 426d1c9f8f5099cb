"""What goals count: of which records, on which day, and how much of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, case

from services.activities.model import ACTIVITY, Activity, ActivityStatus
from services.crm.deal_model import DEAL, Deal
from services.crm.lead_model import LEAD, Lead
from services.goals.model import Goal, Metric
from services.records.types import RecordType
from services.sales.model import INVOICE, Invoice, Payment


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric counts.

    Attributes:
        record_type: Of the records whose owner, team and filter count.
        fields: Those that one has to see to be told the sum.
        day: The column of the day or moment that decides on the period.
        holds: The conditions of what counts.
        value: What each counts; one each, if it is no money.
        currency: The column of what ``value`` is in; None for a number.
        through: A table that is counted in place of the records that it points to.
    """

    record_type: RecordType
    fields: frozenset[str]
    day: Any
    holds: Callable[[], tuple[ColumnElement[bool], ...]]
    value: Any = None
    currency: Any = None
    through: Any = None

    @property
    def model(self) -> Any:
        """The model of the records."""
        return self.record_type.model


def _won() -> tuple[ColumnElement[bool], ...]:
    return (Deal.won_at.is_not(None), Deal.closed_on.is_not(None))


def _done() -> tuple[ColumnElement[bool], ...]:
    is_kind = Goal.activity_kind.is_(None) | (Activity.kind == Goal.activity_kind)
    return (Activity.status == ActivityStatus.DONE.value, is_kind)


MEASURES: Final[Mapping[str, Measure]] = {
    Metric.WON_AMOUNT.value: Measure(
        DEAL, frozenset({"amount", "closed_on"}), Deal.closed_on, _won, Deal.amount, Deal.currency
    ),
    Metric.WON_COUNT.value: Measure(DEAL, frozenset({"closed_on"}), Deal.closed_on, _won),
    Metric.NEW_LEADS.value: Measure(LEAD, frozenset({"created_at"}), Lead.created_at, lambda: ()),
    Metric.ACTIVITIES_DONE.value: Measure(
        ACTIVITY, frozenset({"status", "completed_at"}), Activity.completed_at, _done
    ),
    # A credit note takes back what was invoiced, on the day on which it is issued.
    Metric.INVOICED.value: Measure(
        INVOICE,
        frozenset({"taxable", "issued_on"}),
        Invoice.issued_on,
        lambda: (Invoice.issued_on.is_not(None),),
        case((Invoice.kind == "credit_note", -Invoice.taxable), else_=Invoice.taxable),
        Invoice.currency,
    ),
    Metric.PAID.value: Measure(
        INVOICE,
        frozenset({"paid"}),
        Payment.paid_on,
        lambda: (Payment.taken_back_at.is_(None), Payment.invoice_id == Invoice.id),
        Payment.amount,
        Invoice.currency,
        Payment,
    ),
}
"""Metric → what it counts."""
