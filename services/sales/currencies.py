"""Exchange rates with dates: what one unit of a currency is worth in one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from sqlalchemy import Numeric, UniqueConstraint, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, mapped_column

from services.arguments import Truth
from services.database import Base, Keyed
from services.days import show_day, today
from services.errors import Invalid
from services.money import round_money
from services.people.organization import Organization, get_organization
from services.unit_of_work import UnitOfWork

DEFAULT_CURRENCY = "EUR"
"""One's own until the organisation is described."""

CONVERT: Final = Truth(
    load_default=True,
    metadata={
        "title": "Convert amounts",
        "description": "At the day's rates if the currency changes; else the figures stay.",
    },
)
"""The argument that says what becomes of amounts when the currency of a record changes."""


class CurrencyRate(Keyed, Base):
    """What a currency is worth from a day on, until the next rate.

    Attributes:
        rate: Units of one's own currency for one of ``currency``.
    """

    __tablename__ = "currency_rates"
    __table_args__ = (UniqueConstraint("currency", "valid_from"),)
    __audited__ = True

    currency: Mapped[str]
    valid_from: Mapped[date]
    rate: Mapped[Decimal] = mapped_column(Numeric)


def convert(uow: UnitOfWork, amount: Decimal, currency: str, into: str, on: date) -> Decimal:
    """Return an amount in another currency, rounded to what that has.

    Args:
        uow: Of whoever asks.
        amount: In ``currency``.
        currency: What it is in.
        into: What it is wanted in.
        on: The day whose rates count.

    Raises:
        Invalid: There is no rate for that day.
    """
    return RatesOfDay(uow, on).convert(amount, currency, into)


class RatesOfDay:
    """The rates that count on one day, each looked up once."""

    def __init__(self, uow: UnitOfWork, on: date) -> None:
        self._uow, self._on = uow, on
        self._known: dict[str, Decimal] = {}

    def of(self, currency: str) -> Decimal:
        """Return what one unit of ``currency`` was worth in one's own.

        Raises:
            Invalid: There was no rate yet.
        """
        if currency not in self._known:
            self._known[currency] = rate_on(self._uow, currency, self._on)
        return self._known[currency]

    def convert(self, amount: Decimal, currency: str, into: str) -> Decimal:
        """Return an amount in another currency, rounded to what that has.

        Raises:
            Invalid: There is no rate for that day.
        """
        if currency == into:
            return round_money(amount, into)
        return round_money(amount * self.of(currency) / self.of(into), into)

    def convert_price(self, price: Decimal, currency: str, into: str) -> Decimal:
        """Return what one unit costs in another currency.

        It keeps places beyond what can be paid only if it had such.

        Raises:
            Invalid: There is no rate for that day.
        """
        if price == round_money(price, currency):
            return self.convert(price, currency, into)
        price = price * self.of(currency) / self.of(into)
        return price.quantize(Decimal("0.000001"), ROUND_HALF_UP).normalize() + 0


@dataclass(frozen=True, slots=True)
class OwnMoney:
    """One's own currency, and what the others are worth in it."""

    currency: str
    rates: Mapping[str, Decimal]

    def sum_of(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        """Return amounts by currency as one sum; None where a rate is missing."""
        rates = {code: self.rate_of(code) for code in amounts}
        if None in rates.values():
            return None
        found = sum((amounts[code] * (rates[code] or 0) for code in amounts), Decimal(0))
        return round_money(found, self.currency)

    def rate_of(self, currency: str) -> Decimal | None:
        """Return what one unit of ``currency`` is worth; None where nobody has said it."""
        return Decimal(1) if currency == self.currency else self.rates.get(currency)


def own_currency(uow: UnitOfWork) -> str:
    """Return one's own currency, also before the organisation is described."""
    return uow.session.scalar(select(Organization.currency)) or DEFAULT_CURRENCY


def own_money(uow: UnitOfWork) -> OwnMoney:
    """Return one's own currency with today's rates, in one statement."""
    newest = (
        select(CurrencyRate.currency, CurrencyRate.rate)
        .where(CurrencyRate.valid_from <= today(uow))
        .ext(distinct_on(CurrencyRate.currency))
        .order_by(CurrencyRate.currency, CurrencyRate.valid_from.desc())
        .subquery()
    )
    statement = select(Organization.currency, newest.c.currency, newest.c.rate)
    rows = uow.session.execute(statement.outerjoin(newest, true())).all()
    own = rows[0][0] if rows else DEFAULT_CURRENCY
    return OwnMoney(own, {code: Decimal(rate) for _, code, rate in rows if code is not None})


def rate_on(uow: UnitOfWork, currency: str, on: date) -> Decimal:
    """Return what one unit of ``currency`` was worth on a day.

    Raises:
        Invalid: There was no rate yet.
    """
    if currency == get_organization(uow).currency:
        return Decimal(1)
    rates = select(CurrencyRate.rate).where(
        CurrencyRate.currency == currency, CurrencyRate.valid_from <= on
    )
    rate: Any = uow.session.scalar(rates.order_by(CurrencyRate.valid_from.desc()).limit(1))
    if rate is None:
        message = (
            f"There is no exchange rate for {currency} on {show_day(on)}. "
            "Somebody who looks after prices can add it under Exchange rates."
        )
        raise Invalid(message, {"currency": [message]}, code="no_exchange_rate")
    return Decimal(rate)
