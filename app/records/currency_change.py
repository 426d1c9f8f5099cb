"""Currencies on forms: which there are, and what becomes of amounts when one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from babel.numbers import get_currency_name
from flask import request

from app.records.kind import RecordKind
from services.days import today
from services.errors import Invalid
from services.money import CURRENCIES
from services.operations import get_operation
from services.sales.currencies import RatesOfDay, own_money
from services.unit_of_work import UnitOfWork

UNDECIDED: Final = "amounts_undecided"
_AMOUNTS: Final = ("amount", "value", "net")


@dataclass(frozen=True, slots=True)
class CurrencyQuestion:
    """What is asked about amounts whose currency changes.

    Attributes:
        rate: What one unit of the currency before is worth in the other; None without a rate.
        problem: Why there is none.
    """

    before: str
    into: str
    rate: Decimal | None
    problem: str = ""


def check_decided(kind: RecordKind, record: Any, changed: Mapping[str, str]) -> None:
    """Refuse another currency for a record with amounts until it is said what becomes of them.

    Raises:
        Invalid: Nothing was said, neither by new amounts (code ``amounts_undecided``).
    """
    into = changed.get("currency", "").upper()
    if into not in CURRENCIES or "convert" in request.form or "convert" not in _arguments(kind):
        return
    amounts = [name for name in _AMOUNTS if getattr(record, name, None)]
    if not amounts or changed.keys() & set(amounts):
        return
    if getattr(record, "status", "draft") == "draft":
        message = f"The currency changes to {into}. Say what becomes of the amounts."
        raise Invalid(message, code=UNDECIDED)


def decision(kind: RecordKind) -> dict[str, str]:
    """Return what the form says of amounts, as the operation takes it."""
    given = request.form.get("convert")
    return {"convert": given} if given and "convert" in _arguments(kind) else {}


def question(uow: UnitOfWork, record: Any, into: str) -> CurrencyQuestion:
    """Return what is asked, with the rate of today."""
    rates, before, into = RatesOfDay(uow, today(uow)), record.currency, into.upper()
    try:
        rate = rates.of(before) / rates.of(into)
    except Invalid as error:
        return CurrencyQuestion(before, into, None, error.message)
    return CurrencyQuestion(before, into, rate)


def currency_options(uow: UnitOfWork, present: str | None, *, follows_list: bool) -> list[Any]:
    """Return the options of a select: one's own and those with rates come first.

    Args:
        uow: Of whoever chooses.
        present: What is chosen already.
        follows_list: Whether a price list says it where nothing is chosen.
    """
    own = own_money(uow)
    first = [own.currency, *sorted(own.rates)]
    others = sorted((CURRENCIES | {present or own.currency}) - set(first))
    usual = f"The price list's, else {own.currency}" if follows_list else f"{own.currency} (own)"
    named = [(code, f"{code} · {get_currency_name(code, locale='en')}") for code in first + others]
    return [("", usual), *named]


def _arguments(kind: RecordKind) -> Any:
    return get_operation(f"{kind.record_type}.update").schema().fields
