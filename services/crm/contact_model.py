"""Contacts: the people one talks to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, validates

from services.database import Base
from services.records.base import COMMON_FIELDS, Matched, Record, name_index, sort_indexes
from services.records.reachable import Reachable
from services.records.types import Field, RecordType, register_record_type


class Contact(Matched, Reachable, Record, Base):
    """A person, mostly of an account.

    ``name`` is first and last name together, kept for lists and titles. ``account_id`` is the
    primary one of its accounts; all of them are rows of ``contact_accounts``.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        *sort_indexes("contacts", "created_at", "updated_at", text_columns=("name",)),
        name_index("contacts"),
    )
    __search__ = ("name", "email", "phone", "other_points")

    first_name: Mapped[str | None]
    last_name: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(index=True)
    position: Mapped[str | None]
    description: Mapped[str | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)

    @validates("first_name", "last_name")
    def _compose_name(self, key: str, value: str | None) -> str | None:
        parts = {"first_name": self.first_name, "last_name": self.last_name, key: value}
        self.name = " ".join(part for part in parts.values() if part)
        return value


CONTACT = register_record_type(
    RecordType(
        name="contact",
        label="Contact",
        plural="Contacts",
        model=Contact,
        fields=(
            Field("name", "Name", writable=False),
            Field("first_name", "First name"),
            Field("last_name", "Last name"),
            Field("email", "E-mail", "email"),
            Field("phone", "Phone", "phone"),
            Field("position", "Position"),
            Field("account_id", "Account", "relation", relation="account"),
            Field("description", "Description", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("last_name",),
        sorts=("name", "created_at", "updated_at"),
    )
)
