"""Subscriptions: what a client gets and pays for again and again."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, Numeric, UniqueConstraint, case, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.days import Rhythm
from services.database import Base, Keyed
from services.money import currencies_by_digits, known_currency, round_money
from services.records.base import COMMON_FIELDS, sort_indexes
from services.records.types import Field, RecordType, register_record_type
from services.sales.model import LINES, SalesDocument, SalesLine

SUBSCRIPTION_STATUSES: Final = {
    "draft": "Draft",
    "active": "Active",
    "paused": "Paused",
    "ended": "Ended",
}
INTERVALS: Final = {"month": "Months", "quarter": "Quarters", "year": "Years"}
MONTHS_OF: Final = {"month": 1, "quarter": 3, "year": 12}
MOVES: Final = {
    "new": "New",
    "back": "Back",
    "more": "More",
    "less": "Less",
    "lost": "Lost",
}
"""How what is earned again and again changes: a pause is a loss, its end brings it back."""

INVOICING: Final = {"draft": "Draft them", "issue": "Issue them"}


class Subscription(SalesDocument, Base):
    """What a client pays for again in each period, in advance; its sums are those of a period.

    Attributes:
        interval_count: How many ``interval_unit`` a period has.
        anchor_day: The day of the month on which periods begin, 1 to 31.
        anchored_on: A day on which a whole period begins; None for a draft.
        next_invoice_on: The first day that is not invoiced yet; None: nothing more will be.
        invoicing: Whether invoices are drafted or issued.
        resumes_on: When a paused one goes on by itself.
        ends_on: Its last day, once it is cancelled.
        contract_ends_on: The last day of its contract, once that is known.
        annual: What it brings in twelve months at its newest prices, net; 0: nothing.
        due_on: When the daily job has something to do with it next; None: never.
    """

    __tablename__ = "client_subscriptions"
    __table_args__ = (
        *sort_indexes(
            "client_subscriptions", "created_at", "updated_at", "number", "next_invoice_on"
        ),
        Index(
            "ix_client_subscriptions_due_on", "due_on", postgresql_where=text("due_on IS NOT NULL")
        ),
    )
    __search__ = ("number", "title")

    number: Mapped[str] = mapped_column(unique=True)
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contracts.id"), index=True)
    interval_unit: Mapped[str] = mapped_column(default="month")
    interval_count: Mapped[int] = mapped_column(default=1)
    starts_on: Mapped[date | None]
    anchor_day: Mapped[int | None]
    anchored_on: Mapped[date | None]
    next_invoice_on: Mapped[date | None]
    invoicing: Mapped[str] = mapped_column(default="draft")
    paused_on: Mapped[date | None]
    resumes_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    contract_ends_on: Mapped[date | None]
    cancel_reason: Mapped[str | None]
    annual: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    due_on: Mapped[date | None]

    @hybrid_property
    def mrr(self) -> Decimal:
        """What it brings in a month, net, rounded to what the currency has."""
        return round_money(self.annual / 12, known_currency(self.currency))

    @mrr.inplace.expression
    @classmethod
    def _mrr(cls) -> ColumnElement[Decimal]:
        digits = case(
            *((cls.currency.in_(codes), number) for number, codes in currencies_by_digits()),
            else_=2,
        )
        return func.round(cls.annual / 12, digits)

    @property
    def months(self) -> int:
        """How long a period is."""
        return MONTHS_OF[self.interval_unit] * self.interval_count

    @property
    def rhythm(self) -> Rhythm:
        """How its periods follow each other, once it was started."""
        if self.anchored_on is None or self.anchor_day is None:
            raise ValueError("a draft has no periods")
        return Rhythm(self.anchored_on, self.anchor_day, self.months)

    @property
    def last_day(self) -> date | None:
        """The last day that is paid for, as far as it is known: its own, or its contract's."""
        known = [day for day in (self.ends_on, self.contract_ends_on) if day is not None]
        return min(known, default=None)


