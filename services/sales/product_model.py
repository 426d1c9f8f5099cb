"""Products: what one sells, be it goods, a service or a subscription."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type

PRODUCT_KINDS = {"goods": "Goods", "service": "Service", "subscription": "Subscription"}
TAX_CATEGORIES = {
    "S": "Standard rate",
    "Z": "Zero rate",
    "E": "Exempt",
    "AE": "Reverse charge",
    "K": "Within the EEA",
    "G": "Export",
    "O": "Outside the scope of tax",
}
"""UNCL 5305, as far as EN 16931 uses it; all but ``S`` go with 0 percent."""


class Product(Record, Base):
    """Something that is sold; everybody sees the whole catalogue.

    Attributes:
        code: The article number (SKU), unique.
        cost: What one unit costs oneself, in one's own currency; None where it is not known.
        sold: Whether it can still be put on new documents.
    """

    __tablename__ = "products"
    __table_args__ = sort_indexes(
        "products", "created_at", "updated_at", text_columns=("name", "code")
    )
    __scoped__ = False
    __search__ = ("code", "name", "category")

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="goods")
    category: Mapped[str | None]
    unit: Mapped[str | None]
    description: Mapped[str | None]
    tax_category: Mapped[str] = mapped_column(default="S")
    tax_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    cost: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    sold: Mapped[bool] = mapped_column(default=True)


PRODUCT = register_record_type(
    RecordType(
        name="product",
        label="Product",
        plural="Products",
        model=Product,
        fields=(
            Field("name", "Name"),
            Field("code", "Article number"),
            Field("kind", "Kind", "choice", choices=PRODUCT_KINDS),
            Field("category", "Category"),
            Field("unit", "Unit"),
            Field("description", "Description", "long_text"),
            Field("tax_category", "Tax category", "choice", choices=TAX_CATEGORIES),
            Field("tax_percent", "Tax in percent", "percent"),
            Field("cost", "Cost", "money"),
            Field("sold", "Sold", "boolean"),
            *COMMON_FIELDS,
        ),
        required=("name", "code"),
        sorts=("name", "code", "created_at", "updated_at"),
    )
)
