"""Changing all records that match from a list, and watching how far it is."""

from __future__ import annotations

import json

from processes.jobs.draining import drain
from services.bulk import changes

OAK = json.dumps({"field": "name", "op": "starts", "value": "oak"})


def test_all_that_match_are_changed_from_a_list(api, browse, platform, monkeypatch):
    monkeypatch.setattr(changes, "AT_ONCE", 1)
    call, browser = api("employee"), browse("employee")
    deals = [
        call("POST", "/deals", {"name": name, "amount": 5}).json
        for name in ("Oak chair", "Oak table", "Oak won", "Birch")
    ]
    call("POST", "/operations/deal.win", {"deal_id": deals[2]["id"]})
    page = browser.get("/deals", query_string={"filter": OAK, "limit": 2})
    assert "All 3 that match" in page.text
    sent = {"all": "1", "where": OAK, "q": "", "back": "limit=2", "what": "stage"}
    asked = browser.post("/deals/many", **sent)
    assert "Change all 3" in asked.text
    assert "All deals that match Name begins with oak" in asked.text
    done = browser.post("/deals/many/do", **sent, stage="offer")
    assert "Going on in the background" in browser.get(done.location).text
    drain(platform)
    told = browser.get(done.location).text
    assert "All are through." in told
    assert "This deal is closed as won." in told
    assert browser.get(f"{done.location}/refused").text.count("Oak won") == 1
    assert "Change Stage: Offer" in browser.get("/bulk-changes").text
    key = done.location.rpartition("/")[2]
    assert call("GET", f"/bulk-changes/{key}").json["refused"] == 1
    stages = [call("GET", f"/deals/{one['id']}").json["stage"] for one in deals]
    assert stages == ["offer", "offer", "won", "new"]


def test_what_is_asked_of_all_is_refused_when_it_can_not_be_read(api, browse):
    api("employee")("POST", "/deals", {"name": "Oak"})
    browser = browse("employee")
    sent = {"all": "1", "q": "", "back": ""}
    for place in ("/deals/many", "/deals/many/do"):
        assert browser.post(place, **sent, where="{").status_code == 422
    refused = browser.post("/deals/many/do", **sent, where="", what="amount", amount="much")
    assert refused.status_code == 422
    assert "lw-alert-bad" in refused.text
    nothing = json.dumps({"field": "name", "op": "eq", "value": "none"})
    assert "Nothing that you may change" in browser.post("/deals/many", **sent, where=nothing).text
