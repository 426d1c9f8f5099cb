"""Pages of segments, campaigns and customer values, as a person goes through them."""

from __future__ import annotations

import json
import re
from html import unescape
from io import BytesIO

import pytest

from services.actors import SYSTEM
from services.marketing.fills import newest_fill
from services.marketing.segment_model import Segment

CHIEFS = json.dumps({"field": "position", "op": "eq", "value": "Chief"})


@pytest.fixture
def ada(as_person):
    return as_person(
        "employee",
        "contact.create",
        {"last_name": "Ada", "position": "Chief", "email": "ada@x.example"},
    )


@pytest.fixture
def bo(as_person):
    return as_person("employee", "contact.create", {"last_name": "Bo"})


def path_of(response):
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def test_a_list_becomes_a_live_segment_whose_members_are_a_list(browse, ada, bo):
    anna = browse("employee")
    page = anna.get(f"/contacts?filter={CHIEFS}&q=ada").text
    assert "Make a segment of this list" in page
    where = json.dumps({"and": [json.loads(CHIEFS), {"q": "ada"}]})
    made = path_of(anna.post("/marketing/keep/contact", filter=where, name="Chiefs", kind="live"))
    shown = anna.get(made).text
    assert "Position is Chief and contains the words “ada”" in shown
    [members] = re.findall(r'href="([^"]*)">.*All of them', shown)
    members_page = anna.get(unescape(members)).text
    assert "Segment is Chiefs" in members_page
    assert str(ada.id) in members_page
    assert str(bo.id) not in members_page
    key = made.rsplit("/", 1)[1]
    chosen = {"field-0": "segment", "op-0": "in", "value-0": key, "group-0": "0", "match": "and"}
    form = anna.get("/views/contact/filter", query_string=chosen).text
    assert '<option value="segment" selected>Segment</option>' in form
    assert f'value="{key}" checked' in form
    banner = anna.get(f"/contacts?view=all&segment={key}&filter=").text
    assert "You are looking for the filter of the segment" in banner
    anna.post(f"/marketing/segments/{key}/filter", filter="")
    assert "All contacts: it has no filter yet." in anna.get(made).text


def test_ticked_records_and_addresses_come_on_a_fixed_list_and_off(
    browse, ada, bo, as_person, platform
):
    given = {"name": "Fair", "of_type": "contact", "kind": "static"}
    segment = as_person("employee", "segment.create", given)
    anna = browse("employee")
    into = f"segment:{segment.id}"
    page = anna.get(f"/marketing/choose/contact?into={into}").text
    assert f'value="{into}" selected' in page
    refused = anna.post("/marketing/choose/contact", into=into, which="ticked")
    assert "Tick some of them first." in refused.text
    anna.post("/marketing/choose/contact", into=into, which="ticked", record_ids=str(bo.id))
    file = (BytesIO(b"name;mail\nAda;ADA@x.example\n"), "people.csv")
    anna.post(f"/marketing/segments/{segment.id}/do/add_by_values", by="email", file=file)
    shown = anna.get(f"/segments/{segment.id}").text
    assert "Members: 2" in shown
    anna.post(f"/marketing/segments/{segment.id}/do/remove", record_ids=str(bo.id))
    assert "Members: 1" in anna.get(f"/segments/{segment.id}").text
    anna.post("/marketing/choose/contact", into=into, which="all", filter="")
    fill = platform.transact(SYSTEM, lambda uow: newest_fill(uow, uow.get(Segment, segment.id)))
    assert (fill.stage, fill.added) == ("done", 1)


def test_a_campaign_takes_in_its_segments_and_notes_answers(browse, ada, as_person):
    given = {"name": "Fair", "of_type": "contact"}
    segment = as_person("employee", "segment.create", given)
    campaign = as_person("employee", "campaign.create", {"name": "Spring", "channel": "letter"})
    anna = browse("employee")
    anna.get(f"/campaigns/{campaign.id}")
    act = f"/marketing/campaigns/{campaign.id}/do"
    anna.post(f"{act}/add_segment", segment_id=str(segment.id))
    anna.post(f"{act}/fill")
    assert ada.name in anna.get(f"/marketing/campaigns/{campaign.id}/members").text
    member = {"record_type": "contact", "record_id": str(ada.id)}
    anna.post(f"{act}/set_member_status", **member, status="replied")
    members = f"/marketing/campaigns/{campaign.id}/members?status="
    assert ada.name in anna.get(f"{members}replied").text
    assert ada.name not in anna.get(f"{members}targeted").text
    beside = anna.get(f"/marketing/of/contact/{ada.id}").text
    assert "Spring" in beside
    assert "Fair" in beside


def test_the_heat_table_leads_to_its_customers_and_becomes_a_segment(browse, as_person):
    account = as_person("manager", "account.create", {"name": "Fjord AS"})
    deal = as_person(
        "manager", "deal.create", {"name": "D", "amount": "5", "account_id": str(account.id)}
    )
    as_person("manager", "deal.win", {"deal_id": str(deal.id)})
    olga = browse("administrator")
    olga.get("/marketing/values")
    path_of(olga.post("/marketing/values", source="deals", months=""))
    maria = browse("manager")
    page = maria.get("/marketing/values").text
    [cell] = re.findall(r'href="([^"]*)" title="Recency 3, frequency 3"', page)
    assert "Fjord AS" in maria.get(unescape(cell)).text
    made = path_of(maria.post("/marketing/values/class_A"))
    assert "Fjord AS" in maria.get(made).text
    assert "3-3-3" in maria.get(f"/marketing/of/account/{account.id}").text
