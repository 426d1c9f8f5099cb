"""Lists: building a filter, choosing columns, grouping, and saved views."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from services.actors import SYSTEM
from services.people.model import find_group
from services.records.time_limit import TookTooLong
from services.views.model import SavedView

RICH = {"field": "amount", "op": "gte", "value": 600}


@pytest.fixture
def deals(api):
    call = api("employee")
    account = call("POST", "/accounts", {"name": "Alfa", "city": "Oslo"}).json
    for name, amount in (("Doors", 500), ("Walls", 700)):
        call("POST", "/deals", {"name": name, "amount": amount, "account_id": account["id"]})
    return call


def titles(page):
    return re.findall(r"data-row-link>([^<]+)<", page.text)


def asked(response):
    """Return the filter that a redirect leads to."""
    assert response.status_code == 302, response.text
    arguments = parse_qs(urlsplit(response.headers["Location"]).query)
    return json.loads(arguments["filter"][0]) if "filter" in arguments else {}


def view_of(platform):
    with platform.session() as session:
        return session.query(SavedView).one()


def test_a_filter_is_built_when_its_form_is_sent(deals, browse):
    browser = browse("employee")
    form = {
        "match": "and",
        "group-0": "0",
        "field-0": "amount",
        "op-0": "gte",
        "value-0": "600",
        "group-1": "0",
        "match-1": "or",
        "field-1": "stage",
        "op-1": "in",
        "value-1": ["new", "won"],
        "group-2": "1",
        "field-2": "account.city",
        "op-2": "starts",
        "value-2": "os",
        "group-3": "1",
        "field-3": "needs",
        "op-3": "not_empty",
        "group-4": "0",
        "field-4": "",
        "back": "sort=name&after=x&filter=y",
    }
    response = browser.get("/views/deal/list", query_string=form)
    assert asked(response) == {
        "and": [
            {"field": "amount", "op": "gte", "value": "600"},
            {"field": "stage", "op": "in", "value": ["new", "won"]},
            {
                "or": [
                    {"field": "account.city", "op": "starts", "value": "os"},
                    {"field": "needs", "op": "not_empty"},
                ]
            },
        ]
    }
    assert "sort=name" in response.headers["Location"]
    assert "after" not in response.headers["Location"]
    page = browser.get(response.headers["Location"])
    assert titles(page) == ["Walls"]
    assert "Account City begins with os or Needs is not empty" in page.text


def test_a_form_shows_a_filter_as_it_was_built(deals, browse):
    raw = {"or": [RICH, {"and": [{"field": "owner_id", "op": "eq", "value": "me"}]}]}
    page = browse("employee").get("/views/deal/filter", query_string={"filter": json.dumps(raw)})
    assert 'name="value-0" value="600"' in page.text
    assert 'value="me" checked' in page.text
    assert '<option value="or" selected>any' in page.text


def test_who_was_chosen_stays_when_others_are_looked_for(deals, browse, people):
    browser, anna = browse("employee"), people["employee"]
    raw = {"field": "owner_id", "op": "in", "value": [anna]}
    page = browser.get("/views/deal/filter", query_string={"filter": json.dumps(raw)})
    chosen = f'<input type="checkbox" name="value-0" value="{anna}" checked>'
    assert chosen in page.text
    assert 'hx-target="#offers-value-0"' in page.text
    assert 'id="offers-value-0"' in page.text
    sent = {"name": "value-0", "keeps": "checkbox", "value-0": ["me", anna], "pick": "n"}
    offers = browser.get("/pick/user", query_string=sent).text
    assert offers.count(anna) == 1
    assert offers.index(chosen) < offers.index(people["administrator"])


def test_a_list_says_how_to_narrow_it_when_it_takes_too_long(deals, browse, monkeypatch):
    def read(*_arguments, **_options):
        raise TookTooLong

    monkeypatch.setattr("app.records.lists.list_records", read)
    page = browse("employee").get("/deals", query_string={"filter": json.dumps(RICH)})
    assert page.status_code == 200
    assert "Narrow it by an owner" in page.text
    assert "Take away: Amount ≥ 600" in page.text


def test_a_filter_is_edited_as_text_when_rows_can_not_show_it(deals, browse):
    browser = browse("employee")
    raw = {"not": RICH}
    page = browser.get("/views/deal/filter", query_string={"filter": json.dumps(raw)})
    assert "says more than rows can show" in page.text
    response = browser.get(
        "/views/deal/list", query_string={"use": "text", "text": json.dumps(raw)}
    )
    assert asked(response) == raw


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"field-0": "amount", "op-0": "gte", "value-0": "much"}, "Amount: This is not a number"),
        ({"field-0": "amount", "op-0": "gte"}, "Amount: give a value"),
        ({"field-0": "nothing", "op-0": "eq", "value-0": "1"}, "Deal has no field"),
        ({"use": "text", "text": "{"}, "A filter is a JSON object"),
    ],
)
def test_the_form_says_what_is_wrong_when_it_can_not_be_applied(deals, browse, form, message):
    page = browse("employee").get(
        "/views/deal/list", query_string={"match": "and", "group-0": "0", **form}
    )
    assert page.status_code == 200
    assert message in page.text


def test_rows_come_and_go_when_buttons_are_pressed(deals, browse):
    browser = browse("employee")
    form = {"match": "and", "group-0": "0", "field-0": "name", "op-0": "eq", "value-0": "x"}
    for button, rows in ({"add": "0"}, 2), ({"add": "group"}, 2), ({"remove": "0"}, 1), ({}, 1):
        page = browser.get(
            "/views/deal/filter",
            query_string={**form, **button},
            headers={"HX-Request": "true"},
        )
        assert page.text.count('name="field-') == rows
        assert "<html" not in page.text


def test_columns_are_those_that_are_chosen(deals, browse):
    page = browse("employee").get("/deals?columns=needs&columns=created_at&columns=nothing")
    assert re.findall(r'<td data-label="([^"]+)"', page.text)[:2] == ["Needs", "Created"]


def test_records_are_counted_by_a_field_when_they_are_grouped(deals, browse):
    page = browse("employee").get("/deals?group=account_id")
    assert re.search(r">Alfa\s*<span class=\"badge\">2<", page.text)
    assert browse("employee").get("/deals?group=amount").status_code == 422


def test_a_view_is_opened_changed_and_deleted_when_it_is_ones_own(deals, browse, platform):
    browser = browse("employee")
    browser.get("/deals")
    browser.post(
        "/views/deal", name="Rich", filter=json.dumps(RICH), columns=["needs"], sort="name"
    )
    view = view_of(platform)
    page = browser.get(f"/deals?view={view.id}")
    assert titles(page) == ["Walls"]
    assert "Amount ≥ 600" in page.text
    assert browser.get(f"/views/{view.id}/count").text == "1"
    browser.post("/views/deal", name="All", view_id=view.id, filter="", sort="-amount")
    assert titles(browser.get(f"/deals?view={view.id}")) == ["Walls", "Doors"]
    browser.post(f"/views/{view.id}/delete")
    assert browser.get(f"/deals?view={view.id}").status_code == 404


def test_the_list_opens_with_a_view_when_that_is_chosen(deals, browse, platform):
    browser = browse("employee")
    browser.get("/deals")
    browser.post("/views/deal", name="Rich", filter=json.dumps(RICH))
    view = view_of(platform)
    browser.post("/views/deal/default", view_id=view.id)
    assert browser.get("/deals").headers["Location"].endswith(f"view={view.id}")
    assert len(titles(browser.get("/deals?view=all"))) == 2
    browser.post("/views/deal/default", view_id="")
    assert browser.get("/deals").status_code == 200


def test_a_view_is_seen_by_those_with_whom_it_is_shared(deals, browse, platform):
    anna, boris, sven = browse("employee"), browse("colleague"), browse("desk")
    anna.get("/deals")
    anna.post("/views/deal", name="Rich", filter=json.dumps(RICH))
    view = view_of(platform)
    address = f"/deals?view={view.id}"
    assert boris.get(address).status_code == 404
    sales = platform.transact(SYSTEM, lambda uow: find_group(uow, "Sales").id)
    anna.post(f"/views/{view.id}/share", audience=f"team:{sales}")
    assert (boris.get(address).status_code, sven.get(address).status_code) == (200, 404)
    boris.get("/deals")
    boris.post(f"/views/{view.id}/delete")
    anna.post(f"/views/{view.id}/share", audience="all")
    assert sven.get(address).status_code == 404
    olga = browse("administrator")
    olga.get("/deals")
    olga.post(f"/views/{view.id}/share", audience="all")
    assert sven.get(address).status_code == 200
    anna.post(f"/views/{view.id}/share", audience="own")
    assert boris.get(address).status_code == 404


def test_the_list_still_opens_when_a_view_reads_what_is_gone(deals, browse, platform):
    browser = browse("employee")
    browser.get("/deals")
    browser.post("/views/deal", name="Rich", filter=json.dumps(RICH))
    view = view_of(platform)
    with platform.engine.begin() as connection:
        connection.exec_driver_sql("""UPDATE saved_views SET filter = '{"field": "c_gone"}'""")
    page = browser.get(f"/deals?view={view.id}")
    assert "be read as it was saved" in page.text
    assert browser.get(f"/views/{view.id}/count").text == ""


@pytest.mark.parametrize(
    "form",
    [
        {"name": ""},
        {"name": "x", "filter": '{"field": "nothing"}'},
        {"name": "x", "columns": ["nothing"]},
        {"name": "x", "sort": "needs"},
        {"name": "x", "group_by": "nothing"},
        {"name": "x", "page_size": "0"},
    ],
)
def test_a_view_is_not_saved_when_it_shows_what_there_is_not(deals, browse, platform, form):
    browser = browse("employee")
    browser.get("/deals")
    assert browser.post("/views/deal", **form).status_code == 302
    with platform.session() as session:
        assert session.query(SavedView).count() == 0


def test_a_view_is_saved_over_the_api_and_audited_as_a_view(deals, platform):
    raw = {"record_type": "deal", "name": "Rich", "filter": RICH}
    answer = deals("POST", "/operations/view.save", raw)
    assert answer.status_code == 200, answer.text
    with platform.engine.connect() as connection:
        statement = "SELECT record_type, record_id FROM audit_entries WHERE operation = 'view.save'"
        [(kind, key)] = connection.exec_driver_sql(statement).all()
    assert (kind, key) == ("saved_views", view_of(platform).id)


def test_the_list_still_opens_when_a_view_is_sorted_and_grouped_by_what_is_gone(
    deals, browse, platform
):
    body = {"record_type": "deal", "name": "Mine", "sort": "amount", "group_by": "currency"}
    deals("POST", "/operations/view.save", body)
    with platform.session() as session:
        view = session.query(SavedView).one()
        view.sort, view.group_by = "-c_gone", "c_gone"
        session.commit()
        key = view.id
    page = browse("employee").get(f"/deals?view={key}")
    assert page.status_code == 200
    assert set(titles(page)) == {"Doors", "Walls"}


def test_rows_that_were_ticked_are_changed_and_those_that_refuse_are_told_of(deals, browse):
    browser = browse("employee")
    listed = browser.get("/deals?sort=name").text
    keys = re.findall(r'name="record_ids" value="([0-9a-f-]{36})"', listed)
    asked_page = browser.post("/deals/many", record_ids=keys, what="amount", back="sort=name")
    assert "Change 2 deals" in asked_page.text
    assert 'name="amount"' in asked_page.text
    unsaid = browser.post("/deals/many/do", record_ids=keys, what="amount", amount="")
    assert "Give a value" in unsaid.text
    made = browser.post(
        "/deals/many/do", record_ids=keys, what="amount", amount="1 234,50", back="sort=name"
    )
    assert made.headers["Location"] == "/deals?sort=name"
    assert browser.get("/deals").text.count("1,234.50") == 2
    browser.post(f"/deals/{keys[0]}/win")
    browser.post("/deals/many/do", record_ids=keys, what="stage", stage="won")
    told = browser.post("/deals/many/do", record_ids=keys, what="stage", stage="offer")
    assert told.status_code == 409
    assert "2 not changed" in told.text
    assert browser.post("/deals/many/do", record_ids=keys, delete="1").status_code == 302
    assert titles(browser.get("/deals")) == []
