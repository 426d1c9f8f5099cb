"""From quote to order to invoice to payment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from services.records.timeline import timeline_of
from services.sales.lines import lines_of, present_lines, totals_of
from services.sales.model import Invoice, Order, Quote
from services.sales.numbering import next_number
from services.sales.orders import quantities_left
from services.sales.payments import payments_of


@pytest.fixture
def shop(staff):
    """A seller with a window at 100.00 less 10 % from ten on, 25 % tax, and a client."""
    staff.do("organization.update", "olga", name="Lanewise", tax_percent=25)
    staff.window = staff.do("product.create", "olga", name="Window", code="W-1", unit="pcs")
    staff.book = staff.do("product.create", "olga", name="Book", code="B-1", tax_category="E")
    staff.retail = staff.do("price_list.create", "olga", name="Retail", currency="EUR")
    for product, steps in (
        (staff.window, [{"unit_price": "100"}, {"unit_price": "90", "minimum_quantity": 10}]),
        (staff.book, [{"unit_price": "20"}]),
    ):
        staff.do(
            "price_list.set_prices",
            "olga",
            price_list_id=staff.retail.id,
            product_id=product.id,
            prices=steps,
        )
    staff.client_of = staff.do("account.create", "anna", name="Nordlys").id
    return staff


def _quote(shop, *lines, **values):
    return shop.do(
        "quote.create",
        "anna",
        **{
            "title": "Windows",
            "account_id": shop.client_of,
            "price_list_id": shop.retail.id,
            "lines": list(lines) or [{"product_id": shop.window.id, "quantity": 10}],
            **values,
        },
    )


def _order(shop, *lines):
    order = shop.do("quote.accept", "anna", quote_id=_quote(shop, *lines).id)
    return shop.do("order.confirm", "anna", order_id=order.id)


def _invoice(shop, *lines):
    order = _order(shop, *lines)
    invoice = shop.do("order.invoice", "anna", order_id=order.id)
    return shop.do("invoice.issue", "anna", invoice_id=invoice.id)


def _fresh(shop, model, key):
    return shop.ask(lambda uow: uow.get(model, key))


def test_a_line_is_filled_from_the_catalogue(shop):
    quote = _quote(
        shop, {"product_id": shop.window.id, "quantity": 10}, {"product_id": shop.book.id}
    )
    window, book = shop.ask(lambda uow: present_lines(uow, quote))
    assert (window["title"], window["unit"], window["unit_price"]) == ("Window", "pcs", 90)
    assert (window["tax_category"], window["tax_percent"], window["net"]) == ("S", 25, 900)
    assert (book["tax_category"], book["tax_percent"]) == ("E", 0)
    assert (quote.net, quote.tax, quote.gross) == (920, 225, 1145)


def test_what_is_given_counts_more_than_the_catalogue(shop):
    quote = _quote(
        shop,
        {
            "product_id": shop.window.id,
            "title": "Round window",
            "quantity": "2.5",
            "unit_price": "80.123456",
            "discount_percent": 5,
            "tax_percent": 12,
        },
        {"title": "Journey", "unit_price": 50},
    )
    lines = shop.ask(lambda uow: present_lines(uow, quote))
    assert (lines[0]["title"], lines[0]["net"]) == ("Round window", Decimal("190.29"))
    totals = shop.ask(lambda uow: totals_of(uow, quote))
    assert [(group.percent, group.tax) for group in totals.groups] == [
        (12, Decimal("22.83")),
        (25, Decimal("12.50")),
    ]


def test_a_discount_comes_off_the_whole_document(shop):
    quote = _quote(shop, discount_percent=10)
    assert (quote.net, quote.taxable, quote.tax, quote.gross) == (
        900,
        810,
        Decimal("202.5"),
        Decimal("1012.5"),
    )
    quote = shop.do("quote.update", "anna", quote_id=quote.id, discount_percent=0)
    assert quote.gross == 1125


def test_amounts_have_no_cents_when_the_currency_has_none(shop):
    quote = _quote(
        shop,
        {"title": "Window", "quantity": 3, "unit_price": "333.5"},
        currency="JPY",
        price_list_id=None,
    )
    assert [str(amount) for amount in (quote.net, quote.tax, quote.gross)] == [
        "1001",
        "250",
        "1251",
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({}, "lines.0.title"),
        ({"title": "Journey"}, "lines.0.unit_price"),
        ({"title": "Journey", "unit_price": -1}, "lines.0.unit_price"),
        ({"title": "Journey", "unit_price": 1, "quantity": 0}, "lines.0.quantity"),
        ({"title": "J", "unit_price": 1, "discount_percent": 101}, "lines.0.discount_percent"),
        ({"title": "J", "unit_price": 1, "tax_category": "AE", "tax_percent": 5}, "lines.0.tax_"),
        ({"product_id": "00000000-0000-7000-8000-000000000000"}, "lines.0.product_id"),
        ({"title": "J", "unit_price": "9999999999999", "quantity": 9999999}, "lines"),
    ],
)
def test_a_line_is_refused_when_it_makes_no_sense(shop, line, field):
    with pytest.raises(Invalid) as caught:
        _quote(shop, line)
    assert any(name.startswith(field) for name in caught.value.fields)
    assert shop.ask(lambda uow: uow.session.query(Quote).count()) == 0


def test_a_product_is_refused_when_it_is_not_sold_any_more(shop):
    shop.do("product.update", "olga", product_id=shop.window.id, sold=False)
    with pytest.raises(Invalid) as caught:
        _quote(shop)
    assert "lines.0.product_id" in caught.value.fields


@pytest.mark.parametrize("kind", ["quote", "order", "invoice", "contract", "subscription"])
def test_prices_are_converted_when_a_draft_changes_its_currency(shop, kind):
    lines = [{"title": "A", "unit_price": "20.50"}, {"title": "B", "unit_price": "0.0041"}]
    given = {"title": "X", "account_id": shop.client_of, "price_list_id": shop.retail.id}
    made = shop.do(f"{kind}.create", "anna", lines=lines, **given)
    about = {f"{kind}_id": made.id, "currency": "JPY"}
    with pytest.raises(Invalid, match="no exchange rate for JPY") as refused:
        shop.do(f"{kind}.update", "anna", **about)
    assert list(refused.value.fields) == ["currency"]
    shop.do("currency.set_rate", "olga", currency="JPY", valid_from="2026-01-01", rate="0.006")
    made = shop.do(f"{kind}.update", "anna", **about)
    found = shop.ask(lambda uow: [line.unit_price for line in lines_of(uow, made)])
    assert found == [3417, Decimal("0.683333")]
    assert (str(made.net), made.price_list_id) == ("3418", None)
    if kind == "contract":
        assert made.value == 3418


@pytest.mark.parametrize("kind", ["quote", "contract"])
def test_figures_stay_when_only_the_currency_of_a_draft_was_wrong(shop, kind):
    lines = [{"title": "A", "unit_price": "20.50"}]
    given = {"title": "X", "account_id": shop.client_of, "price_list_id": shop.retail.id}
    made = shop.do(f"{kind}.create", "anna", lines=lines, **given)
    about = {f"{kind}_id": made.id, "currency": "JPY", "convert": False}
    made = shop.do(f"{kind}.update", "anna", **about)
    (line,) = shop.ask(lambda uow: lines_of(uow, made))
    assert (line.unit_price, made.net, made.price_list_id) == (Decimal("20.5"), 21, None)


def test_a_line_is_not_overwritten_when_its_words_were_changed_meanwhile(shop):
    quote = _quote(shop)
    lines = [{"product_id": shop.window.id, "quantity": 10, "title": "Large window"}]
    shop.do("quote.update", "anna", quote_id=quote.id, version=quote.version, lines=lines)
    with pytest.raises(StaleVersion, match=r"Anna changed .*the lines in the meantime"):
        shop.do("quote.update", "anna", quote_id=quote.id, version=quote.version, lines=[])


def test_the_timeline_tells_it_when_lines_were_changed(shop):
    quote = _quote(shop)
    lines = [{"product_id": shop.window.id, "quantity": 4}]
    for _ in range(2):
        shop.do("quote.update", "anna", quote_id=quote.id, lines=lines)
    told = shop.ask(lambda uow: timeline_of(uow, "quote", quote.id))
    assert [entry.title for entry in told] == ["Changed the lines, now 1", "Made quote “Windows”"]
    (change,) = told[0].details["changes"]
    assert (change["old"], change["new"]) == ("1,125.00 EUR", "500.00 EUR")


def test_a_quote_that_was_sent_is_changed_in_a_copy(shop):
    sent = shop.do("quote.send", "anna", quote_id=_quote(shop, discount_percent=5).id)
    with pytest.raises(Conflict, match=r"This quote is sent; it can't be changed any more\."):
        shop.do("quote.update", "anna", quote_id=sent.id, title="Late")
    copy = shop.do("quote.copy", "anna", quote_id=sent.id)
    assert (copy.status, copy.number, copy.gross) == ("draft", "Q-2026-00002", sent.gross)
    assert shop.do("quote.update", "anna", quote_id=copy.id, lines=[]).gross == 0


def test_the_timeline_tells_what_was_paid_in_words(shop):
    issued = _invoice(shop)
    paid = shop.do("payment.record", "anna", invoice_id=issued.id, amount=5, reference="Bank 1")
    shop.do("payment.take_back", "anna", payment_id=paid["payment_id"])
    told = [entry.title for entry in shop.ask(lambda uow: timeline_of(uow, "invoice", issued.id))]
    assert told[:2] == ["Took back 5.00 EUR (Bank 1)", "Paid 5.00 EUR (Bank 1)"]
    assert told[2] == f"Issued as {issued.number}"


def test_an_account_tells_of_its_papers_to_who_may_see_them(shop):
    invoice = _invoice(shop)
    shop.do("payment.record", "anna", invoice_id=invoice.id, amount=5)
    told = shop.ask(lambda uow: timeline_of(uow, "account", shop.client_of))
    assert told[0].title == "Paid 5.00 EUR"
    assert {"quote", "order", "invoice", "account"} == {entry.record_type for entry in told}


def test_an_orders_invoice_keeps_its_currency(shop):
    drafted = shop.do("order.invoice", "anna", order_id=_order(shop).id)
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.1")
    with pytest.raises(Invalid, match="The currency is the order's"):
        shop.do("invoice.update", "anna", invoice_id=drafted.id, currency="NOK")


def test_a_value_without_lines_is_converted_when_the_currency_changes(shop):
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.1")
    given = {"title": "X", "account_id": shop.client_of, "value": "100"}
    made = shop.do("contract.create", "anna", **given)
    made = shop.do("contract.update", "anna", contract_id=made.id, currency="NOK")
    assert made.value == 1000
    made = shop.do("contract.update", "anna", contract_id=made.id, currency="EUR", value="7")
    assert made.value == 7


def test_a_list_of_another_currency_is_refused_when_it_is_chosen_for_a_draft(shop):
    other = shop.do("price_list.create", "olga", name="Abroad", currency="NOK")
    made = _quote(shop)
    with pytest.raises(Invalid, match="This price list is in NOK") as refused:
        shop.do("quote.update", "anna", quote_id=made.id, price_list_id=other.id)
    assert list(refused.value.fields) == ["price_list_id"]
    given = {"quote_id": made.id, "price_list_id": other.id, "currency": "NOK", "lines": []}
    assert shop.do("quote.update", "anna", **given).currency == "NOK"


def test_a_quote_is_refused_when_its_list_has_another_currency(shop):
    with pytest.raises(Invalid) as caught:
        _quote(shop, currency="NOK")
    assert "currency" in caught.value.fields


def test_a_quote_stays_as_it_is_when_it_was_sent(shop):
    quote = _quote(shop)
    shop.do("quote.send", "anna", quote_id=quote.id)
    with pytest.raises(Conflict):
        shop.do("quote.update", "anna", quote_id=quote.id, lines=[])
    shop.do(
        "price_list.set_prices",
        "olga",
        price_list_id=shop.retail.id,
        product_id=shop.window.id,
        prices=[],
    )
    assert _fresh(shop, Quote, quote.id).gross == 1125


def test_one_order_comes_of_a_quote_however_often_it_is_accepted(shop):
    quote = _quote(shop)
    with ThreadPoolExecutor(4) as pool:
        orders = list(
            pool.map(lambda _: shop.do("quote.accept", "anna", quote_id=quote.id), range(4))
        )
    assert len({order.id for order in orders}) == 1
    order = orders[0]
    assert (order.gross, order.account_id, order.quote_id) == (1125, shop.client_of, quote.id)
    assert [line.net for line in shop.ask(lines_of, order)] == [900]
    assert shop.events().count("quote.accepted") == 1


def test_a_quote_is_not_accepted_when_it_is_too_old(shop, clock):
    quote = _quote(shop, valid_until="2026-03-05")
    clock.advance(timedelta(days=60))
    with pytest.raises(Conflict) as caught:
        shop.do("quote.accept", "anna", quote_id=quote.id)
    assert caught.value.code == "quote_expired"


def test_a_declined_quote_has_a_reason_and_is_done(shop):
    quote = _quote(shop)
    about = {"quote_id": quote.id}
    shop.do("quote.decline", "anna", **about, reason="Too dear")
    for operation, more in (("accept", {}), ("send", {}), ("decline", {"reason": "Late"})):
        with pytest.raises(Conflict):
            shop.do(f"quote.{operation}", "anna", **about, **more)
    assert _fresh(shop, Quote, quote.id).decline_reason == "Too dear"


def test_an_order_is_invoiced_in_parts_until_nothing_is_left(shop):
    order = _order(
        shop, {"product_id": shop.window.id, "quantity": 10}, {"product_id": shop.book.id}
    )
    first = shop.do(
        "order.invoice", "anna", order_id=order.id, lines=[{"position": 1, "quantity": 4}]
    )
    assert (first.net, first.tax) == (360, 90)
    assert shop.ask(lambda uow: quantities_left(uow, uow.get(Order, order.id))) == {1: 6, 2: 1}
    with pytest.raises(Invalid) as caught:
        shop.do("order.invoice", "anna", order_id=order.id, lines=[{"position": 1, "quantity": 7}])
    assert caught.value.fields == {"lines.0.quantity": ["Only 6 is left."]}
    second = shop.do("order.invoice", "anna", order_id=order.id)
    assert second.net == 560
    assert _fresh(shop, Order, order.id).status == "invoiced"
    with pytest.raises(Conflict):
        shop.do("order.invoice", "anna", order_id=order.id)


def test_a_share_of_everything_is_invoiced_and_then_the_rest(shop):
    order = _order(
        shop,
        {"title": "Glass", "unit_price": "99.99"},
        {"title": "Frame", "quantity": 3, "unit_price": "10"},
    )
    deposit = shop.do("order.invoice", "anna", order_id=order.id, percent="30")
    assert (deposit.title, deposit.net) == (f"{order.title}, 30 %", Decimal("39.00"))
    shop.do("order.invoice", "anna", order_id=order.id, lines=[{"position": 2, "quantity": 2}])
    rest = shop.do("order.invoice", "anna", order_id=order.id, percent="70")
    assert [line.quantity for line in shop.ask(lines_of, rest)] == [
        Decimal("0.7"),
        Decimal("0.1"),  # of 2.1 as far as it is left
    ]
    assert _fresh(shop, Order, order.id).status == "invoiced"
    other, part = _order(shop), [{"position": 1, "quantity": 1}]
    with pytest.raises(Invalid, match="not both"):
        shop.do("order.invoice", "anna", order_id=other.id, percent="5", lines=part)


def test_no_more_is_invoiced_than_ordered_when_two_do_it_at_once(shop):
    order = _order(shop)
    barrier = threading.Barrier(2)

    def invoice(_):
        barrier.wait()
        try:
            shop.do(
                "order.invoice", "anna", order_id=order.id, lines=[{"position": 1, "quantity": 6}]
            )
        except Invalid:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(invoice, range(2))) == 1


def test_an_invoice_gets_its_number_and_due_day_when_it_is_issued(shop):
    invoice = _invoice(shop)
    assert (invoice.number, invoice.status) == ("INV-2026-00001", "issued")
    assert invoice.due_on - invoice.issued_on == timedelta(days=14)
    with pytest.raises(Conflict):
        shop.do("invoice.update", "anna", invoice_id=invoice.id, title="Other")
    with pytest.raises(Conflict):
        shop.do("invoice.issue", "anna", invoice_id=invoice.id)


def test_numbers_have_no_gap_when_an_issue_fails(shop):
    first = _invoice(shop)
    empty = shop.do("invoice.create", "anna", title="Empty", account_id=shop.client_of)
    with pytest.raises(Conflict):
        shop.do("invoice.issue", "anna", invoice_id=empty.id)
    with pytest.raises(RuntimeError):
        shop.ask(_issue_and_fail)
    assert (first.number, _invoice(shop).number) == ("INV-2026-00001", "INV-2026-00002")


def _issue_and_fail(uow):
    assert next_number(uow, "invoice", date(2026, 3, 2)) == "INV-2026-00002"
    raise RuntimeError


def test_numbers_are_all_different_when_many_issue_at_once(shop):
    drafts = [
        shop.do(
            "invoice.create",
            "anna",
            title="Journey",
            account_id=shop.client_of,
            lines=[{"title": "Journey", "unit_price": 50}],
        ).id
        for _ in range(12)
    ]
    with ThreadPoolExecutor(4) as pool:
        issued = list(
            pool.map(lambda key: shop.do("invoice.issue", "anna", invoice_id=key), drafts)
        )
    assert sorted(invoice.number for invoice in issued) == [
        f"INV-2026-{number:05}" for number in range(1, 13)
    ]


def test_numbers_begin_anew_with_the_year_of_the_installation(shop, clock):
    _invoice(shop)
    clock.advance(datetime(2026, 12, 31, 23, 30, tzinfo=UTC) - clock.now())
    invoice = _invoice(shop)
    year = clock.now().astimezone(shop.platform.settings.timezone).year
    assert invoice.number == (f"INV-{year}-00001" if year == 2027 else f"INV-{year}-00002")
    clock.advance(timedelta(days=1))
    assert _invoice(shop).number.startswith("INV-2027-")


@pytest.mark.parametrize("pattern", ["INV", "{number}{number}", "{year.real}-{number}", "{x}"])
def test_a_pattern_is_refused_when_it_can_not_be_counted(shop, pattern):
    with pytest.raises(Invalid):
        shop.do("numbering.set_pattern", "olga", name="invoice", pattern=pattern)


def test_numbers_look_as_the_pattern_says(shop):
    shop.do("numbering.set_pattern", "olga", name="invoice", pattern="R{number:08}/X")
    assert _invoice(shop).number == "R00000001/X"
    with pytest.raises(NotAllowed):
        shop.do("numbering.set_pattern", "anna", name="invoice", pattern="{number}")
    with pytest.raises(NotFound):
        shop.do("numbering.set_pattern", "olga", name="letters", pattern="{number}")


def test_an_invoice_is_paid_when_nothing_is_left(shop):
    invoice = _invoice(shop)
    first = shop.do("payment.record", "anna", invoice_id=invoice.id, amount="1000")
    assert first["left"] == 125
    with pytest.raises(Invalid) as caught:
        shop.do("payment.record", "anna", invoice_id=invoice.id, amount="125.01")
    assert caught.value.fields == {"amount": ["Only 125.00 EUR is left to be paid."]}
    shop.do("payment.record", "anna", invoice_id=invoice.id, amount="125", reference="Bank")
    paid = _fresh(shop, Invoice, invoice.id)
    assert (paid.status, paid.paid) == ("paid", 1125)
    assert shop.events().count("invoice.paid") == 1
    shop.do("payment.take_back", "anna", payment_id=first["payment_id"])
    open_again = _fresh(shop, Invoice, invoice.id)
    assert (open_again.status, open_again.paid) == ("issued", 125)
    with pytest.raises(Conflict):
        shop.do("payment.take_back", "anna", payment_id=first["payment_id"])
    assert [p.taken_back_at is None for p in shop.ask(payments_of, invoice)] == [False, True]


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "NaN", "1e400", "1e99999999"])
def test_a_payment_is_refused_when_it_is_no_amount(shop, amount):
    with pytest.raises(Invalid) as caught:
        shop.do("payment.record", "anna", invoice_id=_invoice(shop).id, amount=amount)
    assert "amount" in caught.value.fields


def test_no_more_is_paid_than_is_owed_when_two_pay_at_once(shop):
    invoice = _invoice(shop)
    barrier = threading.Barrier(2)

    def pay(_):
        barrier.wait()
        try:
            shop.do("payment.record", "anna", invoice_id=invoice.id, amount="1125")
        except (Conflict, Invalid):
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(pay, range(2))) == 1


def test_a_credit_note_takes_an_invoice_back_once(shop):
    invoice = _invoice(shop)
    note = shop.do("invoice.credit", "anna", invoice_id=invoice.id)
    again = shop.do("invoice.credit", "anna", invoice_id=invoice.id)
    assert (again.id, note.number, note.gross) == (note.id, "CN-2026-00001", 1125)
    assert _fresh(shop, Invoice, invoice.id).status == "credited"
    order = _fresh(shop, Order, invoice.order_id)
    assert order.status == "confirmed"
    assert shop.do("order.invoice", "anna", order_id=order.id).net == 900


def test_a_document_is_not_found_when_it_is_another_teams(shop):
    quote = _quote(shop)
    with pytest.raises(NotFound):
        shop.do("quote.send", "sven", quote_id=quote.id)


def test_a_change_is_refused_when_somebody_else_was_quicker(shop):
    quote = _quote(shop)
    shop.do("quote.update", "anna", quote_id=quote.id, version=quote.version, title="New")
    with pytest.raises(StaleVersion):
        shop.do("quote.update", "anna", quote_id=quote.id, version=quote.version, lines=[])


@given(
    st.lists(
        st.tuples(st.decimals("0.001", "999", places=3), st.decimals("0", "999", places=4)),
        min_size=1,
        max_size=5,
    ),
    st.data(),
)
@settings(max_examples=15)
def test_parts_of_an_order_come_to_its_quantity_whatever_they_are(shop, lines, data):
    order = _order(
        shop, *({"title": "X", "quantity": str(q), "unit_price": str(p)} for q, p in lines)
    )
    parts = []
    for position, (quantity, _) in enumerate(lines, start=1):
        part = data.draw(st.decimals("0.001", quantity, places=3))
        parts.append({"position": position, "quantity": str(part)})
    shop.do("order.invoice", "anna", order_id=order.id, lines=parts)
    left = shop.ask(lambda uow: quantities_left(uow, uow.get(Order, order.id)))
    assert [left[p["position"]] + Decimal(p["quantity"]) for p in parts] == [q for q, _ in lines]
    if any(left.values()):
        shop.do("order.invoice", "anna", order_id=order.id)
    assert _fresh(shop, Order, order.id).status == "invoiced"
