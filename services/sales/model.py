"""Quotes, orders, invoices and payments: the papers of a sale.

Each has lines of its own, so that what was agreed or invoiced stays as it was; a document that
came from another says so.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type

QUOTE_STATUSES = {
    "draft": "Draft",
    "sent": "Sent",
    "accepted": "Accepted",
    "declined": "Declined",
}
ORDER_STATUSES = {
    "draft": "Draft",
    "confirmed": "Confirmed",
    "invoiced": "Invoiced",
    "cancelled": "Cancelled",
}
INVOICE_STATUSES = {
    "draft": "Draft",
    "issued": "Issued",
    "paid": "Paid",
    "credited": "Credited",
}
INVOICE_KINDS = {"invoice": "Invoice", "credit_note": "Credit note"}


class SalesDocument(Record):
    """The common columns of quotes, orders and invoices.

    Attributes:
        discount_percent: Off the whole document.
        net: The sum of the lines; ``taxable`` is less the discount, ``gross`` with the tax. They
            are kept as they were added up, so that no later rule changes them.
    """

    status: Mapped[str] = mapped_column(default="draft")
    title: Mapped[str]
    currency: Mapped[str]
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    note: Mapped[str | None]
    net: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    taxable: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    tax: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    gross: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    deal_id: Mapped[UUID | None] = mapped_column(ForeignKey("deals.id"), index=True)
    price_list_id: Mapped[UUID | None] = mapped_column(ForeignKey("price_lists.id"))


class SalesLine(Keyed):
    """The columns of a line.

    Attributes:
        position: From 1.
        net: After the line's discount, rounded.
        source_id: The line of the order that an invoice's line is for, or the line of the
            invoice that a credit note's line takes back.
    """

    position: Mapped[int]
    title: Mapped[str]
    description: Mapped[str | None]
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    unit: Mapped[str | None]
    unit_price: Mapped[Decimal] = mapped_column(Numeric)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    tax_category: Mapped[str]
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    net: Mapped[Decimal] = mapped_column(Numeric)
    source_id: Mapped[UUID | None]

    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.id"), index=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy's class-level hook
        return (UniqueConstraint("document_id", "position"),)


def _indexes(table: str, *more: str) -> tuple[Any, ...]:
    return sort_indexes(table, "created_at", "updated_at", "gross", "number", *more)


class Quote(SalesDocument, Base):
    """An offer with prices that holds until a day; accepted, it becomes an order."""

    __tablename__ = "quotes"
    __table_args__ = _indexes("quotes", "valid_until")
    __search__ = ("number", "title")

    number: Mapped[str] = mapped_column(unique=True)
    valid_until: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]


class Order(SalesDocument, Base):
    """What a client has ordered."""

    __tablename__ = "orders"
    __table_args__ = _indexes("orders")
    __search__ = ("number", "title")

    number: Mapped[str] = mapped_column(unique=True)
    ordered_on: Mapped[date]
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    quote_id: Mapped[UUID | None] = mapped_column(ForeignKey("quotes.id"), unique=True)


class Invoice(SalesDocument, Base):
    """What a client owes, or with the kind ``credit_note`` gets back.

    Attributes:
        number: None for a draft; given when it is issued, without gaps.
        issued_on: From then on it can't be changed.
        paid: What was paid of it, less what was paid back.
        credited: What credit notes have taken back of it.
        corrects_id: The invoice that a credit note takes back, or a part of it.
        subscription_id: The subscription that it is for.
        reminders: How often its client was reminded that it is late.
        reminded_on: The last time of those.
        told_late_on: The day on which the processes were told that it is late.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        *_indexes("invoices", "due_on"),
        Index(
            "ix_invoices_owed",
            "due_on",
            "id",
            postgresql_where=text("status = 'issued' AND kind = 'invoice'"),
        ),
    )
    __search__ = ("number", "title")

    number: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="invoice")
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    paid: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    credited: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0), server_default="0")
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), index=True)
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    subscription_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("client_subscriptions.id"), index=True
    )
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    reminded_on: Mapped[date | None]
    told_late_on: Mapped[date | None]

    @property
    def open(self) -> Decimal:
        """What is left to be paid; below 0 that much is to be paid back."""
        return self.gross - self.credited - self.paid


