"""Importing the prices of price lists."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from services.errors import Invalid
from services.importing.reports import conflicts_of
from services.sales.price_list_model import Price

HEADINGS = "Price list,SKU,Price,Currency,Min qty,Valid from,Valid until\n"


@pytest.fixture
def shop(importing):
    """Two products, and a list in euros to put prices on."""
    desk = importing.desk
    desk.do("product.create", "olga", name="Chair", code="CH-1")
    desk.do("product.create", "olga", name="Desk lamp", code="1001")
    desk.do("price_list.create", "olga", name="Retail", currency="EUR")
    return importing


def prices(shop) -> list[tuple[Decimal, Decimal, date | None, date | None]]:
    with shop.desk.platform.session() as session:
        rows = session.scalars(select(Price).order_by(Price.unit_price)).all()
        return [
            (row.unit_price, row.minimum_quantity, row.valid_from, row.valid_until) for row in rows
        ]


def test_prices_are_put_on_their_lists_when_they_are_imported(shop):
    text = HEADINGS + (
        "retail,ch-1,100.5,EUR,,,\n"
        "Retail,Chair,90,,10,2026-01-01,2026-12-31\n"
        "Retail,1001,12.3456789,eur,0,,\n"
    )
    one = shop.upload(text, "price")
    assert one.plan["match"] == ["place"]
    assert [column["field"] for column in one.plan["columns"]] == [
        "price_list_id",
        "product_id",
        "unit_price",
        "currency",
        "minimum_quantity",
        "valid_from",
        "valid_until",
    ]
    assert shop.check(one).checked == {"create": 3}
    assert prices(shop) == []
    assert shop.go(one).counts == {"create": 3}
    assert prices(shop) == [
        (Decimal("12.345679"), 0, None, None),
        (Decimal("90"), 10, date(2026, 1, 1), date(2026, 12, 31)),
        (Decimal("100.5"), 0, None, None),
    ]
    assert shop.whole(text, "price").counts == {"unchanged": 3}


def test_a_price_is_changed_when_list_product_quantity_and_first_day_agree(shop):
    shop.whole(HEADINGS + "Retail,CH-1,100,,,,\nRetail,CH-1,90,,10,,\n", "price")
    text = HEADINGS + (
        "Retail,Chair,95,,0,,2026-12-31\nRetail,Chair,90,,10,2027-01-01,\nRetail,CH-1,80,,20,,\n"
    )
    one = shop.whole(text, "price")
    assert one.counts == {"create": 2, "update": 1}
    assert [row[:2] for row in prices(shop)] == [(80, 20), (90, 10), (90, 10), (95, 0)]
    shop.desk.do("price.change", "olga", price_id=key_of(shop, 80), unit_price="81")
    one = shop.go(one, "revert")
    assert one.undone == {"removed": 1, "restored": 1, "conflict": 1}
    assert [row[:2] for row in prices(shop)] == [(81, 20), (90, 10), (100, 0)]
    (conflict,) = shop.desk.ask(conflicts_of, one, actor="olga")
    assert conflict[2:] == ["Chair · Retail", "It was changed since."]


def key_of(shop, amount: int):
    with shop.desk.platform.session() as session:
        return session.scalars(select(Price.id).where(Price.unit_price == amount)).one()


def test_each_row_says_so_when_it_can_not_be_a_price(shop):
    text = HEADINGS + (
        "Wholesale,CH-1,1,,,,\n"
        "Retail,NO-1,1,,,,\n"
        "Retail,CH-1,-1,,,,\n"
        "Retail,CH-1,1,NOK,,,\n"
        "Retail,CH-1,1,,5,2026-12-31,2026-01-01\n"
        "Retail,CH-1,,,7,,\n"
        "Retail,CH-1,1,,,,\n"
        "Retail,ch-1,2,,,,\n"
    )
    one = shop.upload(text, "price")
    one = shop.check(one, policy="create", match=["place"])
    assert one.checked == {"create": 1, "error": 6, "skip": 1}
    assert shop.go(one).counts == {"create": 1, "error": 6, "skip": 1}
    said = [next(iter(row[3].values())) for row in shop.rows(one) if row[3]]
    assert said == [
        "There is no price list “Wholesale” that you may see.",
        "There is no product “NO-1” that you may see.",
        "Use 0 or more.",
        "The list is in EUR.",
        "The last day is before the first.",
        "Unit price is missing.",
        "It is the same as in row 8.",
    ]


def test_a_price_is_refused_when_its_place_is_taken_and_nothing_is_compared(shop):
    one = shop.upload(HEADINGS + "Retail,CH-1,1,,,,\nRetail,Chair,2,,,,\n", "price")
    one = shop.check(one, policy="all", match=[])
    assert one.checked == {"create": 1, "error": 1}
    assert shop.go(one).counts == {"create": 1, "error": 1}


def test_a_price_stays_with_its_product_when_it_is_found_by_its_key(shop):
    shop.whole(HEADINGS + "Retail,CH-1,100,,,,\n", "price")
    text = f"ID,Price list,SKU,Price\n{key_of(shop, 100)},Retail,1001,90\n"
    one = shop.upload(text, "price")
    assert one.plan["match"] == ["id"]
    assert shop.check(one).checked == {"error": 1}


def test_prices_are_refused_when_their_columns_name_no_list(shop):
    one = shop.upload("SKU,Price\nCH-1,1\n", "price")
    with pytest.raises(Invalid, match="New records need Price list"):
        shop.check(one)
