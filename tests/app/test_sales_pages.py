"""Quotes, orders and invoices in the browser: their lines, and the way from one to the next."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def quote(as_person):
    """A draft of a quote, and the key of a product."""
    account = as_person("employee", "account.create", {"name": "Nordlys"})
    product = as_person("administrator", "product.create", {"name": "Window", "code": "W-1"})
    made = as_person("employee", "quote.create", {"title": "Windows", "account_id": account.id})
    return str(made.id), str(product.id)


def _rows(*rows):
    names = ("product_id", "title", "quantity", "unit_price", "discount_percent")
    return {name: [row.get(name, "") for row in rows] for name in names}


def test_lines_are_typed_added_up_and_shown(browse, quote):
    anna, (key, product) = browse("employee"), quote
    form = anna.get(f"/quotes/{key}/lines").text
    assert form.count('name="title"') == 3
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    rows = _rows(
        {"product_id": product, "quantity": "2.5", "unit_price": "100", "discount_percent": "10"},
        {"title": "Journey", "unit_price": "50.5"},
        {},
    )
    saved = anna.post(f"/quotes/{key}/lines", version=version, **rows)
    assert saved.headers["Location"] == f"/quotes/{key}"
    page = anna.get(f"/quotes/{key}").text
    assert "Journey" in page
    assert "€275.50" in page
    assert 'value="2.5"' in anna.get(f"/quotes/{key}/lines").text


def test_what_was_typed_stays_when_a_line_is_wrong(browse, quote):
    anna, (key, product) = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    refused = anna.post(f"/quotes/{key}/lines", **_rows({"product_id": product, "quantity": "7"}))
    assert refused.status_code == 422
    assert "There is no price for this; say what it costs." in refused.text
    assert 'value="7"' in refused.text
    assert re.search(rf'value="{product}" selected', refused.text)


def test_what_was_typed_stays_when_more_rows_are_wanted(browse, quote):
    anna, (key, _) = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    more = anna.post(f"/quotes/{key}/lines", more="1", **_rows({"title": "Journey"}))
    assert more.status_code == 200
    assert 'value="Journey"' in more.text
    assert more.text.count('name="title"') == 11
    assert "None yet." in anna.get(f"/quotes/{key}").text


def test_lines_are_refused_when_somebody_else_was_quicker(browse, quote):
    anna, (key, _) = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    first = anna.post(
        f"/quotes/{key}/lines", version="1", **_rows({"title": "A", "unit_price": "1"})
    )
    assert first.status_code == 302
    late = anna.post(
        f"/quotes/{key}/lines", version="1", **_rows({"title": "B", "unit_price": "1"})
    )
    assert late.status_code == 409
    assert 'value="B"' in late.text


def test_a_sale_goes_from_quote_to_payment(browse, quote):
    anna, (key, _) = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    anna.post(f"/quotes/{key}/lines", **_rows({"title": "Windows", "unit_price": "1000"}))
    anna.post(f"/quotes/{key}/do/accept")
    page = anna.get(f"/quotes/{key}").text
    assert "Change lines" not in page
    order = re.search(r'href="(/orders/[0-9a-f-]+)"', page).group(1)
    anna.post(f"{order}/do/confirm")
    anna.post(f"{order}/do/invoice")
    invoice = re.search(r'href="(/invoices/[0-9a-f-]+)"', anna.get(order).text).group(1)
    anna.post(f"{invoice}/do/issue")
    assert "INV-2026-00001" in anna.get(invoice).text
    anna.post(f"{invoice}/do/pay", amount="1000.01")
    assert "Only 1,000.00 EUR is left to be paid." in anna.get(invoice).text
    anna.post(f"{invoice}/do/pay", amount="1000")
    assert "Record a payment" not in anna.get(invoice).text


def test_records_without_lines_have_no_form_for_them(browse, lead_of):
    assert browse("employee").get(f"/leads/{lead_of('employee')}/lines").status_code == 404
