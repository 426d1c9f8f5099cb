"""What customers are worth: fifths, classes, and the filters that know them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from services.crm.account_model import ACCOUNT, Account
from services.filtering import parse_filter
from services.marketing.customer_values import last_measurement, measure_when_due
from services.marketing.value_model import CustomerValue
from services.marketing.value_tables import GROUPS, class_sums, group_sums, heat_table
from services.records.lists import list_records


def buys(desk, name, *amounts, on="2026-03-01", currency="EUR"):
    account = desk.do("account.create", name=name)
    for amount in amounts:
        deal = desk.do(
            "deal.create", name="D", account_id=account.id, amount=amount, currency=currency
        )
        desk.do("deal.win", deal_id=deal.id, closed_on=on)
    return account


def values(desk):
    def ask(uow):
        rows = uow.session.execute(
            select(Account.name, CustomerValue).join(
                Account, Account.id == CustomerValue.account_id
            )
        )
        return {row[0]: row[1] for row in rows}

    return desk.ask(ask)


def named(desk, where):
    page = desk.ask(list_records, "account", where=parse_filter(ACCOUNT, where), sort="name")
    return [one.name for one in page.items]


@pytest.fixture
def shop(desk):
    """Five customers from little and long ago to much and lately, and one who never bought."""
    for number, name in enumerate("ABCDE", start=1):
        buys(desk, name, *[str(10**number)] * number, on=f"2026-02-0{number}")
    desk.do("account.create", name="Z")
    desk.do("customer_value.measure")
    return desk


def test_customers_are_parted_into_fifths_by_day_number_and_sum(shop):
    found = {name: (one.recency, one.frequency, one.monetary) for name, one in values(shop).items()}
    assert found == {name: (n, n, n) for n, name in enumerate("ABCDE", start=1)}


def test_equal_customers_get_the_same_fifth(desk):
    for name, number in (("A", 1), ("B", 2), ("C", 2), ("D", 2), ("E", 5)):
        buys(desk, name, *["10"] * number)
    desk.do("customer_value.measure")
    found = {name: (one.recency, one.frequency) for name, one in values(desk).items()}
    assert found == {"A": (3, 1), "B": (3, 3), "C": (3, 3), "D": (3, 3), "E": (3, 5)}


def test_classes_end_at_eighty_and_ninety_five_percent(desk):
    for name, amount in (("A", "80"), ("B", "15"), ("C", "4"), ("D", "1")):
        buys(desk, name, amount)
    desk.do("customer_value.measure")
    found = {name: one.abc_class for name, one in values(desk).items()}
    assert found == {"A": "A", "B": "B", "C": "C", "D": "C"}


def test_amounts_are_added_up_in_ones_own_currency_and_the_others_left_out(desk):
    desk.do("currency.set_rate", currency="USD", valid_from="2026-01-01", rate="0.5")
    buys(desk, "A", "100", currency="USD")
    buys(desk, "B", "100", currency="CHF")
    done = desk.do("customer_value.measure")
    assert {name: one.amount for name, one in values(desk).items()} == {"A": Decimal(50)}
    assert done.left_out == 1


def test_what_was_bought_before_the_period_does_not_count(desk):
    buys(desk, "A", "10", on="2025-01-15")
    buys(desk, "B", "10", on="2026-02-15")
    desk.do("customer_value.measure", months=6)
    assert set(values(desk)) == {"B"}


def test_paid_invoices_count_where_those_are_the_purchases(desk):
    account = desk.do("account.create", name="A")
    invoice = desk.do("invoice.create", title="I", account_id=account.id, currency="EUR")
    line = {"title": "Door", "quantity": "1", "unit_price": "40", "tax_percent": "25"}
    desk.do("invoice.update", invoice_id=invoice.id, lines=[line])
    desk.do("invoice.issue", invoice_id=invoice.id)
    desk.do("payment.record", invoice_id=invoice.id, amount="50")
    desk.do("customer_value.measure", source="invoices")
    assert {name: one.amount for name, one in values(desk).items()} == {"A": Decimal(40)}


def test_what_was_credited_of_a_paid_invoice_does_not_count(desk):
    account = desk.do("account.create", name="A")
    lines = [{"title": "Window", "quantity": 4, "unit_price": "100"}]
    made = desk.do("invoice.create", title="W", account_id=account.id, lines=lines)
    desk.do("invoice.issue", invoice_id=made.id)
    desk.do("payment.record", invoice_id=made.id, amount=str(made.gross))
    desk.do("invoice.credit", invoice_id=made.id, lines=[{"position": 1, "quantity": 1}])
    desk.do("customer_value.measure", source="invoices")
    assert values(desk)["A"].amount == 300


def test_filters_know_what_customers_are_worth(shop):
    assert named(shop, {"field": "recency", "op": "gte", "value": 4}) == ["D", "E"]
    assert named(shop, {"field": "abc_class", "op": "eq", "value": "A"}) == ["E"]
    assert named(shop, {"field": "abc_class", "op": "empty"}) == ["Z"]
    assert named(shop, {"field": "bought_amount", "op": "lt", "value": 300}) == ["A", "B"]


def test_the_tables_hold_every_customer_once(shop):
    cells = shop.ask(heat_table)
    assert sum(cell.count for cell in cells.values()) == 5
    assert sum(cell.count for cell in group_sums(cells).values()) == 5
    assert sum(cell.count for cell in shop.ask(class_sums).values()) == 5
    held = [name for group in GROUPS for name in named(shop, dict(group.where))]
    assert sorted(held) == list("ABCDE")


def test_it_is_measured_again_after_a_day_as_it_was_last(shop, clock):
    shop.do("customer_value.measure", months=12)
    first = shop.ask(last_measurement)
    shop.ask(measure_when_due)
    assert shop.ask(last_measurement).id == first.id
    clock.advance(timedelta(days=1))
    shop.ask(measure_when_due)
    again = shop.ask(last_measurement)
    assert again.id != first.id
    assert again.months == 12


def test_a_merged_customer_does_not_stand_in_the_way(shop):
    keys = {name: one.account_id for name, one in values(shop).items()}
    shop.do("record.merge", record_type="account", kept_id=keys["A"], dropped_id=keys["B"])
    shop.do("customer_value.measure")
    assert values(shop)["A"].purchases == 3