class QuoteLine(SalesLine, Base):
    """A line of a quote."""

    __tablename__ = "quote_lines"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("quotes.id", ondelete="CASCADE"))


class OrderLine(SalesLine, Base):
    """A line of an order."""

    __tablename__ = "order_lines"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))


class InvoiceLine(SalesLine, Base):
    """A line of an invoice."""

    __tablename__ = "invoice_lines"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id", ondelete="CASCADE"))


class Payment(Keyed, Base):
    """Money that came in for an invoice, or below 0 was paid back.

    One that was entered by mistake is taken back.

    Attributes:
        counterpart_id: Where no money went: the payment of the other paper, when a credit note was
            set off against an invoice.
    """

    __tablename__ = "payments"
    __audited__ = True

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Numeric)
    paid_on: Mapped[date]
    reference: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    taken_back_at: Mapped[datetime | None]
    counterpart_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))


LINES: dict[str, type[SalesLine]] = {
    "quote": QuoteLine,
    "order": OrderLine,
    "invoice": InvoiceLine,
}
"""The lines' table of each kind of document."""

_NUMBER = Field("number", "Number", writable=False)
_HEAD = (
    Field("title", "Title"),
    Field("account_id", "Account", "relation", relation="account"),
    Field("contact_id", "Contact", "relation", relation="contact"),
    Field("deal_id", "Deal", "relation", relation="deal"),
    Field("price_list_id", "Price list", "relation", relation="price_list"),
    Field("currency", "Currency", "currency"),
    Field("discount_percent", "Discount in percent", "percent"),
)
_SUMS = (
    Field("net", "Net", "money", writable=False),
    Field("taxable", "Net less discount", "money", writable=False),
    Field("tax", "Tax", "money", writable=False),
    Field("gross", "Total", "money", writable=False),
    Field("note", "Note", "long_text"),
)

QUOTE = register_record_type(
    RecordType(
        name="quote",
        label="Quote",
        plural="Quotes",
        model=Quote,
        title_field="title",
        fields=(
            _NUMBER,
            *_HEAD,
            Field("status", "Status", "choice", choices=QUOTE_STATUSES, writable=False),
            Field("valid_until", "Valid until", "date"),
            *_SUMS,
            Field("decline_reason", "Reason", writable=False),
            *COMMON_FIELDS,
        ),
        required=("title", "account_id"),
        sorts=("created_at", "updated_at", "gross", "number", "valid_until"),
    )
)
ORDER = register_record_type(
    RecordType(
        name="order",
        label="Order",
        plural="Orders",
        model=Order,
        title_field="title",
        fields=(
            _NUMBER,
            *_HEAD,
            Field("status", "Status", "choice", choices=ORDER_STATUSES, writable=False),
            Field("ordered_on", "Ordered", "date"),
            *_SUMS,
            Field("quote_id", "Quote", "relation", relation="quote", writable=False),
            *COMMON_FIELDS,
        ),
        required=("title", "account_id"),
        sorts=("created_at", "updated_at", "gross", "number"),
    )
)
INVOICE = register_record_type(
    RecordType(
        name="invoice",
        label="Invoice",
        plural="Invoices",
        model=Invoice,
        title_field="title",
        fields=(
            _NUMBER,
            *_HEAD,
            Field("kind", "Kind", "choice", choices=INVOICE_KINDS, writable=False),
            Field("status", "Status", "choice", choices=INVOICE_STATUSES, writable=False),
            Field("issued_on", "Issued", "date", writable=False),
            Field("due_on", "Due", "date"),
            Field("reminders", "Reminders", "number", writable=False),
            Field("reminded_on", "Reminded", "date", writable=False),
            *_SUMS,
            Field("paid", "Paid", "money", writable=False),
            Field("credited", "Credited", "money", writable=False),
            Field("order_id", "Order", "relation", relation="order", writable=False),
            Field("corrects_id", "Takes back", "relation", relation="invoice", writable=False),
            Field(
                "subscription_id",
                "Subscription",
                "relation",
                relation="subscription",
                writable=False,
            ),
            *COMMON_FIELDS,
        ),
        required=("title", "account_id"),
        sorts=("created_at", "updated_at", "gross", "number", "due_on"),
    )
)
