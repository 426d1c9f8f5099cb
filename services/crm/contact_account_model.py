"""Which accounts a contact works with, as what, and since when."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class ContactAccount(Keyed, Base):
    """A contact's place at an account: one row for each pair, opened again on a return.

    The one of ``Contact.account_id`` is the primary one. The database makes its row, and ends
    the former one, whoever writes the column.

    Attributes:
        role: What the person decides or does there, such as *Decision maker*.
        position: The job title there.
        until: The last day; None while it lasts.
    """

    __tablename__ = "contact_accounts"
    __table_args__ = (UniqueConstraint("contact_id", "account_id"),)
    __audited__ = True

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    role: Mapped[str | None]
    position: Mapped[str | None]
    since: Mapped[date | None]
    until: Mapped[date | None]
