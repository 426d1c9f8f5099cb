"""The organisation that works with this installation: what its documents and mails say of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Numeric, exists, select, table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import Currency, Email, Key, Line, LongText, Phone
from services.database import Base, Timestamped, Versioned
from services.errors import Invalid
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.records.types import get_record
from services.unit_of_work import UnitOfWork


class Organization(Versioned, Timestamped, Base):
    """One's own company; there is exactly one row.

    Attributes:
        color: Of its mark and headings, as ``#rrggbb``.
        currency: Its own, in which costs and sums over currencies are told.
        tax_percent: Added to net amounts in offers and contracts; 0 leaves the line out.
        offer_valid_days: How long an offer holds.
        payment_days: How long clients have to pay an invoice.
        tax_number: Under which the tax office knows it (BT-31).
        logo: A PNG or JPEG picture; ``logo_type`` says which.
        price_list_id: The standard list: for whom nothing else is said.
    """

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("singleton", name="one_row"),)
    __audited__ = True

    singleton: Mapped[bool] = mapped_column(default=True, unique=True)
    name: Mapped[str]
    address: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    registration: Mapped[str | None]
    bank: Mapped[str | None]
    color: Mapped[str] = mapped_column(default="#1f4e79")
    currency: Mapped[str] = mapped_column(default="EUR", server_default="EUR")
    language: Mapped[str] = mapped_column(default="en")
    tax_name: Mapped[str] = mapped_column(default="VAT")
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    offer_valid_days: Mapped[int] = mapped_column(default=30)
    payment_days: Mapped[int] = mapped_column(default=14, server_default="14")
    terms: Mapped[str | None]
    tax_number: Mapped[str | None]
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, info={"secret": True})
    logo_type: Mapped[str | None]
    price_list_id: Mapped[UUID | None] = mapped_column(ForeignKey("price_lists.id"))


def _line(title: str) -> Line:
    return Line(allow_none=True, metadata={"title": title})


class UpdateOrganization(Arguments):
    """What one's documents and mails say."""

    version = VERSION
    name = Line(metadata={"title": "Name"})
    address = _line("Address")
    email = Email(allow_none=True, metadata={"title": "E-mail"})
    phone = Phone(allow_none=True, metadata={"title": "Phone"})
    website = _line("Website")
    registration = _line("Registration")
    tax_number = _line("Tax number")
    bank = _line("Bank account")
    color = Line(validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z"), metadata={"title": "Colour"})
    currency = Currency(metadata={"title": "Currency"})
    language = Line(validate=validate.Regexp(r"[a-z]{2}\Z"), metadata={"title": "Language"})
    tax_name = Line(metadata={"title": "Tax"})
    tax_percent = fields.Decimal(
        places=2, validate=validate.Range(0, 100), metadata={"title": "Tax in percent"}
    )
    offer_valid_days = fields.Integer(
        validate=validate.Range(1, 365), metadata={"title": "Offers hold for days"}
    )
    payment_days = fields.Integer(
        validate=validate.Range(0, 365), metadata={"title": "Invoices are due after days"}
    )
    terms = LongText(allow_none=True, metadata={"title": "Terms"})
    price_list_id = Key(
        allow_none=True, metadata={"title": "Standard price list", "relation": "price_list"}
    )


@operation("organization.update", Permission.TEMPLATE_WRITE, UpdateOrganization)
def update_organization(
    uow: UnitOfWork, *, version: int | None = None, **values: Any
) -> Organization:
    """Change what documents and mails say of one's own company."""
    organization = get_organization(uow)
    check_version(uow, organization, version)
    if values.get("currency", organization.currency) != organization.currency:
        _check_currency(uow, organization.currency)
    if values.get("price_list_id") is not None:
        get_record(uow, "price_list", values["price_list_id"])
    for name, value in values.items():
        setattr(organization, name, value)
    uow.session.flush()
    return organization


def _check_currency(uow: UnitOfWork, own: str) -> None:
    """Refuse another currency while rates say what others are worth in this one.

    Raises:
        Invalid: There are rates.
    """
    rates = table("currency_rates")  # kept by a subject that stands on this one
    if uow.session.scalar(select(exists().select_from(rates))):
        message = f"The exchange rates are in {own}; remove them first."
        raise Invalid(message, {"currency": [message]})


def get_organization(uow: UnitOfWork) -> Organization:
    """Return one's own company, made with its defaults on first use."""
    found = uow.session.scalars(select(Organization)).one_or_none()
    if found is not None:
        return found
    try:
        with uow.savepoint():
            return uow.add(Organization(name="Lanewise"))
    except IntegrityError:  # somebody else was the first at the same moment
        return uow.session.scalars(select(Organization)).one()
