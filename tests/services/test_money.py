"""Rounding and totals, by ISO 4217 and EN 16931."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.money import (
    CURRENCIES,
    PricedLine,
    line_net,
    minor_digits,
    money_in_locale,
    round_money,
    show_money,
    total,
)


def _line(quantity, price, discount=0, percent=0, category="S") -> PricedLine:
    return PricedLine(
        Decimal(str(quantity)),
        Decimal(str(price)),
        Decimal(str(discount)),
        category,
        Decimal(str(percent)),
    )


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "EUR", "1.01"),
        ("1.004999999999999999999999999999999999999", "EUR", "1.00"),
        ("-1.005", "EUR", "-1.01"),
        ("0.5", "JPY", "1"),
        ("12345678901234567890.5", "JPY", "12345678901234567891"),
        ("1.0005", "KWD", "1.001"),
        ("0.00005", "CLF", "0.0001"),
    ],
)
def test_an_amount_is_rounded_half_up_to_what_its_currency_has(amount, currency, rounded):
    assert str(round_money(Decimal(amount), currency)) == rounded


def test_a_currency_is_refused_when_there_is_none():
    with pytest.raises(ValueError, match="XYZ"):
        minor_digits("XYZ")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1234.5", "EUR", "1,234.50 EUR"), ("1234", "JPY", "1,234 JPY"), ("1", "KWD", "1.000 KWD")],
)
def test_an_amount_is_shown_with_the_digits_of_its_currency(amount, currency, shown):
    assert show_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("currency", "locale", "shown"),
    [
        ("MNT", "en", "MNT\u00a01,234.57"),
        ("RSD", "en", "RSD\u00a01,234.57"),
        ("IQD", "en", "IQD\u00a01,234.568"),
        ("JPY", "en", "¥1,235"),
        ("NOK", "nb", "1\u00a0234,57\u00a0kr"),
        ("XXX", "en", "XXX1,234.57"),
    ],
)
def test_an_amount_is_written_with_all_that_can_be_paid(currency, locale, shown):
    text = money_in_locale(Decimal("1234.5678"), currency, locale)
    assert text.replace("\u00a4", "XXX") == shown


def test_a_price_is_written_with_all_digits_that_it_has():
    shown = [money_in_locale(Decimal(one), "RSD", "en", exact=True) for one in ("5", "0.0012")]
    assert shown == ["RSD\u00a05.00", "RSD\u00a00.0012"]


def test_no_cent_is_lost_whatever_the_currency_is():
    for currency in CURRENCIES:
        step = Decimal(1).scaleb(-minor_digits(currency))
        digits = re.sub(r"\D", "", money_in_locale(1 + step, currency, "en"))
        assert int(digits) == int((1 + step) / step), currency


def test_a_line_is_rounded_once_after_its_discount():
    # 3 x 0.335 = 1.005, less 10 % = 0.9045: rounding the price first would give 0.92.
    assert line_net(_line(3, "0.335", 10), "EUR") == Decimal("0.90")


def test_tax_is_rounded_once_for_each_rate():
    # Rounded line by line it would be 3 x 0.02 = 0.06.
    totals = total([_line(1, "0.10", percent=19)] * 3, "EUR")
    assert (totals.tax, totals.gross) == (Decimal("0.06"), Decimal("0.36"))
    totals = total([_line(1, "0.13", percent=19)] * 3, "EUR")
    assert totals.tax == Decimal("0.07")
    assert [group.taxable for group in totals.groups] == [Decimal("0.39")]


def test_rates_are_kept_apart_when_there_are_several():
    lines = [_line(2, 50, percent="19.00"), _line(1, 10, percent=7), _line(1, 5, percent=19)]
    lines.append(_line(1, 3, category="E"))
    totals = total(lines, "EUR")
    assert [(g.category, g.percent, g.taxable, g.tax) for g in totals.groups] == [
        ("E", 0, 3, 0),
        ("S", 7, 10, Decimal("0.70")),
        ("S", 19, 105, Decimal("19.95")),
    ]
    assert totals.gross == Decimal("138.65")


def test_a_discount_lowers_each_rate_by_its_share():
    totals = total([_line(1, 100, percent=19), _line(1, 50, percent=7)], "EUR", Decimal(10))
    assert (totals.net, totals.discount, totals.taxable) == (150, 15, 135)
    assert totals.tax == Decimal("17.10") + Decimal("3.15")


def test_totals_are_exact_when_there_are_ten_thousand_lines():
    totals = total([_line("0.001", "999999999.99", percent=25)] * 10_000, "EUR")
    assert totals.net == Decimal("1000000.00") * 10_000
    assert totals.tax == totals.net / 4


def test_an_empty_document_is_worth_nothing():
    totals = total([], "JPY")
    assert (str(totals.gross), totals.groups) == ("0", ())


lines = st.builds(
    PricedLine,
    st.decimals("0.001", "100000", places=3),
    st.decimals("0", "100000", places=4),
    st.decimals("0", "100", places=2),
    st.sampled_from(["S", "E"]),
    st.sampled_from([Decimal(0), Decimal(7), Decimal(19), Decimal("25.5")]),
)


@given(
    st.lists(lines, max_size=30),
    st.sampled_from(["EUR", "JPY", "KWD", "MNT", "CLF"]),
    st.decimals("0", "100", places=2),
)
def test_sums_agree_whatever_the_lines_are(given_lines, currency, discount):
    totals = total(given_lines, currency, discount)
    step = Decimal(1).scaleb(-minor_digits(currency))
    assert totals.net == sum(totals.lines)
    assert totals.taxable == totals.net - totals.discount == sum(g.taxable for g in totals.groups)
    assert totals.gross == totals.taxable + totals.tax
    shown = (*totals.lines, totals.net, totals.discount, totals.tax, totals.gross)
    assert all(amount == amount.quantize(step) for amount in shown)
    assert totals.tax == sum(
        round_money(group.taxable * group.percent / 100, currency) for group in totals.groups
    )
    exact = sum(
        Fraction(one.quantity) * Fraction(one.unit_price) * (100 - Fraction(one.discount_percent))
        for one in given_lines
    )
    assert abs(Fraction(totals.net) - exact / 100) <= Fraction(step) / 2 * len(given_lines)
    assert Decimal(0) <= totals.taxable <= totals.net


@given(st.lists(lines, max_size=20), st.randoms())
def test_totals_are_the_same_whatever_the_order(given_lines, randomly):
    mixed = list(given_lines)
    randomly.shuffle(mixed)
    one, other = total(given_lines, "EUR"), total(mixed, "EUR")
    assert (one.net, one.tax, one.groups) == (other.net, other.tax, other.groups)
