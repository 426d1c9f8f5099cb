"""Part credits, refunds, what is left of an order, numbers, and quotes made of deals."""

from __future__ import annotations

import base64
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.documents.sandbox import render
from services.documents.shipped import shipped_templates
from services.documents.values import values_for
from services.errors import Conflict, Invalid
from services.records.timeline import timeline_of
from services.sales.credit_notes import credit_notes_of, quantities_to_credit
from services.sales.lines import lines_of, present_lines, totals_of
from services.sales.model import Invoice, Order
from services.sales.numbering import show_series
from services.sales.orders import quantities_left
from services.sales.payments import payments_of


@pytest.fixture
def shop(staff):
    """A seller with 25 % tax and a client."""
    staff.do("organization.update", "olga", name="Lanewise", tax_percent=25)
    staff.client_of = staff.do("account.create", "anna", name="Nordlys").id
    return staff


def _issued(shop, *lines, **values):
    invoice = shop.do(
        "invoice.create",
        "anna",
        title="Windows",
        account_id=shop.client_of,
        lines=list(lines) or [{"title": "Window", "quantity": 10, "unit_price": 90}],
        **values,
    )
    return shop.do("invoice.issue", "anna", invoice_id=invoice.id)


def _ordered(shop, quantity=10):
    order = shop.do(
        "order.create",
        "anna",
        title="Windows",
        account_id=shop.client_of,
        lines=[{"title": "Window", "quantity": quantity, "unit_price": 90}],
    )
    return shop.do("order.confirm", "anna", order_id=order.id)


def _credit(shop, invoice, *parts, **values):
    lines = [{"position": position, "quantity": quantity} for position, quantity in parts]
    given = {"lines": lines} if lines else {}
    return shop.do("invoice.credit", "anna", invoice_id=invoice.id, **given, **values)


def _pay(shop, invoice, amount, operation="payment.record"):
    return shop.do(operation, "anna", invoice_id=invoice.id, amount=amount)


def _fresh(shop, model, key):
    return shop.ask(lambda uow: uow.get(model, key))


def _at_once(work):
    """Run ``work`` twice at the same time; return how often it was not refused."""
    barrier = threading.Barrier(2)

    def one(_):
        barrier.wait()
        try:
            work()
        except (Conflict, Invalid):
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, range(2)))


def test_a_credit_note_takes_some_lines_when_they_are_named(shop):
    invoice = _issued(
        shop,
        {"title": "Window", "quantity": 10, "unit_price": 90},
        {"title": "Journey", "unit_price": 50},
    )
    note = _credit(shop, invoice, (1, 4), reason="Broken")
    assert (note.number, note.net, note.gross, note.note) == ("CN-2026-00001", 360, 450, "Broken")
    left = _fresh(shop, Invoice, invoice.id)
    assert (left.status, left.credited, left.open) == ("issued", 450, Decimal("737.5"))
    told = shop.ask(timeline_of, "invoice", invoice.id)[0].title
    assert told == "Credited 450.00 EUR by CN-2026-00001"
    assert shop.ask(quantities_to_credit, invoice) == {1: 6, 2: 1}


def _printed(shop, invoice):
    body = next(one.body for one in shipped_templates() if one.name == "invoice")
    zone = shop.platform.settings.timezone

    def printed(uow):
        return render(body, values_for(uow, uow.get(Invoice, invoice.id)), language="en", zone=zone)

    return shop.ask(printed)


def test_a_printed_credit_note_names_the_invoice_that_it_takes_back(shop):
    invoice = _issued(shop)
    note = _credit(shop, invoice, (1, 4))
    assert "Invoice INV-2026-00001 of " in _printed(shop, note)
    assert "Takes back" not in _printed(shop, invoice)


def test_a_printed_invoice_asks_for_no_money_when_nothing_is_owed(shop):
    invoice = _issued(shop)
    assert "Please transfer" in _printed(shop, invoice)
    _pay(shop, invoice, "1125")
    _credit(shop, invoice, (1, 4))
    text = _printed(shop, invoice)
    assert "Credited: €450.00. Paid so far: €1,125.00." in text
    assert "Please transfer" not in text
    assert "Still to pay" not in text


