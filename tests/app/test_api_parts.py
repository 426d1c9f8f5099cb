"""What belongs to records, and how the installation is set up, over the API."""

from __future__ import annotations

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


def test_tags_are_told_with_how_many_records_carry_them(call):
    lead = make(call, "leads", name="Kari")
    do(call, "record.tag", record_type="lead", record_id=lead["id"], name="Important")
    assert [tag["name"] for tag in items(call, f"/leads/{lead['id']}/tags")] == ["Important"]
    assert [(tag["name"], tag["records"]) for tag in items(call, "/tags")] == [("Important", 1)]


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
