"""Contracts: what was agreed with a client for a term, and how it ends or goes on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.days import Notice
from services.database import Base
from services.records.base import COMMON_FIELDS, sort_indexes
from services.records.types import Field, RecordType, register_record_type
from services.sales.model import LINES, SalesDocument, SalesLine

CONTRACT_STATUSES: Final = {
    "draft": "Draft",
    "active": "Active",
    "ended": "Ended",
    "cancelled": "Cancelled",
}
NOTICE_UNITS: Final = {"days": "Days", "months": "Months"}


class Contract(SalesDocument, Base):
    """What was agreed with a client from a day on.

    Attributes:
        starts_on: Its first day; None is for drafts alone.
        ends_on: The last day of its present term; None: it has no end of its own.
        renewal_months: By how long it goes on after each term; None: it ends.
        notice_count: How many ``notice_unit`` before its end it must be cancelled.
        remind_days: How long before it must be decided on its owner is reminded.
        value: Net, for one term; the sum of its lines if it has any.
        cancelled_on: The day on which notice was given.
        cancels_on: The last day after a cancellation; None: it is not cancelled.
        reminded_for: The end that its owner was reminded of.
        due_on: When the daily job has something to do with it next; None: never.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        *sort_indexes("contracts", "created_at", "updated_at", "number", "value", "ends_on"),
        Index("ix_contracts_due_on", "due_on", postgresql_where=text("due_on IS NOT NULL")),
    )
    __search__ = ("number", "title")

    number: Mapped[str] = mapped_column(unique=True)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    renewal_months: Mapped[int | None]
    notice_count: Mapped[int] = mapped_column(default=0)
    notice_unit: Mapped[str] = mapped_column(default="months")
    remind_days: Mapped[int] = mapped_column(default=30)
    value: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    signed_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    cancelled_on: Mapped[date | None]
    cancels_on: Mapped[date | None]
    cancel_reason: Mapped[str | None]
    reminded_for: Mapped[date | None]
    due_on: Mapped[date | None]

    @property
    def notice(self) -> Notice:
        """How long before its end it must be cancelled."""
        return Notice(self.notice_count, self.notice_unit)

    @property
    def last_day(self) -> date | None:
        """Its last day, as far as it is known that it doesn't go on then."""
        if self.cancels_on is not None:
            return self.cancels_on
        return None if self.renewal_months else self.ends_on


class ContractLine(SalesLine, Base):
    """A line of a contract."""

    __tablename__ = "contract_lines"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))


LINES["contract"] = ContractLine

CONTRACT = register_record_type(
    RecordType(
        name="contract",
        label="Contract",
        plural="Contracts",
        model=Contract,
        title_field="title",
        fields=(
            Field("number", "Number", writable=False),
            Field("title", "Title"),
            Field("account_id", "Account", "relation", relation="account"),
            Field("contact_id", "Contact", "relation", relation="contact"),
            Field("deal_id", "Deal", "relation", relation="deal"),
            Field("status", "Status", "choice", choices=CONTRACT_STATUSES, writable=False),
            Field("starts_on", "Start", "date"),
            Field("ends_on", "End of term", "date", hint="Its last day; empty: it has no end."),
            Field("renewal_months", "Renews by months", "number", hint="Empty: it ends."),
            Field("notice_count", "Notice period", "number"),
            Field("notice_unit", "Notice period in", "choice", choices=NOTICE_UNITS),
            Field("remind_days", "Remind days before", "number"),
            Field("currency", "Currency", "currency"),
            Field("value", "Value", "money", hint="The sum of the lines if there are any."),
            Field("price_list_id", "Price list", "relation", relation="price_list"),
            Field("discount_percent", "Discount in percent", "percent"),
            Field("signed_document_id", "Signed paper", "file", relation="document"),
            Field("cancelled_on", "Notice given", "date", writable=False),
            Field("cancels_on", "Cancelled to", "date", writable=False),
            Field("cancel_reason", "Cancelled because", writable=False),
            Field("note", "Note", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("title", "account_id"),
        sorts=("created_at", "updated_at", "number", "value", "ends_on"),
    )
)
