"""Accounts: the companies (or private households) one does business with."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.languages import LANGUAGES
from services.records.base import COMMON_FIELDS, Matched, Record, name_index, sort_indexes
from services.records.reachable import Reachable
from services.records.types import Field, RecordType, register_record_type
from services.territories.model import TERRITORY_FIELD, InTerritory


class Account(Matched, Reachable, InTerritory, Record, Base):
    """A company.

    Attributes:
        name_key: The folded name, by which a conversion finds an account that exists.
        domain: The host of ``website`` without ``www.``; found by e-mail domain.
        parent_id: The account that it is a part of; ``account_tree`` refuses circles.
        price_list_id: What it pays by; None: as its parent does, else by the standard list.
        payment_days: How long it has to pay an invoice; None: as long as all others.
        language: Of the documents and mails that are made for it, two letters; None: one's own.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        *sort_indexes("accounts", "created_at", "updated_at", text_columns=("name",)),
        name_index("accounts"),
    )
    __search__ = ("name", "email", "phone", "city", "domain", "other_points")

    name: Mapped[str]
    website: Mapped[str | None]
    phone: Mapped[str | None] = mapped_column(index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    address: Mapped[str | None]
    postal_code: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    industry: Mapped[str | None]
    description: Mapped[str | None]
    name_key: Mapped[str] = mapped_column(index=True)
    domain: Mapped[str | None] = mapped_column(index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    price_list_id: Mapped[UUID | None] = mapped_column(ForeignKey("price_lists.id"), index=True)
    payment_days: Mapped[int | None]
    language: Mapped[str | None]


ACCOUNT = register_record_type(
    RecordType(
        name="account",
        label="Account",
        plural="Accounts",
        model=Account,
        fields=(
            Field("name", "Name"),
            Field("website", "Website"),
            Field("phone", "Phone", "phone"),
            Field("email", "E-mail", "email"),
            Field("address", "Address"),
            Field("postal_code", "Postal code"),
            Field("city", "City"),
            Field("country", "Country"),
            Field("industry", "Industry"),
            Field("parent_id", "Parent account", "relation", relation="account"),
            Field("price_list_id", "Price list", "relation", relation="price_list"),
            Field(
                "payment_days",
                "Days to pay",
                "number",
                hint="Empty: as many as all have.",
            ),
            Field(
                "language",
                "Language",
                "choice",
                choices=LANGUAGES,
                hint="Of documents and mails for it, where a template has it.",
            ),
            Field("description", "Description", "long_text"),
            TERRITORY_FIELD,
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "created_at", "updated_at"),
    )
)
