"""Quotes, orders and invoices in the browser: their lines, and the way from one to the next."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from app.records.line_rows import COLUMNS


@pytest.fixture
def quote(as_person):
    """A draft of a quote; there is a product."""
    account = as_person("employee", "account.create", {"name": "Nordlys"})
    as_person("administrator", "product.create", {"name": "Window", "code": "W-1"})
    made = as_person("employee", "quote.create", {"title": "Windows", "account_id": account.id})
    return str(made.id)


_LINE = {"title": "Window", "unit_price": "100"}


def _rows(*rows):
    return {name: [row.get(name, "") for row in rows] for name in COLUMNS}


def test_lines_are_typed_added_up_and_shown(browse, quote):
    anna, key = browse("employee"), quote
    form = anna.get(f"/quotes/{key}/lines").text
    assert form.count('name="title"') == 3
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    rows = _rows(
        {"product": "W-1", "quantity": "2.5", "unit_price": "100", "discount_percent": "10"},
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
    anna, key = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    refused = anna.post(f"/quotes/{key}/lines", **_rows({"product": "W-1", "quantity": "7"}))
    assert refused.status_code == 422
    assert "There is no price for this; say what it costs." in refused.text
    assert 'value="7"' in refused.text
    assert 'value="W-1"' in refused.text


def test_what_was_typed_stays_when_more_rows_are_wanted(browse, quote):
    anna, key = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    more = anna.post(f"/quotes/{key}/lines", more="1", **_rows({"title": "Journey"}))
    assert more.status_code == 200
    assert 'value="Journey"' in more.text
    assert more.text.count('name="title"') == 11
    assert "None yet." in anna.get(f"/quotes/{key}").text


def test_lines_are_refused_when_somebody_else_was_quicker(browse, quote):
    anna, key = browse("employee"), quote
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
    assert re.search(r"As they stand now.*<td>A</td>", late.text, re.DOTALL)
    version = re.search(r'name="version" value="(\d+)"', late.text).group(1)
    again = anna.post(
        f"/quotes/{key}/lines", version=version, **_rows({"title": "B", "unit_price": "1"})
    )
    assert again.status_code == 302


def test_a_sale_goes_from_quote_to_payment(browse, quote):
    anna, key = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    anna.post(f"/quotes/{key}/lines", **_rows({"title": "Windows", "unit_price": "1000"}))
    anna.post(f"/quotes/{key}/do/accept")
    page = anna.get(f"/quotes/{key}").text
    assert "Change lines" not in page
    order = re.search(r'href="(/orders/[0-9a-f-]+)"', page).group(1)
    anna.post(f"{order}/do/confirm")
    form = f"/sales{order}/invoice"
    anna.get(form)
    refused = anna.post(form, **{"quantity.1": "1.001"})
    assert refused.status_code == 422
    assert "Only 1 is left." in refused.text
    invoice = anna.post(form, **{"quantity.1": "1"}).headers["Location"]
    anna.get(invoice)
    anna.post(f"{invoice}/do/issue")
    assert "INV-2026-00001" in anna.get(invoice).text
    anna.post(f"{invoice}/do/pay", amount="1000.01")
    assert "Only 1,000.00 EUR is left to be paid." in anna.get(invoice).text
    anna.post(f"{invoice}/do/pay", amount="1 000,00", reference="Bank 7")
    page = anna.get(invoice).text
    assert "Bank 7" in page
    assert "Record a payment" not in page


def test_a_paid_invoice_is_credited_and_paid_back(browse, quote, as_person):
    order = as_person("employee", "quote.accept", {"quote_id": quote})
    line = {"title": "Windows", "unit_price": "1000"}
    as_person("employee", "order.update", {"order_id": order.id, "lines": [line]})
    as_person("employee", "order.confirm", {"order_id": order.id})
    made = as_person("employee", "order.invoice", {"order_id": order.id})
    as_person("employee", "invoice.issue", {"invoice_id": made.id})
    as_person("employee", "payment.record", {"invoice_id": made.id, "amount": "1000"})
    anna, invoice = browse("employee"), f"/invoices/{made.id}"
    credit = f"/sales{invoice}/credit"
    anna.get(credit)
    note = anna.post(credit, **{"quantity.1": "0.4"}, reason="Scratched").headers["Location"]
    assert "CN-2026-00001" in anna.get(note).text
    assert "€400.00 is to be paid back." in anna.get(invoice).text
    anna.post(f"{invoice}/do/refund", amount="400")
    payment = re.search(rf'action="(/sales{invoice}/payments/[^"]+)"', anna.get(invoice).text)
    anna.post(payment.group(1))
    assert "A part of it was paid back; take that back first." in anna.get(invoice).text


def test_records_without_lines_have_no_form_for_them(browse, lead_of):
    assert browse("employee").get(f"/leads/{lead_of('employee')}/lines").status_code == 404


def test_only_the_shown_lines_are_changed_when_there_are_many(browse, quote):
    anna, key = browse("employee"), quote
    anna.get(f"/quotes/{key}/lines")
    many = [{"title": f"Line {n}", "unit_price": "1"} for n in range(102)]
    anna.post(f"/quotes/{key}/lines", **_rows(*many))
    page = anna.get(f"/quotes/{key}/lines?from=101").text
    assert ("Line 101" in page, "Line 99" in page) == (True, False)
    anna.post(
        f"/quotes/{key}/lines", **_rows({"title": "Only", "unit_price": "5"}), **{"from": 101}
    )
    page = anna.get(f"/quotes/{key}?lines=all").text
    assert ("Line 99" in page, "Only" in page, "Line 100" in page) == (True, True, False)
    assert "€105.00" in page


def test_a_line_follows_its_product_when_that_is_another(browse, quote, as_person):
    door = {"name": "Door", "code": "D-1", "description": "Of oak", "unit": "pcs"}
    as_person("administrator", "product.create", door)
    line = {"title": "A", "unit_price": "1", "description": "Long story"}
    as_person("employee", "quote.update", {"quote_id": quote, "lines": [line]})
    anna = browse("employee")
    form = anna.get(f"/quotes/{quote}/lines").text
    row = {"at": "0", "title": "A", "unit_price": "2", "description": "Long story"}
    assert ">Long story</textarea>" in form
    anna.post(f"/quotes/{quote}/lines", **_rows({**row, "product": "D-1", "tax_category": "AE"}))
    page = anna.get(f"/quotes/{quote}").text
    assert ("Long story" in page, "Of oak" in page, ">AE<" in page) == (False, True, True)


def test_lines_are_moved_and_removed_before_they_are_saved(browse, quote):
    anna, form = browse("employee"), f"/quotes/{quote}/lines"
    anna.get(form)
    rows = [{"no": str(n), "title": title, "unit_price": "1"} for n, title in enumerate("ABCD", 1)]

    def titles(page):
        return "".join(re.findall(r'name="title" value="(\w)"', page.text))

    assert titles(anna.post(form, do="up:2", **_rows(*rows))) == "ACBD"
    assert titles(anna.post(form, do="down:3", **_rows(*rows))) == "ABCD"
    assert titles(anna.post(form, do="remove:1", **_rows(*rows))) == "ACD"
    anna.post(form, **_rows(*rows[:3], rows[3] | {"no": "1"}))
    assert titles(anna.get(form)) == "DABC"


def test_lines_are_added_up_while_they_are_typed(browse, quote):
    anna, form = browse("employee"), f"/quotes/{quote}/lines"
    anna.get(form)
    line = {"title": "Journey", "quantity": "3", "unit_price": "10,5"}
    assert "€31.50" in anna.post(f"{form}?try=1", **_rows(line)).text
    tried = anna.post(f"{form}?try=1", **_rows(line, {"product": "W-1"})).text
    assert "There is no price for this; say what it costs." in tried
    assert 'value="Journey"' not in anna.get(form).text


def test_a_deal_gets_positions_and_a_quote(browse, as_person):
    account = as_person("employee", "account.create", {"name": "Nordlys"})
    deal = as_person("employee", "deal.create", {"name": "House", "account_id": account.id})
    anna = browse("employee")
    form = f"/deals/{deal.id}/positions"
    anna.get(form)
    refused = anna.post(form, **_rows({"product": "None such", "unit_price": "1"}))
    assert "There is no product None such." in refused.text
    anna.post(form, **_rows({"title": "Window", "quantity": "2,5", "unit_price": "100"}))
    assert "€250.00" in anna.get(f"/deals/{deal.id}").text
    quote = anna.post(f"/sales/deals/{deal.id}/quote").headers["Location"]
    page = anna.get(quote).text
    assert ("€250.00" in page, "House" in page) == (True, True)


def test_an_account_shows_what_it_owes(browse, as_person, quote):
    record = as_person("employee", "quote.update", {"quote_id": quote})
    card = f"/sales/accounts/{record.account_id}"
    anna = browse("employee")
    assert "Money" not in anna.get(card).text
    given = {"title": "X", "account_id": record.account_id, "lines": [_LINE]}
    made = as_person("employee", "invoice.create", given)
    as_person("employee", "invoice.issue", {"invoice_id": made.id})
    as_person("employee", "payment.record", {"invoice_id": made.id, "amount": 40})
    shown = anna.get(card).text
    assert all(text in shown for text in ("€60.00", "€100.00"))
    as_person("employee", "invoice.credit", {"invoice_id": made.id})
    back = anna.get(card).text
    assert ("To be paid back" in back, "€40.00" in back, "€60.00" in back) == (True, True, False)


def test_late_invoices_are_listed_and_their_clients_reminded(browse, as_person, quote, clock):
    record = as_person("employee", "quote.update", {"quote_id": quote})
    anna, page = browse("employee"), "/sales/receivables"
    assert "Nothing is owed" in anna.get(page).text
    given = {"title": "X", "account_id": record.account_id, "lines": [_LINE]}
    made = as_person("employee", "invoice.create", given)
    issued = as_person("employee", "invoice.issue", {"invoice_id": made.id})
    assert "Nothing is late" in anna.get(page).text
    clock.moment += timedelta(days=15)
    assert ("1 day" in anna.get(page).text, "Not yet" in anna.get(page).text) == (True, True)
    anna.post(f"{page}/{made.id}/remind")
    assert "This client has no e-mail address." in anna.get(page).text
    about = {"account_id": record.account_id, "email": "post@nordlys.example"}
    as_person("employee", "account.update", about)
    anna.post(f"{page}/{made.id}/remind")
    said = f"The mail is underway: reminder 1 of invoice {issued.number}."
    assert said in anna.get(page).text
    assert "reminded once, last on" in anna.get(f"/invoices/{made.id}").text


def test_prices_are_added_changed_and_explained(browse, as_person, quote):
    olga, anna = browse("administrator"), browse("employee")
    prices = as_person("administrator", "price_list.create", {"name": "Retail", "currency": "EUR"})
    page = f"/price-lists/{prices.id}"
    assert "No prices of its own" in olga.get(page).text
    olga.post(f"/sales{page}/prices", product="W-1", unit_price="0,005")
    step = re.search(rf'href="(/sales{page}/prices/[^"]+)"', olga.get(page).text).group(1)
    assert "€0.005" in olga.get(page).text
    refused = olga.post(step, unit_price="-1")
    assert (refused.status_code, 'value="-1"' in refused.text) == (422, True)
    olga.post(step, unit_price="100", minimum_quantity="2")
    product = re.search(r'href="/products/([0-9a-f-]+)"', anna.get(page).text).group(1)
    account = as_person("employee", "account.create", {"name": "Sol", "price_list_id": prices.id})
    ask = f"/sales/price?product_id={product}&account_id={account.id}&quantity="
    answer = anna.get(ask + "2").text
    assert ("Sol has the price list" in answer, "€100.00" in answer) == (True, True)
    assert "Retail has no price for so many on that day." in anna.get(ask + "1").text
    assert "A quantity is more than 0." in anna.get(ask + "x").text
    assert "Retail" in anna.get(f"/products/{product}").text
    olga.get(step)
    olga.post(f"{step}/end")
    olga.post(f"{step}/remove")
    assert "No prices of its own" in olga.get(page).text


def test_rates_are_added_pasted_and_removed(browse):
    olga = browse("administrator")
    olga.get("/sales/rates")
    olga.post("/sales/rates", currency="nok", rate="0,085", valid_from="2026-01-01")
    assert "0.085 EUR" in olga.get("/sales/rates?currency=NOK").text
    refused = olga.post("/sales/rates/import", text="USD 2026-01-01")
    assert (refused.status_code, "Line 1: it has to be" in refused.text) == (422, True)
    olga.post("/sales/rates/import", text="USD;2026-01-01;0.9")
    page = olga.get("/sales/rates?currency=USD").text
    olga.post(re.search(r'action="(/sales/rates/[^"]+/remove)"', page).group(1))
    assert "?currency=USD" not in olga.get("/sales/rates").text


def test_a_series_shows_its_next_number_before_it_is_saved(browse):
    olga = browse("administrator")
    assert "INV-2026-00001" in olga.get("/sales/numbers").text
    typed = {"prefix": "R", "year": "counting", "between": "/", "digits": "3", "next_number": "7"}
    address = "&".join(f"{name}={value}" for name, value in typed.items())
    assert "R2026/007" in olga.get(f"/sales/numbers/preview?{address}").text
    olga.post("/sales/numbers", name="invoice", **typed)
    assert "R2026/007" in olga.get("/sales/numbers").text
    refused = olga.post("/sales/numbers", name="credit_note", **typed)
    assert "Invoices have numbers like that" in refused.text


def test_the_organisation_is_described_with_a_logo(browse):
    olga = browse("administrator")
    form = olga.get("/sales/organization").text
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    olga.post("/sales/organization", version=version, name="Nord AS", tax_number="NO 1")
    assert 'value="NO 1"' in olga.get("/sales/organization").text
    late = olga.post("/sales/organization", version=version, name="Other")
    assert (late.status_code, "Saved now: Nord AS" in late.text) == (409, True)
    assert olga.get("/sales/organization/logo").status_code == 404
    olga.post("/sales/organization/logo", logo=(io.BytesIO(b"<svg/>"), "logo.png"))
    assert "Use a PNG or JPEG picture." in olga.get("/sales/organization").text