def test_a_printed_invoice_says_why_there_is_no_tax(shop):
    taxed = {"title": "Window", "unit_price": 100}
    reverse = {"title": "Journey", "unit_price": 50, "tax_category": "AE"}
    printed = _printed(shop, _issued(shop, taxed, reverse))
    assert "Reverse charge: €50.00 without VAT; the recipient owes the tax." in printed
    assert "without VAT" not in _printed(shop, _issued(shop, taxed))


def test_no_more_is_credited_than_was_invoiced(shop):
    invoice = _issued(shop)
    _credit(shop, invoice, (1, 4))
    with pytest.raises(Invalid) as caught:
        _credit(shop, invoice, (1, 7))
    assert caught.value.fields == {"lines.0.quantity": ["Only 6 is left."]}
    _credit(shop, invoice)
    with pytest.raises(Conflict):
        _credit(shop, invoice, (1, 1))
    assert _fresh(shop, Invoice, invoice.id).status == "credited"


def test_no_more_is_credited_than_was_invoiced_when_two_do_it_at_once(shop):
    invoice = _issued(shop)
    assert _at_once(lambda: _credit(shop, invoice, (1, 6))) == 1


@given(
    st.lists(
        st.tuples(
            st.decimals("0.001", "99", places=3),
            st.decimals("0", "99", places=4),
            st.sampled_from(["0", "7", "19"]),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["EUR", "JPY", "BHD"]),
    st.sampled_from(["0", "3.33"]),
    st.data(),
)
@settings(max_examples=8)
def test_credit_notes_come_to_their_invoice_whatever_the_parts_are(
    shop, lines, currency, discount, data
):
    invoice = _issued(
        shop,
        *({"title": "X", "quantity": q, "unit_price": p, "tax_percent": t} for q, p, t in lines),
        currency=currency,
        discount_percent=discount,
    )
    for position, (quantity, _, _) in enumerate(lines, start=1):
        part = data.draw(st.decimals("0.001", quantity, places=3))
        _credit(shop, invoice, (position, part))
        assert _fresh(shop, Invoice, invoice.id).credited <= invoice.gross
    _credit(shop, invoice)
    notes = shop.ask(credit_notes_of, invoice)
    for name in ("net", "taxable", "tax", "gross"):
        assert sum(getattr(note, name) for note in notes) == getattr(invoice, name)
    for note in notes:
        sums = shop.ask(totals_of, note)
        assert sum(group.tax for group in sums.groups) == note.tax == sums.tax
        assert sum(group.taxable for group in sums.groups) == note.taxable == sums.taxable


def test_what_was_paid_too_much_is_paid_back_when_it_was_credited(shop):
    invoice = _issued(shop)
    with pytest.raises(Conflict):
        _pay(shop, invoice, "1", "payment.refund")
    _pay(shop, invoice, "1125")
    _credit(shop, invoice, (1, 4))
    with pytest.raises(Invalid) as caught:
        _pay(shop, invoice, "450.01", "payment.refund")
    assert caught.value.fields == {"amount": ["Only 450.00 EUR is to be paid back."]}
    back = _pay(shop, invoice, "450", "payment.refund")
    assert (back["left"], _fresh(shop, Invoice, invoice.id).open) == (0, 0)
    first = shop.ask(payments_of, invoice)[0]
    with pytest.raises(Conflict):
        shop.do("payment.take_back", "anna", payment_id=first.id)


def test_an_invoice_is_paid_when_a_credit_note_takes_the_rest(shop):
    invoice = _issued(shop)
    _pay(shop, invoice, "675")
    _credit(shop, invoice, (1, 4))
    assert _fresh(shop, Invoice, invoice.id).status == "paid"


def test_a_credit_note_takes_no_payments(shop):
    note = _credit(shop, _issued(shop))
    with pytest.raises(Conflict):
        _pay(shop, note, "1")


def test_credited_quantities_can_be_invoiced_again(shop):
    order = _ordered(shop)
    invoice = shop.do("order.invoice", "anna", order_id=order.id)
    shop.do("invoice.issue", "anna", invoice_id=invoice.id)
    _credit(shop, invoice, (1, 4))
    assert _fresh(shop, Order, order.id).status == "confirmed"
    assert shop.ask(lambda uow: quantities_left(uow, uow.get(Order, order.id))) == {1: 4}


def test_a_deleted_draft_gives_its_quantities_back_until_it_is_restored(shop):
    order = _ordered(shop)
    draft = shop.do("order.invoice", "anna", order_id=order.id)
    about = {"record_type": "invoice", "record_id": draft.id}
    shop.do("record.delete", "anna", **about)
    assert _fresh(shop, Order, order.id).status == "confirmed"
    shop.do("record.restore", "anna", **about)
    assert _fresh(shop, Order, order.id).status == "invoiced"
    shop.do("record.delete", "anna", **about)
    shop.do("order.invoice", "anna", order_id=order.id, lines=[{"position": 1, "quantity": 1}])
    with pytest.raises(Conflict):
        shop.do("record.restore", "anna", **about)


def test_a_deleted_draft_stays_in_the_bin_when_its_order_was_cancelled(shop):
    order = _ordered(shop)
    draft = shop.do("order.invoice", "anna", order_id=order.id)
    about = {"record_type": "invoice", "record_id": draft.id}
    shop.do("record.delete", "anna", **about)
    shop.do("order.cancel", "anna", order_id=order.id)
    with pytest.raises(Conflict, match="cancelled"):
        shop.do("record.restore", "anna", **about)


def test_an_invoice_is_paid_when_it_is_issued_and_costs_nothing(shop):
    free = _issued(shop, {"title": "Window", "unit_price": 90, "discount_percent": 100})
    assert (free.status, free.open) == ("paid", 0)


def test_many_lines_are_priced_in_few_statements(shop):
    product = shop.do("product.create", "olga", name="Screw", code="S")
    prices = shop.do("price_list.create", "olga", name="Retail", currency="EUR")
    about = {"price_list_id": prices.id, "product_id": product.id}
    shop.do("price.add", "olga", **about, unit_price="0.005")
    lines = [{"product_id": product.id} for _ in range(500)]
    with shop.counting() as statements:
        quote = shop.do(
            "quote.create",
            "anna",
            title="Screws",
            account_id=shop.client_of,
            price_list_id=prices.id,
            lines=lines,
        )
    asked = [one for one in statements if one.startswith("SELECT")]
    assert (quote.net, len(asked) < 40) == (5, True)


def test_numbers_go_on_after_those_that_look_alike(shop):
    set_pattern = {"name": "invoice", "pattern": "R-{year}-{number:03}"}
    shop.do("numbering.set_pattern", "olga", **set_pattern, next_number=42)
    assert _issued(shop).number == "R-2026-042"
    shop.do("numbering.set_pattern", "olga", name="invoice", pattern="X{number}")
    assert _issued(shop).number == "X1"
    shop.do("numbering.set_pattern", "olga", **set_pattern, yearly=False)
    assert _issued(shop).number == "R-2026-043"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"pattern": "CN-{year}-{number}"}, "pattern"),
        ({"pattern": "INV-{year}-{number:05}", "next_number": 1}, "next_number"),
        ({"pattern": "INV-{number:99}"}, "pattern"),
    ],
)
def test_a_series_is_refused_when_numbers_would_come_twice(shop, values, field):
    _issued(shop)
    with pytest.raises(Invalid) as caught:
        shop.do("numbering.set_pattern", "olga", name="invoice", **values)
    assert field in caught.value.fields


