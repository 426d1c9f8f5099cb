"""What can be done with exchange rates, and what their page lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select, tuple_, union
from sqlalchemy.dialects.postgresql import distinct_on

from services.actors import Permission
from services.arguments import Currency, Day, Key, LongText
from services.crm.deal_model import Deal
from services.errors import Invalid, NotFound
from services.money import CURRENCIES
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.sales.currencies import CurrencyRate
from services.sales.model import Invoice, Order, Quote
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork

MAX_PASTED: Final = 5_000
SHOWN_PROBLEMS: Final = 10
LISTED: Final = 60
_SMALLEST, _LARGEST = Decimal("1e-10"), Decimal("1e10")
_PARTS: Final = 3
_LOCK: Final = 7_241_007
_DAY_FORMATS: Final = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y")


class SetRate(Arguments):
    """What a currency is worth from a day on."""

    currency = Currency(required=True, metadata={"title": "Currency"})
    valid_from = Day(required=True, metadata={"title": "Valid from"})
    rate = fields.Decimal(
        required=True,
        validate=validate.Range(_SMALLEST, _LARGEST),
        metadata={"title": "Rate", "description": "Units of your own currency for one of it."},
    )


class ImportRates(Arguments):
    """A table of rates as it was copied from somewhere."""

    text = LongText(
        required=True,
        metadata={
            "title": "Table",
            "description": "A line for each rate, such as NOK 2026-01-31 0.085.",
        },
    )


class RemoveRate(Arguments):
    """Which rate was entered by mistake."""

    rate_id = Key(required=True, metadata={"title": "Rate"})


@operation("currency.set_rate", Permission.CATALOGUE_WRITE, SetRate)
def set_rate(uow: UnitOfWork, *, currency: str, valid_from: date, rate: Decimal) -> CurrencyRate:
    """Set the exchange rate of a currency from a day on."""
    _hold_rates(uow)
    _refuse_own(uow, {currency}, "currency")
    condition = (CurrencyRate.currency == currency, CurrencyRate.valid_from == valid_from)
    known = uow.session.scalars(select(CurrencyRate).where(*condition)).one_or_none()
    if known is None:
        return uow.add(CurrencyRate(currency=currency, valid_from=valid_from, rate=rate))
    known.rate = rate
    return known


@operation("currency.import_rates", Permission.CATALOGUE_WRITE, ImportRates)
def import_rates(uow: UnitOfWork, *, text: str) -> dict[str, Any]:
    """Set all rates of a pasted table, or none if a line of it can't be read."""
    given = parse_rates(text)
    _hold_rates(uow)
    _refuse_own(uow, {currency for currency, _ in given}, "text")
    place = tuple_(CurrencyRate.currency, CurrencyRate.valid_from)
    known = {
        (row.currency, row.valid_from): row
        for row in uow.session.scalars(select(CurrencyRate).where(place.in_(list(given))))
    }
    changed = 0
    for (currency, valid_from), rate in given.items():
        row = known.get((currency, valid_from))
        if row is None:
            uow.session.add(CurrencyRate(currency=currency, valid_from=valid_from, rate=rate))
        elif row.rate != rate:
            row.rate = rate
            changed += 1
    uow.session.flush()
    return {"added": len(given) - len(known), "changed": changed}


@operation("currency.remove_rate", Permission.CATALOGUE_WRITE, RemoveRate)
def remove_rate(uow: UnitOfWork, *, rate_id: UUID) -> None:
    """Remove an exchange rate; from its day on the one before it counts again."""
    rate = uow.session.get(CurrencyRate, rate_id)
    if rate is None:
        raise NotFound("There is no such exchange rate.")
    uow.session.delete(rate)
    uow.session.flush()


