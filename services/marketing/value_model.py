"""The tables of what customers are worth: recency, frequency, monetary value, and class."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed

SOURCES: Final = {"deals": "Won deals", "invoices": "Paid invoices"}
CLASSES: Final = {"A": "A", "B": "B", "C": "C"}


class ValueMeasurement(Keyed, Base):
    """One measuring of all customers.

    Attributes:
        source: What counts as a purchase: one of ``SOURCES``.
        months: How far it looks back; None: over everything.
        currency: One's own, in which amounts are added up.
        left_out: Purchases in currencies that nobody has given a rate for.
    """

    __tablename__ = "value_measurements"

    source: Mapped[str]
    months: Mapped[int | None]
    currency: Mapped[str]
    customers: Mapped[int]
    left_out: Mapped[int]
    measured_at: Mapped[datetime]
    measured_by: Mapped[str]


class CustomerValue(Keyed, Base):
    """What an account has bought, and where that places it among all.

    Attributes:
        recency: 1 to 5: the fifth of all customers by their last purchase; 5 are the latest.
            Likewise ``frequency`` by the number of purchases, ``monetary`` by their sum.
        share: What part of all revenue comes from it, from 0 to 1.
        abc_class: A for those who bring the first 80 %, B the next 15 %, C the rest.
    """

    __tablename__ = "customer_values"
    __table_args__ = (
        UniqueConstraint("account_id"),
        Index(None, "recency", "frequency", "monetary"),
        Index(None, "abc_class"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    last_on: Mapped[date]
    purchases: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    recency: Mapped[int]
    frequency: Mapped[int]
    monetary: Mapped[int]
    share: Mapped[Decimal] = mapped_column(Numeric)
    abc_class: Mapped[str]
