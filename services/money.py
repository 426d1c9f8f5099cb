"""Amounts of money: currencies, rounding, and the totals of a list of lines.

Amounts are ``Decimal`` and always belong to a currency (ISO 4217). Totals follow EN 16931-1,
annex A: a unit price is not rounded, each line's net amount is, sums add rounded amounts, and
tax is rounded once for each category and rate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import MAX_PREC, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import NumberPattern

# ISO 4217, active codes; the number of digits after the point is 2 unless it stands below.
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS
    VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES: Final = frozenset(_CODES.split())
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_LETTERS_BESIDE_DIGITS: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_HUNDRED: Final = Decimal(100)
_EXACT: Final = Context(prec=MAX_PREC, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What a line's total is made of.

    Attributes:
        unit_price: Net, for one unit; with as many digits as it has.
        discount_percent: Off the line, 0 to 100.
        tax_percent: Of the net amount; with ``tax_category`` it makes the tax group.
        tax_category: UNCL 5305, such as S (standard), Z (zero), E (exempt), AE (reverse charge).
    """

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = Decimal(0)
    tax_category: str = "S"
    tax_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """What is owed for one category and rate; all amounts rounded."""

    category: str
    percent: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a document.

    Attributes:
        lines: The net amount of each line, in order.
        net: Their sum (BT-106).
        discount: Off the whole document (BT-107).
        taxable: ``net - discount`` (BT-109).
        tax: The sum of the groups' tax (BT-110).
        gross: ``taxable + tax`` (BT-112).
    """

    lines: tuple[Decimal, ...]
    net: Decimal
    discount: Decimal
    taxable: Decimal
    tax: Decimal
    gross: Decimal
    groups: tuple[TaxGroup, ...]


def minor_digits(currency: str) -> int:
    """Return how many digits amounts of ``currency`` have after the point (ISO 4217).

    Raises:
        ValueError: There is no such currency.
    """
    if currency not in CURRENCIES:
        raise ValueError(f"There is no currency {currency}.")
    return _DIGITS.get(currency, 2)


def currencies_by_digits() -> list[tuple[int, list[str]]]:
    """Return the currencies that don't have two digits after the point, by their number."""
    numbers = sorted(set(_DIGITS.values()))
    return [(n, sorted(code for code in _DIGITS if _DIGITS[code] == n)) for n in numbers]


def known_currency(code: str) -> str:
    """Return ``code``, or one with two digits in place of a code that there is not.

    Records of earlier releases may hold any three letters.
    """
    return code if code in CURRENCIES else "EUR"


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up, away from zero, to what ``currency`` can be paid in."""
    step = Decimal(1).scaleb(-minor_digits(currency))
    return amount.quantize(step, ROUND_HALF_UP, _EXACT)


def show_money(amount: Decimal, currency: str) -> str:
    """Return an amount as people read it: ``1,234.50 EUR``; an odd currency shows two digits."""
    digits = minor_digits(currency) if currency in CURRENCIES else 2
    return f"{amount:,.{digits}f} {currency}".strip()


def money_in_locale(
    amount: Decimal, currency: str, locale: str | Locale, *, exact: bool = False
) -> str:
    """Return an amount as a language writes it, with the digits of its currency (ISO 4217).

    Babel by itself leaves out the cents of currencies that are seldom paid in coins (CLDR), and
    then an invoice in dinars would not add up.

    Args:
        amount: Rounded to what is shown.
        currency: Its code; an odd one shows two digits.
        locale: The language.
        exact: Whether further digits that the amount has are shown too, as a unit price needs.
    """
    least = minor_digits(currency) if currency in CURRENCIES else 2
    places = -int(amount.normalize().as_tuple().exponent) if exact else 0
    pattern = _money_pattern(Locale.parse(locale), least, max(least, places))
    text = str(pattern.apply(amount, locale, currency=currency, currency_digits=False))
    return _LETTERS_BESIDE_DIGITS.sub("\u00a0", text)  # CLDR's currency spacing, which Babel lacks


@lru_cache(maxsize=256)
def _money_pattern(locale: Locale, least: int, most: int) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (least, most)
    return pattern


def line_net(line: PricedLine, currency: str) -> Decimal:
    """Return the net amount of a line (BT-131), rounded once, after its discount."""
    with localcontext(_EXACT):
        full = line.quantity * line.unit_price
        return round_money(_percent_of(full, _HUNDRED - line.discount_percent), currency)


def total(
    lines: Iterable[PricedLine], currency: str, discount_percent: Decimal = Decimal(0)
) -> Totals:
    """Add up a document.

    Args:
        lines: In order.
        currency: Of all of them.
        discount_percent: Off the whole document; it lowers each tax group by its share.
    """
    nets = ((line.tax_category, line.tax_percent, line_net(line, currency)) for line in lines)
    return total_of_nets(nets, currency, discount_percent)


def total_of_nets(
    nets: Iterable[tuple[str, Decimal, Decimal]], currency: str, discount_percent: Decimal
) -> Totals:
    """Add up a document whose lines have their net amounts already.

    Args:
        nets: Tax category, tax percentage and rounded net amount of each line, in order.
        currency: Of all of them.
        discount_percent: Off the whole document.
    """
    with localcontext(_EXACT):
        amounts: list[Decimal] = []
        sums: dict[tuple[str, Decimal], Decimal] = {}
        for category, percent, amount in nets:
            amounts.append(amount)
            group = (category, percent.normalize())
            sums[group] = sums.get(group, Decimal(0)) + amount
        zero = round_money(Decimal(0), currency)
        discounts = {
            group: round_money(_percent_of(amount, discount_percent), currency)
            for group, amount in sums.items()
        }
        groups = tuple(
            _tax_group(group, amount - discounts[group], currency)
            for group, amount in sorted(sums.items())
        )
        net = sum(amounts, zero)
        discount = sum(discounts.values(), zero)
        tax = sum((group.tax for group in groups), zero)
        taxable = net - discount
        return Totals(tuple(amounts), net, discount, taxable, tax, taxable + tax, groups)


def _tax_group(group: tuple[str, Decimal], taxable: Decimal, currency: str) -> TaxGroup:
    category, percent = group
    tax = round_money(_percent_of(taxable, percent), currency)
    return TaxGroup(category, percent, taxable, tax)


def _percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    return (amount * percent).scaleb(-2)