class SubscriptionLine(SalesLine, Base):
    """A line of a subscription: what is paid for it in each period.

    Attributes:
        paid_until: The last day for which an older price counts, since it is paid for at that;
            None: the line's price counts for all days.
        paid_unit_price: That older price; ``paid_discount_percent`` goes with it.
    """

    __tablename__ = "client_subscription_lines"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("client_subscriptions.id", ondelete="CASCADE")
    )
    paid_until: Mapped[date | None]
    paid_unit_price: Mapped[Decimal | None] = mapped_column(Numeric)
    paid_discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))


LINES["subscription"] = SubscriptionLine


class SubscriptionPeriod(Keyed, Base):
    """A period that was invoiced. Its key lets no period be invoiced twice.

    Attributes:
        ends_on: Its last day.
        whole_days: How many days the whole period has that it is, or is a part of.
        invoice_id: None where there was nothing to pay.
    """

    __tablename__ = "subscription_periods"
    __table_args__ = (UniqueConstraint("subscription_id", "starts_on"),)
    __audited__ = True

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("client_subscriptions.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    whole_days: Mapped[int]
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    invoiced_at: Mapped[datetime]


class SubscriptionAdjustment(Keyed, Base):
    """What a change within an invoiced period costs, or below 0 gives back.

    Attributes:
        amount: Net, rounded.
        invoice_id: None until it stands on an invoice.
    """

    __tablename__ = "subscription_adjustments"
    __table_args__ = (
        Index(
            "ix_subscription_adjustments_open",
            "subscription_id",
            postgresql_where=text("invoice_id IS NULL"),
        ),
    )
    __audited__ = True

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("client_subscriptions.id"), index=True)
    title: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    tax_category: Mapped[str]
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.id"))
    made_at: Mapped[datetime]
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), index=True)


class RevenueMove(Keyed, Base):
    """A change of what a subscription brings; all of them together are what it brings.

    Attributes:
        moved_on: The day from which it holds.
        kind: One of ``MOVES``.
        annual: What is added in twelve months, net; below 0: what is lost.
    """

    __tablename__ = "revenue_moves"
    __table_args__ = (Index(None, "subscription_id"), Index(None, "moved_on"))

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("client_subscriptions.id"))
    moved_on: Mapped[date]
    kind: Mapped[str]
    currency: Mapped[str]
    annual: Mapped[Decimal] = mapped_column(Numeric)


SUBSCRIPTION = register_record_type(
    RecordType(
        name="subscription",
        label="Subscription",
        plural="Subscriptions",
        model=Subscription,
        title_field="title",
        fields=(
            Field("number", "Number", writable=False),
            Field("title", "Title"),
            Field("account_id", "Account", "relation", relation="account"),
            Field("contact_id", "Contact", "relation", relation="contact"),
            Field("contract_id", "Contract", "relation", relation="contract"),
            Field("deal_id", "Deal", "relation", relation="deal"),
            Field("status", "Status", "choice", choices=SUBSCRIPTION_STATUSES, writable=False),
            Field("interval_unit", "Invoiced every", "choice", choices=INTERVALS),
            Field("interval_count", "How many of them", "number", hint="2 and months: every other"),
            Field("starts_on", "Start", "date"),
            Field("anchor_day", "Day of the month", "number", hint="Empty: that of the start."),
            Field("next_invoice_on", "Next invoice", "date", writable=False, is_told=False),
            Field("invoicing", "Invoices", "choice", choices=INVOICING),
            Field("currency", "Currency", "currency"),
            Field("price_list_id", "Price list", "relation", relation="price_list"),
            Field("discount_percent", "Discount in percent", "percent"),
            Field("taxable", "Net per period", "money", writable=False, is_told=False),
            Field("gross", "Total per period", "money", writable=False, is_told=False),
            Field("mrr", "Per month", "money", writable=False),
            Field("paused_on", "Paused from", "date", writable=False),
            Field("resumes_on", "Resumes", "date", writable=False),
            Field("ends_on", "Ends", "date", writable=False),
            Field("cancel_reason", "Cancelled because", writable=False),
            Field("note", "Note", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("title", "account_id"),
        sorts=("created_at", "updated_at", "number", "next_invoice_on"),
    )
)