def test_a_series_is_refused_when_it_would_count_on_from_too_high(shop):
    shop.do("numbering.set_pattern", "olga", name="invoice", pattern="{year}{number:07}")
    _issued(shop)
    with pytest.raises(Invalid) as caught:
        shop.do("numbering.set_pattern", "olga", name="invoice", pattern="{number}")
    assert "pattern" in caught.value.fields


def test_a_paper_is_refused_when_its_series_is_used_up(shop):
    about = {"name": "quote", "pattern": "Q-{number}", "next_number": 2**31 - 2}
    shop.do("numbering.set_pattern", "olga", **about)

    def number():
        return shop.do("quote.create", "anna", title="X", account_id=shop.client_of).number

    assert [number(), number()] == ["Q-2147483646", "Q-2147483647"]
    with pytest.raises(Conflict, match="Quotes have used up their numbers"):
        number()


def test_the_number_that_comes_next_is_known(shop):
    _issued(shop)
    shown = shop.ask(lambda uow: {one.name: one.next for one in show_series(uow, uow.now.date())})
    assert (shown["invoice"], shown["quote"]) == ("INV-2026-00002", "Q-2026-00001")
    assert _issued(shop).number == shown["invoice"]


def test_a_quote_has_what_the_deal_is_about(shop):
    window = shop.do("product.create", "olga", name="Window", code="W", tax_percent=10)
    prices = shop.do("price_list.create", "olga", name="Retail", currency="NOK")
    about = {"price_list_id": prices.id, "product_id": window.id}
    shop.do("price.add", "olga", **about, unit_price="1000")
    shop.do("account.update", "anna", account_id=shop.client_of, price_list_id=prices.id)
    deal = shop.do("deal.create", "anna", name="House", account_id=shop.client_of)
    positions = [{"product_id": window.id, "quantity": 2}, {"title": "Journey", "unit_price": 40}]
    with pytest.raises(Invalid) as caught:
        shop.do("deal.set_positions", "anna", deal_id=deal.id, positions=positions)
    assert "positions.0.unit_price" in caught.value.fields
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.09")
    deal = shop.do("deal.set_positions", "anna", deal_id=deal.id, positions=positions)
    assert deal.amount == 220
    quote = shop.do("deal.quote", "anna", deal_id=deal.id)
    assert (quote.net, quote.tax, quote.gross) == (220, 28, 248)
    assert (quote.deal_id, quote.account_id, quote.title) == (deal.id, shop.client_of, "House")
    lines = shop.ask(present_lines, quote)
    assert [(line["product_id"], line["unit_price"]) for line in lines] == [
        (window.id, 90),
        (None, 40),
    ]


