"""Goals: a plan for a period, compared with what the records say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from services.activities.model import ACTIVITY_KINDS
from services.database import Base
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class Level(StrEnum):
    """Whose records count."""

    PERSON = "person"
    TEAM = "team"
    COMPANY = "company"


class Metric(StrEnum):
    """What is counted."""

    WON_AMOUNT = "won_amount"
    WON_COUNT = "won_count"
    NEW_LEADS = "new_leads"
    ACTIVITIES_DONE = "activities_done"
    INVOICED = "invoiced"
    PAID = "paid"


class Span(StrEnum):
    """How long a goal's period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


LEVELS = {
    Level.PERSON.value: "A person",
    Level.TEAM.value: "A team",
    Level.COMPANY.value: "The company",
}
METRICS = {
    Metric.WON_AMOUNT.value: "Won amount",
    Metric.WON_COUNT.value: "Won deals",
    Metric.NEW_LEADS.value: "New leads",
    Metric.ACTIVITIES_DONE.value: "Activities done",
    Metric.INVOICED.value: "Invoiced, net",
    Metric.PAID.value: "Paid",
}
SPANS = {Span.MONTH.value: "Month", Span.QUARTER.value: "Quarter", Span.YEAR.value: "Year"}
IN_MONEY = frozenset({Metric.WON_AMOUNT.value, Metric.INVOICED.value, Metric.PAID.value})


class Goal(Record, Base):
    """A plan for a person (``owner_id``), a team (``team_id``) or the company, for one period.

    A person's or the company's goal may have a team too: whose members see it then with scope
    *team*. The owner of a team's or the company's goal is who answers for it.

    Attributes:
        activity_kind: For activities: the only kind that counts; None for all.
        starts_on: The first day of the period, ``ends_on`` the last.
        currency: Of an amount of money; None for a number.
        filter: What further holds for the records that count; see ``services.filtering``.
        series_key: Goals that differ in nothing but period and plan have the same.
    """

    __tablename__ = "goals"
    __table_args__ = (
        *sort_indexes("goals", "created_at", "updated_at", "starts_on", text_columns=("name",)),
        Index("ix_goals_period", "period", "starts_on"),
        Index("ix_goals_series", "series_key", "starts_on"),
    )
    __search__ = ("name",)

    name: Mapped[str]
    level: Mapped[str] = mapped_column(default=Level.PERSON.value)
    metric: Mapped[str]
    activity_kind: Mapped[str | None]
    period: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    target: Mapped[Decimal] = mapped_column(Numeric)
    currency: Mapped[str | None]
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    series_key: Mapped[str]


GOAL = register_record_type(
    RecordType(
        name="goal",
        label="Goal",
        plural="Goals",
        model=Goal,
        fields=(
            Field("name", "Name", hint="Made of the rest where it is empty"),
            Field("level", "For", "choice", choices=LEVELS),
            Field("metric", "What counts", "choice", choices=METRICS),
            Field("activity_kind", "Kind of activity", "choice", choices=ACTIVITY_KINDS),
            Field("period", "Period", "choice", choices=SPANS),
            Field("starts_on", "From", "date", hint="Any day of the period"),
            Field("ends_on", "To", "date", writable=False),
            Field("target", "Plan", "decimal"),
            Field("currency", "Currency", "currency", hint="For amounts of money"),
            *COMMON_FIELDS,
        ),
        required=("metric", "period", "starts_on", "target"),
        sorts=("name", "starts_on", "created_at", "updated_at"),
    )
)
