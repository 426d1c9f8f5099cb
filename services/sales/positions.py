"""What a deal is about, line by line; the deal's amount is their sum."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import ForeignKey, Numeric, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import MAX_AMOUNT, Line, LongText, Money
from services.crm.deal_model import DEAL, Deal
from services.database import Base, Keyed
from services.errors import Conflict, Invalid
from services.money import PricedLine, known_currency, line_net
from services.operations import Arguments, operation
from services.records.changes import change_record, check_version
from services.records.schemas import VERSION, key_argument
from services.unit_of_work import UnitOfWork

MAX_POSITIONS = 200
_SHOWN = ("title", "description", "quantity", "unit", "unit_price", "discount_percent")


class DealPosition(Keyed, Base):
    """One line of an offer; ``quantity`` has up to three places.

    Attributes:
        tax_category: UNCL 5305; None for lines of an earlier release: the organisation's tax.
    """

    __tablename__ = "deal_positions"
    __table_args__ = (UniqueConstraint("deal_id", "position"),)

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    position: Mapped[int]
    title: Mapped[str]
    description: Mapped[str | None]
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    unit: Mapped[str | None]
    unit_price: Mapped[Decimal] = mapped_column(Numeric)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.id"), index=True)
    tax_category: Mapped[str | None]
    tax_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))


class PositionArguments(Arguments):
    """One line of an offer."""

    title = Line(required=True, metadata={"title": "Title"})
    description = LongText(load_default=None, allow_none=True, metadata={"title": "Description"})
    quantity = fields.Decimal(
        places=3,
        load_default=Decimal(1),
        validate=validate.Range(0, 10**9, min_inclusive=False),
        metadata={"title": "Quantity"},
    )
    unit = Line(load_default=None, allow_none=True, metadata={"title": "Unit"})
    unit_price = Money(required=True, metadata={"title": "Unit price"})
    discount_percent = fields.Decimal(
        places=2,
        load_default=Decimal(0),
        validate=validate.Range(0, 100),
        metadata={"title": "Discount in percent"},
    )


class SetPositions(Arguments):
    """All lines of a deal, in order."""

    deal_id = key_argument(DEAL)
    positions = fields.List(
        fields.Nested(PositionArguments),
        required=True,
        validate=validate.Length(max=MAX_POSITIONS),
        metadata={"title": "Positions"},
    )
    version = VERSION


@operation("deal.set_positions", Permission.RECORD_WRITE, SetPositions)
def set_positions(
    uow: UnitOfWork, *, deal_id: UUID, positions: list[dict[str, Any]], version: int | None = None
) -> Deal:
    """Set what a deal is about, line by line; its amount becomes their sum."""
    deal = uow.get(Deal, deal_id, lock=True)
    check_version(uow, deal, version)
    if deal.closed_at is not None:
        raise Conflict("This deal is closed.")
    amount = sum((line_total(line, deal.currency) for line in positions), Decimal(0))
    if amount > MAX_AMOUNT:
        raise Invalid("The sum is out of range.", {"positions": ["The sum is out of range."]})
    uow.session.execute(delete(DealPosition).where(DealPosition.deal_id == deal.id))
    for number, position in enumerate(positions, start=1):
        uow.session.add(DealPosition(deal_id=deal.id, position=number, **position))
    title = f"Set {len(positions)} position{'' if len(positions) == 1 else 's'}"
    if not change_record(uow, deal, {"amount": amount}, title=title):
        uow.session.flush()
    return deal


def line_total(position: Any, currency: str) -> Decimal:
    """Return the net price of a line, rounded half up to what ``currency`` has (EN 16931)."""
    quantity, price, discount = (
        Decimal(position[name]) for name in ("quantity", "unit_price", "discount_percent")
    )
    return line_net(PricedLine(quantity, price, discount), known_currency(currency))


def positions_of(uow: UnitOfWork, deal: Deal) -> list[dict[str, Any]]:
    """Return the lines of ``deal`` with ``number`` and ``total``.

    A deal without lines has one, made of its name, its needs and its amount.
    """
    lines = _stored(uow, deal) or [_whole(deal)]
    return [
        {"number": number, "total": line_total(line, deal.currency), **line}
        for number, line in enumerate(lines, start=1)
    ]


def total_of(uow: UnitOfWork, deal: Deal, currency: str) -> Decimal | None:
    """Return the sum of the deal's lines as if they were in ``currency``; None without lines."""
    lines = _stored(uow, deal)
    return sum((line_total(line, currency) for line in lines), Decimal(0)) if lines else None


def check_amount(uow: UnitOfWork, deal: Deal, amount: Decimal) -> None:
    """Refuse an amount that is not the sum of the deal's lines, if it has any.

    Raises:
        Invalid: It is another.
    """
    if amount == deal.amount:
        return
    known = select(DealPosition.id).where(DealPosition.deal_id == deal.id).limit(1)
    if uow.session.scalar(known) is not None:
        refuse_amount()


def refuse_amount() -> NoReturn:
    """Say that an amount is another than the sum of the lines.

    Raises:
        Invalid: Always.
    """
    message = "The amount is the sum of the positions; change those."
    raise Invalid(message, {"amount": [message]})


def _stored(uow: UnitOfWork, deal: Deal) -> list[dict[str, Any]]:
    statement = select(DealPosition).where(DealPosition.deal_id == deal.id)
    rows = uow.session.scalars(statement.order_by(DealPosition.position)).all()
    return [{name: getattr(row, name) for name in _SHOWN} for row in rows]


def _whole(deal: Deal) -> dict[str, Any]:
    return {
        "title": deal.name,
        "description": deal.needs,
        "quantity": Decimal(1),
        "unit": None,
        "unit_price": deal.amount,
        "discount_percent": Decimal(0),
    }