def test_a_deal_without_positions_is_quoted_as_a_whole(shop):
    deal = shop.do("deal.create", "anna", name="House", amount=500, account_id=shop.client_of)
    quote = shop.do("deal.quote", "anna", deal_id=deal.id)
    assert [(line.title, line.net) for line in shop.ask(lines_of, quote)] == [("House", 500)]


def test_a_deal_is_not_quoted_when_nobody_knows_for_whom(shop):
    deal = shop.do("deal.create", "anna", name="House", amount=500)
    with pytest.raises(Conflict):
        shop.do("deal.quote", "anna", deal_id=deal.id)


def _png(width=4, height=4, *, pixels=None):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (
        chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels or rows)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_logo_is_kept_when_it_is_a_picture(shop):
    content = base64.b64encode(_png()).decode()
    kept = shop.do("organization.set_logo", "olga", content=content)
    assert kept.logo_type == "image/png"
    assert shop.do("organization.set_logo", "olga", content=None).logo_type is None


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        _png()[:-9],
        _png().replace(b"IDAT", b"IDAX"),
        _png(3_001, 1),
        _png(pixels=b"x"),
        b"\xff\xd8\xff\xe0\x00\x10" + b"\0" * 40,
        b"\xff\xd8" + b"\xff\xe0\xff\xff" + b"x" * 40 + b"\xff\xd9",
        b"",
        b"x" * 300 * 1024 + b"x",
    ],
)
def test_a_logo_is_refused_when_it_is_no_small_picture(shop, content):
    with pytest.raises(Invalid) as caught:
        shop.do("organization.set_logo", "olga", content=base64.b64encode(content).decode())
    assert "content" in caught.value.fields


def test_the_own_currency_stays_while_there_are_rates_in_it(shop):
    shop.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.09")
    with pytest.raises(Invalid) as caught:
        shop.do("organization.update", "olga", currency="NOK")
    assert "currency" in caught.value.fields