def parse_rates(text: str) -> dict[tuple[str, date], Decimal]:
    """Return the rates of a pasted table by currency and first day.

    Cells are parted by tabs or semicolons, else by commas or spaces. A first line without
    any digit is a heading. Of the same day and currency, the last line counts.

    Raises:
        Invalid: Lines can't be read; the message says which, and why.
    """
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if numbered and not any(map(str.isdigit, numbered[0][1])):
        del numbered[0]
    if len(numbered) > MAX_PASTED:
        message = f"A table has {MAX_PASTED:,} lines at most."
        raise Invalid(message, {"text": [message]})
    found: dict[tuple[str, date], Decimal] = {}
    problems: list[str] = []
    for number, line in numbered:
        try:
            currency, day, rate = _rate(_cells(line.strip()))
        except ValueError as error:
            problems.append(f"Line {number}: {error}")
        else:
            found[currency, day] = rate
    _refuse_problems(problems if numbered else ["There is no rate in this table."])
    return found


def newest_rates(uow: UnitOfWork, on: date) -> Sequence[CurrencyRate]:
    """Return the rate that counts on a day, of each currency that has one."""
    statement = select(CurrencyRate).where(CurrencyRate.valid_from <= on)
    one_each = statement.ext(distinct_on(CurrencyRate.currency))
    ordered = one_each.order_by(CurrencyRate.currency, CurrencyRate.valid_from.desc())
    return uow.session.scalars(ordered).all()


def rates_of(
    uow: UnitOfWork, currency: str, before: date | None = None, limit: int = LISTED
) -> Sequence[CurrencyRate]:
    """Return the rates of a currency, newest first, those that are to come too."""
    statement = select(CurrencyRate).where(CurrencyRate.currency == currency)
    if before is not None:
        statement = statement.where(CurrencyRate.valid_from < before)
    ordered = statement.order_by(CurrencyRate.valid_from.desc()).limit(limit)
    return uow.session.scalars(ordered).all()


def currencies_without_rate(uow: UnitOfWork, on: date) -> list[str]:
    """Return the currencies that deals, papers or price lists are in, but that have no rate."""
    used = union(
        *(
            select(model.currency).where(model.deleted_at.is_(None)).distinct()
            for model in (Deal, Quote, Order, Invoice, PriceList)
        )
    )
    known = {row.currency for row in newest_rates(uow, on)} | {get_organization(uow).currency}
    return sorted(set(uow.session.scalars(used)) - known)


def _hold_rates(uow: UnitOfWork) -> None:
    """Let nobody else set rates to the commit: two might set the same one."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _refuse_own(uow: UnitOfWork, currencies: set[str], field: str) -> None:
    own = get_organization(uow).currency
    if own in currencies:
        message = f"{own} is your own currency; it is always worth 1."
        raise Invalid(message, {field: [message]})


def _refuse_problems(problems: list[str]) -> None:
    """Say what is wrong with a table, if anything is.

    Raises:
        Invalid: With the first of the problems.
    """
    if not problems:
        return
    shown = problems[:SHOWN_PROBLEMS]
    if len(problems) > SHOWN_PROBLEMS:
        shown.append(f"And {len(problems) - SHOWN_PROBLEMS} lines more.")
    raise Invalid("Nothing was taken over. " + " ".join(shown), {"text": shown})


def _cells(line: str) -> list[str]:
    for separator in ("\t", ";"):
        if separator in line:
            return [cell.strip() for cell in line.split(separator)]
    return [cell for cell in re.split(r",\s*|\s+", line) if cell]


def _rate(cells: Sequence[str]) -> tuple[str, date, Decimal]:
    """Return what a line says.

    Raises:
        ValueError: With what is wrong with it.
    """
    if len(cells) != _PARTS:
        raise ValueError("it has to be a currency, a day and a rate.")
    currency, day, rate = cells
    if currency.upper() not in CURRENCIES:
        raise ValueError(f"there is no currency {currency[:20]}.")
    return currency.upper(), _day(day), _number(rate)


def _day(text: str) -> date:
    for form in _DAY_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    raise ValueError(f"{text[:20]} is no day; write it as 2026-01-31.")


def _number(text: str) -> Decimal:
    try:
        rate = Decimal(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{text[:20]} is no rate.") from None
    if not rate.is_finite() or not _SMALLEST <= rate <= _LARGEST:
        raise ValueError(f"{text[:20]} is no rate.")
    return rate
