"""What belongs to records, and how the installation is set up, over the API."""

from __future__ import annotations

from functools import partial

import pytest


@pytest.fixture
def call(api):
    return api("employee")


def make(call, place: str, **values):
    answer = call("POST", f"/{place}", values)
    assert answer.status_code == 201, answer.text
    return answer.json


def do(call, operation: str, **arguments):
    answer = call("POST", f"/operations/{operation}", arguments)
    assert answer.status_code == 200, answer.text
    return answer.json


def items(call, path: str):
    answer = call("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def test_old_values_are_told_when_a_field_was_changed(call):
    lead = make(call, "leads", name="Kari", company="Fjord")
    call("PATCH", f"/leads/{lead['id']}", {"company": "Fjord AS", "version": lead["version"]})
    [change] = items(call, f"/leads/{lead['id']}/history?field=company")
    assert (change["old"], change["new"]) == ("Fjord", "Fjord AS")
    assert call("GET", f"/leads/{lead['id']}/history?field=colour").status_code == 404
    assert call("GET", f"/leads/{lead['id']}/history?limit=0").status_code == 422


def test_how_many_records_carry_a_tag_is_told_to_those_alone_who_look_after_data(call, api):
    lead = make(call, "leads", name="Kari")
    do(call, "record.tag", record_type="lead", record_id=lead["id"], name="Important")
    assert [tag["name"] for tag in items(call, f"/leads/{lead['id']}/tags")] == ["Important"]
    counts = [
        [tag.get("records") for tag in items(who, "/tags")] for who in (call, api("administrator"))
    ]
    assert counts == [[None], [1]]


def test_points_are_told_with_which_is_primary(call):
    contact = make(call, "contacts", last_name="Kari", email="kari@fjord.example")
    do(
        call,
        "contact_point.add",
        record_type="contact",
        record_id=contact["id"],
        kind="mail",
        value="Kari@Home.example",
    )
    found = items(call, f"/contacts/{contact['id']}/points")
    assert [(one["normalised"], one["is_primary"]) for one in found] == [
        ("kari@fjord.example", True),
        ("kari@home.example", False),
    ]


def test_places_are_told_from_both_ends(call):
    account = make(call, "accounts", name="Fjord AS")
    contact = make(call, "contacts", last_name="Kari", account_id=account["id"])
    [at] = items(call, f"/contacts/{contact['id']}/accounts")
    [who] = items(call, f"/accounts/{account['id']}/contacts")
    assert at == who
    assert (at["account_name"], at["contact_name"], at["is_primary"]) == ("Fjord AS", "Kari", True)


def test_who_works_on_a_deal_is_told(call):
    deal = make(call, "deals", name="Boats", currency="EUR")
    contact = make(call, "contacts", last_name="Kari")
    do(call, "deal.set_contact", deal_id=deal["id"], contact_id=contact["id"], role="Buyer")
    assert items(call, f"/deals/{deal['id']}/team") == []
    [part] = items(call, f"/deals/{deal['id']}/contacts")
    assert part == {"contact_id": contact["id"], "role": "Buyer"}


@pytest.mark.parametrize("part", ["history", "tags", "threads", "points"])
def test_nothing_is_told_of_a_record_when_it_may_not_be_seen(api, part):
    lead = make(api("administrator"), "leads", name="Secret")
    assert api("employee")("GET", f"/leads/{lead['id']}/{part}").status_code == 404


def test_a_type_tells_its_fields_and_choices(call):
    assert {"lead", "deal"} <= {one["name"] for one in items(call, "/record-types")}
    lead = call("GET", "/record-types/lead").json
    fields = {field["name"]: field for field in lead["fields"]}
    assert fields["name"]["is_required"]
    assert {"value", "label"} == set(fields["status"]["choices"][0])
    assert call("GET", "/record-types/colour").status_code == 404


def test_a_view_tells_its_filter_and_count(api, call):
    make(call, "leads", name="Kari", company="Fjord")
    make(call, "leads", name="Ola", company="Fjell")
    do(
        call,
        "view.save",
        record_type="lead",
        name="Fjords",
        filter={"field": "company", "op": "eq", "value": "Fjord"},
    )
    [listed] = items(call, "/views?record_type=lead")
    assert (listed["name"], listed["is_own"]) == ("Fjords", True)
    assert call("GET", f"/views/{listed['id']}").json["count"] == 1
    assert api("colleague")("GET", f"/views/{listed['id']}").status_code == 404
    assert items(api("colleague"), "/views?record_type=lead") == []


def test_pipelines_tell_their_stages_in_order(call):
    [pipeline] = items(call, "/pipelines")
    assert pipeline["is_default"]
    keys = [stage["key"] for stage in pipeline["stages"]]
    assert keys[0] == "new"
    assert keys[-2:] == ["won", "lost"]
    assert {"Price", "Timing"} <= {reason["name"] for reason in items(call, "/lost-reasons")}


def test_a_conversation_is_not_there_when_none_of_its_mails_is(call):
    assert call("GET", "/threads/01890000-0000-7000-8000-000000000000").status_code == 404


@pytest.fixture
def prices(as_person):
    """A list with a product at 10.00, and 9.00 from ten on; the standard one."""
    do_it = partial(as_person, "administrator")
    made = do_it("price_list.create", {"name": "Retail", "currency": "EUR"})
    product = do_it("product.create", {"name": "Window", "code": "W"})
    for quantity, price in ((None, "10"), (10, "9")):
        do_it(
            "price.add",
            {
                "price_list_id": str(made.id),
                "product_id": str(product.id),
                "minimum_quantity": quantity,
                "unit_price": price,
                "valid_until": "2025-12-31" if quantity is None else None,
            },
        )
    do_it("organization.update", {"name": "L", "price_list_id": str(made.id)})
    return made, product


def test_prices_are_told_page_by_page(call, prices):
    price_list, product = prices
    path = f"/prices?price_list_id={price_list.id}&product_id={product.id}"
    first = call("GET", f"{path}&limit=1").json
    second = call("GET", f"{path}&limit=1&cursor={first['next_cursor']}").json
    assert second["next_cursor"] is None
    found = [page["items"][0] for page in (first, second)]
    assert [(one["unit_price"], one["minimum_quantity"]) for one in found] == [
        ("10", "0.000"),
        ("9", "10.000"),
    ]
    assert call("GET", f"/prices/{found[0]['id']}").json == found[0]
    assert [one["unit_price"] for one in items(call, f"{path}&on=2026-01-01")] == ["9"]
    assert items(call, "/prices?product_id=01890000-0000-7000-8000-000000000000") == []
    assert call("GET", "/prices?on=yesterday").status_code == 422


def test_prices_are_not_told_when_their_list_is_in_the_bin(call, as_person, prices):
    [price] = items(call, "/prices?limit=1")
    given = {"record_type": "price_list", "record_id": str(prices[0].id)}
    as_person("administrator", "record.delete", given)
    assert items(call, "/prices") == []
    assert call("GET", f"/prices/{price['id']}").status_code == 404


def test_the_price_of_a_client_is_told_with_its_reason(call, prices):
    price_list, product = prices
    answer = call("GET", f"/prices/answer?product_id={product.id}&quantity=12").json
    assert answer == {
        "unit_price": "9",
        "currency": "EUR",
        "price_list_id": str(price_list.id),
        "why": "standard",
        "problem": None,
    }
    assert call("GET", "/prices/answer").status_code == 422


def test_exchange_rates_are_told_of_all_days_or_of_one(call, as_person):
    for currency, day, rate in (
        ("NOK", "2026-01-01", "0.1"),
        ("NOK", "2026-02-01", "0.2"),
        ("JPY", "2026-01-01", "0.006"),
    ):
        given = {"currency": currency, "valid_from": day, "rate": rate}
        as_person("administrator", "currency.set_rate", given)
    assert [one["rate"] for one in items(call, "/currency-rates?currency=nok")] == ["0.1", "0.2"]
    counting = items(call, "/currency-rates?on=2026-01-15")
    assert [(one["currency"], one["rate"]) for one in counting] == [
        ("JPY", "0.006"),
        ("NOK", "0.1"),
    ]


def test_series_are_told_to_those_who_look_after_the_catalogue(api):
    found = {one["name"]: one for one in items(api("administrator"), "/number-series")}
    assert found["quote"]["pattern"] == "Q-{year}-{number:05}"
    assert found["quote"]["last"] == 0
    assert api("employee")("GET", "/number-series").status_code == 403


def test_the_lines_and_payments_of_a_paper_are_told(call):
    account = make(call, "accounts", name="Fjord AS")["id"]
    line = {"title": "Window", "quantity": 2, "unit_price": "3.505"}
    invoice = make(call, "invoices", title="X", account_id=account, lines=[line])["id"]
    [told] = items(call, f"/invoices/{invoice}/lines")
    assert (told["title"], told["unit_price"], told["net"]) == ("Window", "3.505", "7.01")
    do(call, "invoice.issue", invoice_id=invoice)
    do(call, "payment.record", invoice_id=invoice, amount="1")
    assert [one["amount"] for one in items(call, f"/invoices/{invoice}/payments")] == ["1"]


def test_what_a_subscription_was_invoiced_for_is_told(call):
    account = make(call, "accounts", name="Fjord AS")["id"]
    line = {"title": "Licence", "unit_price": "31"}
    given = {"title": "S", "account_id": account, "starts_on": "2026-01-01", "lines": [line]}
    key = make(call, "subscriptions", **given)["id"]
    do(call, "subscription.activate", subscription_id=key)
    made = do(call, "subscription.invoice", subscription_id=key)
    [period] = items(call, f"/subscriptions/{key}/periods")
    assert (period["invoice_id"], period["starts_on"]) == (made["invoice_id"], "2026-01-01")
    assert items(call, f"/subscriptions/{key}/changes") == []
