"""Products, price lists and exchange rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.errors import Conflict, Invalid, NotAllowed
from services.sales import price_steps
from services.sales.currencies import convert
from services.sales.customer_prices import answer_price
from services.sales.price_list_model import PriceList
from services.sales.pricing import find_price
from services.sales.rates import currencies_without_rate, newest_rates

DAY = date(2026, 3, 2)


@pytest.fixture
def shop(staff):
    """A catalogue with one window."""
    staff.window = staff.do("product.create", "olga", name="Window", code="W-1")
    staff.retail = staff.do("price_list.create", "olga", name="Retail", currency="EUR")
    return staff


def _prices(shop, price_list, *steps):
    keys = ("minimum_quantity", "unit_price", "valid_from", "valid_until")
    prices = [dict(zip(keys, step, strict=False)) for step in steps]
    shop.do(
        "price_list.set_prices",
        "olga",
        price_list_id=price_list.id,
        product_id=shop.window.id,
        prices=prices,
    )


def _price(shop, price_list, quantity=1, on=DAY):
    def ask(uow):
        fresh = uow.get(PriceList, price_list.id)
        found = find_price(uow, fresh, shop.window.id, Decimal(quantity), on)
        return found and found.unit_price

    return shop.ask(ask)


@pytest.mark.parametrize(
    ("quantity", "price"), [("1", 100), ("9.999", 100), ("10", 90), ("99", 90), ("100", "79.5")]
)
def test_more_cost_less_when_there_are_steps(shop, quantity, price):
    _prices(shop, shop.retail, (None, "100"), (10, "90"), (100, "79.50"))
    assert _price(shop, shop.retail, quantity) == Decimal(price)


@pytest.mark.parametrize(
    ("on", "price"),
    [
        (date(2026, 2, 28), 100),
        (date(2026, 3, 1), 80),
        (date(2026, 3, 31), 80),
        (date(2026, 4, 1), 100),
    ],
)
def test_a_price_holds_from_its_first_to_its_last_day(shop, on, price):
    _prices(shop, shop.retail, (None, "100"), (None, "80", "2026-03-01", "2026-03-31"))
    assert _price(shop, shop.retail, on=on) == price


def test_a_price_comes_from_the_parent_when_the_list_has_none(shop):
    _prices(shop, shop.retail, (None, "100"), (10, "90"))
    partner = shop.do(
        "price_list.create",
        "olga",
        name="Partner",
        currency="EUR",
        parent_id=shop.retail.id,
        percent="-12.5",
    )
    assert _price(shop, partner, 10) == Decimal("78.75")
    _prices(shop, partner, (10, "70"))
    assert (_price(shop, partner, 1), _price(shop, partner, 10)) == (Decimal("87.5"), 70)


def test_a_parents_price_is_converted_when_it_has_another_currency(shop):
    _prices(shop, shop.retail, (None, "100"))
    north = shop.do(
        "price_list.create", "olga", name="North", currency="NOK", parent_id=shop.retail.id
    )
    with pytest.raises(Invalid) as caught:
        _price(shop, north)
    assert caught.value.code == "no_exchange_rate"
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.0855")
    assert _price(shop, north) == Decimal("1169.59")


def test_there_is_no_price_when_no_list_has_one(shop):
    assert _price(shop, shop.retail) is None
    _prices(shop, shop.retail, (5, "100"))
    assert _price(shop, shop.retail, 1) is None
    shop.do("price_list.update", "olga", price_list_id=shop.retail.id, valid_until="2026-01-31")
    assert _price(shop, shop.retail, 5) is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "Retail", "currency": "EUR"}, "name"),
        ({"name": "B", "currency": "EUROS"}, "currency"),
        ({"name": "B", "currency": "EUR", "percent": -101}, "percent"),
        (
            {
                "name": "B",
                "currency": "EUR",
                "valid_from": "2026-02-01",
                "valid_until": "2026-01-31",
            },
            "valid_until",
        ),
    ],
)
def test_a_list_is_refused_when_it_makes_no_sense(shop, values, field):
    with pytest.raises(Invalid) as caught:
        shop.do("price_list.create", "olga", **values)
    assert field in caught.value.fields


def test_a_list_is_refused_when_it_would_be_based_on_itself(shop):
    child = shop.do("price_list.create", "olga", name="B", currency="EUR", parent_id=shop.retail.id)
    with pytest.raises(Invalid) as caught:
        shop.do("price_list.update", "olga", price_list_id=shop.retail.id, parent_id=child.id)
    assert "parent_id" in caught.value.fields


def test_everybody_sees_the_catalogue_but_only_some_change_it(shop):
    assert shop.ask(lambda uow: uow.get(PriceList, shop.retail.id), actor="anna").name == "Retail"
    with pytest.raises(NotAllowed):
        shop.do("product.update", "anna", product_id=shop.window.id, name="Door")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "B", "code": "W-1"}, "code"),
        ({"name": "B", "code": "B", "tax_category": "E", "tax_percent": 19}, "tax_percent"),
        ({"name": "B", "code": "B", "kind": "thing"}, "kind"),
        ({"name": "B"}, "code"),
    ],
)
def test_a_product_is_refused_when_it_makes_no_sense(shop, values, field):
    with pytest.raises(Invalid) as caught:
        shop.do("product.create", "olga", **values)
    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("given", "into", "on", "result"),
    [
        ("100 USD", "EUR", date(2026, 1, 31), "90.00"),
        ("100 USD", "EUR", date(2026, 2, 1), "80.00"),
        ("90 EUR", "USD", date(2026, 1, 31), "100.00"),
        ("100 USD", "JPY", date(2026, 2, 1), "16000"),
        ("1.005 EUR", "EUR", DAY, "1.01"),
    ],
)
def test_money_is_converted_by_the_rate_of_its_day(shop, given, into, on, result):
    for code, start, rate in [
        ("USD", "2026-01-01", "0.9"),
        ("USD", "2026-02-01", "0.7"),
        ("USD", "2026-02-01", "0.8"),
        ("JPY", "2026-01-01", "0.005"),
    ]:
        shop.do("currency.set_rate", "olga", currency=code, valid_from=start, rate=rate)
    amount, currency = given.split()
    converted = shop.ask(lambda uow: convert(uow, Decimal(amount), currency, into, on))
    assert str(converted) == result


def test_ones_own_currency_has_no_rate(shop):
    with pytest.raises(Invalid):
        shop.do("currency.set_rate", "olga", currency="EUR", valid_from="2026-01-01", rate="2")


def _add(shop, **values):
    about = {"price_list_id": shop.retail.id, "product_id": shop.window.id}
    return shop.do("price.add", "olga", **{**about, "unit_price": "100", **values})


def test_a_price_can_be_added_changed_ended_and_removed(shop):
    plain, many = _add(shop), _add(shop, minimum_quantity=10, unit_price="90")
    shop.do("price.change", "olga", price_id=many.id, unit_price="85")
    assert (_price(shop, shop.retail, 1), _price(shop, shop.retail, 10)) == (100, 85)
    shop.do("price.end", "olga", price_id=many.id, last_day="2026-03-01")
    assert _price(shop, shop.retail, 10) == 100
    shop.do("price.remove", "olga", price_id=plain.id)
    assert _price(shop, shop.retail, 1) is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "minimum_quantity"),
        ({"valid_from": "2026-05-02", "valid_until": "2026-05-01"}, "valid_until"),
        ({"minimum_quantity": 5, "unit_price": -1}, "unit_price"),
    ],
)
def test_a_price_is_refused_when_it_makes_no_sense(shop, values, field):
    _add(shop)
    with pytest.raises(Invalid) as caught:
        _add(shop, **values)
    assert field in caught.value.fields


def test_a_product_has_so_many_prices_and_another_its_own(shop, monkeypatch):
    monkeypatch.setattr(price_steps, "MAX_STEPS", 1)
    _add(shop)
    with pytest.raises(Conflict):
        _add(shop, minimum_quantity=10)
    door = shop.do("product.create", "olga", name="Door", code="D-1")
    partner = shop.do("price_list.create", "olga", name="Partner", currency="EUR")
    assert _add(shop, product_id=door.id)
    assert _add(shop, price_list_id=partner.id)


def test_a_price_does_not_end_before_it_begins(shop):
    price = _add(shop, valid_from="2026-05-01")
    with pytest.raises(Invalid):
        shop.do("price.end", "olga", price_id=price.id)


def test_a_client_pays_by_its_own_list_else_by_its_parents_else_by_the_standard_one(shop):
    _add(shop)
    partner = shop.do(
        "price_list.create",
        "olga",
        name="Partner",
        currency="EUR",
        parent_id=shop.retail.id,
        percent=-10,
    )
    group = shop.do("account.create", "olga", name="Group")
    part = shop.do("account.create", "olga", name="Part", parent_id=group.id)

    def answer():
        ask = (shop.window.id, part.id, Decimal(1), DAY)
        found = shop.ask(lambda uow: answer_price(uow, *ask))
        return found.chosen.why, found.unit_price

    assert answer() == ("none", None)
    shop.do("organization.update", "olga", price_list_id=shop.retail.id)
    assert answer() == ("standard", 100)
    shop.do("account.update", "olga", account_id=group.id, price_list_id=partner.id)
    assert answer() == ("inherited", 90)
    shop.do("account.update", "olga", account_id=part.id, price_list_id=shop.retail.id)
    assert answer() == ("own", 100)
    quote = shop.do("quote.create", "olga", title="Q", account_id=part.id)
    assert quote.price_list_id == shop.retail.id


def test_it_is_said_how_a_price_came_about(shop):
    _add(shop, minimum_quantity=5)
    north = shop.do(
        "price_list.create",
        "olga",
        name="North",
        currency="NOK",
        parent_id=shop.retail.id,
        percent=10,
    )
    account = shop.do("account.create", "olga", name="A", price_list_id=north.id)

    def answer(quantity):
        return shop.ask(
            lambda uow: answer_price(uow, shop.window.id, account.id, Decimal(quantity), DAY)
        )

    assert [look.unit_price for look in answer(1).looks] == [None, None]
    assert "There is no exchange rate for NOK" in answer(5).problem
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.1")
    found = answer(5)
    assert [(look.price_list.name, look.unit_price, look.rate) for look in found.looks] == [
        ("North", 1100, 10),
        ("Retail", 100, None),
    ]


def test_a_table_of_rates_is_taken_over_as_it_is_pasted(shop):
    text = (
        "Currency\tDay\tRate\nNOK\t2026-01-31\t0,085\n\n"
        "usd; 31.01.2026; 0.92\nSEK, 2026-01-31, 0.09"
    )
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-31", rate="1")
    done = shop.do("currency.import_rates", "olga", text=text)
    assert done == {"added": 2, "changed": 1}
    rates = shop.ask(lambda uow: {one.currency: str(one.rate) for one in newest_rates(uow, DAY)})
    assert rates == {"NOK": "0.085", "SEK": "0.09", "USD": "0.92"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("NOK 2026-01-31", "it has to be a currency, a day and a rate."),
        ("XXX 2026-01-31 1", "there is no currency XXX."),
        ("NOK 2026-02-30 1", "2026-02-30 is no day"),
        ("NOK 2026-01-31 -1", "-1 is no rate."),
        ("NOK 2026-01-31 1e99", "1e99 is no rate."),
        ("EUR 2026-01-31 1", "EUR is your own currency"),
    ],
)
def test_nothing_of_a_table_is_taken_over_when_a_line_is_wrong(shop, line, problem):
    with pytest.raises(Invalid) as caught:
        shop.do("currency.import_rates", "olga", text=f"USD 2026-01-31 1\n{line}")
    assert problem in " ".join(caught.value.fields["text"])
    assert shop.ask(lambda uow: list(newest_rates(uow, DAY))) == []


def test_currencies_without_a_rate_are_named(shop):
    shop.do("deal.create", "olga", name="D", currency="JPY")
    assert shop.ask(lambda uow: currencies_without_rate(uow, DAY)) == ["JPY"]
    made = shop.do("currency.set_rate", "olga", currency="JPY", valid_from=DAY, rate="0.006")
    assert shop.ask(lambda uow: currencies_without_rate(uow, DAY)) == []
    shop.do("currency.remove_rate", "olga", rate_id=made.id)
    assert shop.ask(lambda uow: currencies_without_rate(uow, DAY)) == ["JPY"]
