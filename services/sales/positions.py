"""What a deal is about, line by line; the deal's amount is their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import ForeignKey, Numeric, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import MAX_AMOUNT
from services.crm.deal_model import DEAL, Deal
from services.database import Base, Keyed
from services.days import today
from services.errors import Conflict, Invalid, NotAllowed
from services.money import PricedLine, Totals, known_currency, line_net, total_of_nets
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import change_record, check_version, tell_parts
from services.records.schemas import VERSION, key_argument
from services.sales.currencies import RatesOfDay
from services.sales.customer_prices import choose_list
from services.sales.filling import LineArguments, fill_lines
from services.sales.lines import MAX_LINES
from services.unit_of_work import UnitOfWork

_KEPT = (
    "product_id",
    "title",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "tax_category",
    "tax_percent",
)


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


class SetPositions(Arguments):
    """All lines of a deal, in order."""

    deal_id = key_argument(DEAL)
    positions = fields.List(
        fields.Nested(LineArguments),
        required=True,
        validate=validate.Length(max=MAX_LINES),
        metadata={"title": "Positions"},
    )
    version = VERSION


def check_amount_seen(uow: UnitOfWork) -> None:
    """Refuse to make a paper of a deal, which would show what it is worth.

    Raises:
        NotAllowed: The actor may not see the amounts of deals.
    """
    if "amount" in uow.actor.hidden_fields("deal"):
        raise NotAllowed("Your roles don't let you see what this deal is worth.")


@operation("deal.set_positions", Permission.RECORD_WRITE, SetPositions)
def set_positions(
    uow: UnitOfWork, *, deal_id: UUID, positions: list[dict[str, Any]], version: int | None = None
) -> Deal:
    """Set what a deal is about, line by line; its amount becomes their sum.

    Prices that are left out come from the account's price list, converted if it is in another
    currency.
    """
    deal = uow.get(Deal, deal_id, lock=True)
    if "amount" in uow.actor.locked_fields("deal"):
        raise NotAllowed("Your roles don't let you change what this deal is worth.")
    check_version(uow, deal, version)
    if deal.closed_at is not None:
        raise Conflict("This deal is closed.")
    price_list = None
    if any(line["unit_price"] is None for line in positions):
        price_list = choose_list(uow, deal.account_id).price_list
    day = today(uow)
    currency = known_currency(deal.currency)
    rows = fill_lines(uow, positions, price_list, currency, day, name="positions")
    before = _stored(uow, deal)
    amount = sum((line_total(line, deal.currency) for line in rows), Decimal(0))
    if amount > MAX_AMOUNT:
        raise Invalid("The sum is out of range.", {"positions": ["The sum is out of range."]})
    uow.session.execute(delete(DealPosition).where(DealPosition.deal_id == deal.id))
    uow.session.add_all(
        DealPosition(deal_id=deal.id, position=number, **{name: line[name] for name in _KEPT})
        for number, line in enumerate(rows, start=1)
    )
    title = f"Set {len(rows)} position{'' if len(rows) == 1 else 's'}"
    if not change_record(uow, deal, {"amount": amount}, title=title) and before != [
        {name: line[name] for name in _KEPT} for line in rows
    ]:
        tell_parts(uow, deal, title, {}, parts="the positions")
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
    own_tax = get_organization(uow).tax_percent
    return [
        {
            "number": number,
            "total": line_total(line, deal.currency),
            **line,
            "tax_category": line["tax_category"] or "S",
            "tax_percent": own_tax if line["tax_percent"] is None else line["tax_percent"],
        }
        for number, line in enumerate(lines, start=1)
    ]


def has_positions(uow: UnitOfWork, deal: Deal) -> bool:
    """Tell whether somebody has said line by line what a deal is about."""
    known = select(DealPosition.id).where(DealPosition.deal_id == deal.id).limit(1)
    return uow.session.scalar(known) is not None


def deal_totals(uow: UnitOfWork, deal: Deal) -> Totals:
    """Return the sums of a deal with its tax groups, as a quote made of it would have them."""
    return totals_of_positions(positions_of(uow, deal), deal.currency)


def totals_of_positions(positions: Sequence[Mapping[str, Any]], currency: str) -> Totals:
    """Return the sums of the lines that ``positions_of`` gave."""
    nets = [(line["tax_category"], line["tax_percent"], line["total"]) for line in positions]
    return total_of_nets(nets, known_currency(currency), Decimal(0))


def total_of(uow: UnitOfWork, deal: Deal, currency: str) -> Decimal | None:
    """Return the sum of the deal's lines as if they were in ``currency``; None without lines."""
    lines = _stored(uow, deal)
    return sum((line_total(line, currency) for line in lines), Decimal(0)) if lines else None


def convert_positions(uow: UnitOfWork, deal: Deal, currency: str) -> None:
    """Let the prices of a deal's lines be what they are worth in another currency today.

    Raises:
        Invalid: There is no exchange rate.
    """
    rates, before = RatesOfDay(uow, today(uow)), known_currency(deal.currency)
    for row in uow.session.scalars(select(DealPosition).where(DealPosition.deal_id == deal.id)):
        row.unit_price = rates.convert_price(row.unit_price, before, currency)


def check_amount(uow: UnitOfWork, deal: Deal, amount: Decimal) -> None:
    """Refuse an amount that is not the sum of the deal's lines, if it has any.

    Raises:
        Invalid: It is another.
    """
    if amount == deal.amount:
        return
    if has_positions(uow, deal):
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
    return [{name: getattr(row, name) for name in _KEPT} for row in rows]


def _whole(deal: Deal) -> dict[str, Any]:
    return {
        **dict.fromkeys(_KEPT),
        "title": deal.name,
        "description": deal.needs,
        "quantity": Decimal(1),
        "unit_price": deal.amount,
        "discount_percent": Decimal(0),
    }