@pytest.fixture
def note(shop):
    """A credit note of 30.00 that takes no invoice back: a subscription gave days back."""
    one = shop.do(
        "subscription.create",
        "anna",
        title="Support",
        account_id=shop.client_of,
        starts_on="2026-03-01",
        invoicing="issue",
        lines=[{"title": "Licence", "unit_price": "24.80", "tax_percent": 50}],
    )
    shop.do("subscription.activate", "anna", subscription_id=one.id)
    shop.do("subscription.invoice", "anna", subscription_id=one.id)
    given = {"subscription_id": one.id, "reason": "X", "when": "now", "refund": True}
    shop.do("subscription.cancel", "anna", **given)
    found = _notes(shop)
    assert [(made.status, made.due_on) for made in found] == [("issued", None)]
    return found[0]


def _notes(shop):
    with shop.platform.session() as session:
        return session.scalars(select(Invoice).where(Invoice.kind == "credit_note")).all()


def _offset(shop, note, invoice, amount=None):
    given = {"invoice_id": note.id, "against_id": invoice.id, "amount": amount}
    return shop.do("payment.offset", "anna", **given)


def _payments(shop, paper):
    return [one.amount for one in shop.ask(payments_of, paper) if one.taken_back_at is None]


def test_a_credit_note_of_its_own_is_paid_back(shop, note):
    events = len(shop.events())
    assert _pay(shop, note, "10", "payment.refund")["left"] == note.gross - 10
    with pytest.raises(Invalid, match="is to be paid back"):
        _pay(shop, note, note.gross, "payment.refund")
    with pytest.raises(Conflict):
        _pay(shop, note, "1")
    _pay(shop, note, note.gross - 10, "payment.refund")
    paid = _fresh(shop, Invoice, note.id)
    assert (paid.status, paid.paid, paid.open) == ("paid", note.gross, 0)
    assert "invoice.paid" not in shop.events()[events:]
    last = shop.ask(payments_of, note)[-1]
    shop.do("payment.take_back", "anna", payment_id=last.id)
    assert (_fresh(shop, Invoice, note.id).status, _payments(shop, note)) == ("issued", [-10])


def test_a_credit_note_of_an_invoice_is_settled_there(shop):
    taken = _credit(shop, _issued(shop), (1, 1))
    with pytest.raises(Conflict, match="settled on the invoice"):
        _pay(shop, taken, "1", "payment.refund")
    with pytest.raises(Conflict, match="settled on the invoice"):
        _offset(shop, taken, _issued(shop))


def test_a_credit_note_is_set_off_against_an_open_invoice(shop, note):
    invoice = _issued(shop)
    _offset(shop, note, invoice, "10")
    assert _offset(shop, note, invoice)["left"] == 0
    assert _fresh(shop, Invoice, note.id).status == "paid"
    assert _fresh(shop, Invoice, invoice.id).paid == note.gross
    assert (_payments(shop, note), _payments(shop, invoice)) == (
        [-10, 10 - note.gross],
        [10, note.gross - 10],
    )
    shop.do("payment.take_back", "anna", payment_id=shop.ask(payments_of, invoice)[0].id)
    assert _fresh(shop, Invoice, note.id).open == 10
    assert _payments(shop, invoice) == [note.gross - 10]


def test_an_offset_is_refused_when_the_papers_do_not_go_together(shop, note):
    other = shop.do("account.create", "anna", name="Other").id
    invoice = _issued(shop)
    for against, field in (
        (_issued(shop, currency="NOK"), "against_id"),
        (note, "against_id"),
        (invoice, "amount"),
    ):
        with pytest.raises(Invalid) as refused:
            _offset(shop, note, against, note.gross + 1)
        assert list(refused.value.fields) == [field]
    shop.client_of = other
    with pytest.raises(Invalid, match="another account's"):
        _offset(shop, note, _issued(shop))
    with pytest.raises(Conflict, match="Only a credit note"):
        _offset(shop, invoice, invoice)


def test_no_more_is_set_off_than_is_owed_when_two_do_it_at_once(shop, note):
    invoice = _issued(shop)
    assert _at_once(lambda: _offset(shop, note, invoice, note.gross - 1)) == 1
