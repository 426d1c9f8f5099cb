"""Price lists: what products cost whom, from when to when, and from which quantity on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class PriceList(Record, Base):
    """A list of prices in one currency.

    Attributes:
        parent_id: Where a price is looked for that this list does not have.
        percent: What is added to a price of the parent; below 0 it is taken off.
        valid_from: None for always; so is ``valid_until``, which is the last day.
    """

    __tablename__ = "price_lists"
    __table_args__ = sort_indexes("price_lists", "created_at", "updated_at", text_columns=("name",))
    __scoped__ = False
    __search__ = ("name",)

    name: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("price_lists.id"), index=True)
    percent: Mapped[Decimal] = mapped_column(Numeric(6, 2), default=Decimal(0))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class Price(Keyed, Base):
    """What one unit of a product costs from a quantity on.

    Attributes:
        valid_from: None for as long as its list is valid; so is ``valid_until``.
    """

    __tablename__ = "prices"
    __table_args__ = (Index(None, "price_list_id", "product_id"),)
    __audited__ = True

    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_lists.id", ondelete="CASCADE"))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), index=True)
    minimum_quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3), default=Decimal(0))
    unit_price: Mapped[Decimal] = mapped_column(Numeric)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


PRICE_LIST = register_record_type(
    RecordType(
        name="price_list",
        label="Price list",
        plural="Price lists",
        model=PriceList,
        fields=(
            Field("name", "Name"),
            Field("currency", "Currency", "currency"),
            Field("parent_id", "Based on", "relation", relation="price_list"),
            Field("percent", "Added in percent", "markup"),
            Field("valid_from", "Valid from", "date"),
            Field("valid_until", "Valid until", "date"),
            *COMMON_FIELDS,
        ),
        required=("name", "currency"),
        sorts=("name", "created_at", "updated_at"),
    )
)
