"""Doubles: told while typing, compared side by side, merged, undone, scanned."""

from __future__ import annotations

import re

import pytest

from services.actors import SYSTEM
from services.duplicates.scans import list_scans, run_scan
from services.records.types import get_record


@pytest.fixture
def pair(as_person):
    """The same company twice."""
    one = as_person("employee", "account.create", {"name": "Nordlys AS", "phone": "+4722000001"})
    two = as_person("employee", "account.create", {"name": "Nordlys", "city": "Oslo"})
    return str(one.id), str(two.id)


def _account(platform, key):

    return platform.transact(SYSTEM, lambda uow: get_record(uow, "account", key))


def test_doubles_are_told_while_a_new_record_is_typed(browse, pair):
    anna = browse("employee")
    assert 'hx-get="/accounts/similar"' in anna.get("/accounts/new").text
    found = anna.get("/accounts/similar?name=nordlys&csrf_token=x&submission=y").text
    assert "This may be there already" in found
    assert found.count("similar name") == 2
    assert anna.get("/accounts/similar?name=Sol").text.strip() == ""
    assert browse("desk").get("/accounts/similar?name=nordlys").text.strip() == ""


def test_two_records_are_compared_merged_and_taken_apart(browse, pair, platform):
    anna, (one, two) = browse("employee"), pair
    assert f"/accounts/{one}/merge/{two}" in anna.get(f"/accounts/{one}/doubles").text
    page = anna.get(f"/accounts/{one}/merge/{two}").text
    chosen = dict(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
    assert chosen == {"name": "kept", "phone": "kept", "city": "other"}
    answer = anna.post(f"/accounts/{one}/merge/{two}", **chosen | {"name": "other"})
    assert answer.headers["Location"] == f"/accounts/{one}"
    kept = _account(platform, one)
    assert (kept.name, kept.phone, kept.city) == ("Nordlys", "+4722000001", "Oslo")
    assert anna.get(f"/accounts/{two}").status_code == 404
    doubles = anna.get(f"/accounts/{one}/doubles").text
    merge_id = re.search(r'name="merge_id" value="([^"]+)"', doubles).group(1)
    undone = anna.post(f"/accounts/{one}/unmerge", merge_id=merge_id)
    assert undone.headers["Location"] == f"/accounts/{two}"
    assert _account(platform, one).name == "Nordlys AS"


def test_another_record_is_told_apart_and_that_is_taken_back(browse, pair):
    anna, (one, two) = browse("employee"), pair
    anna.post(f"/accounts/{one}/doubles/{two}/apart")
    page = anna.get(f"/accounts/{two}/doubles").text
    assert "that they are not the same" in page
    assert f"/accounts/{two}/merge/{one}" not in page
    pair_id = re.search(r'name="pair_id" value="([^"]+)"', page).group(1)
    answer = anna.post(f"/accounts/{two}/doubles/take-back", pair_id=pair_id)
    assert answer.headers["Location"] == f"/accounts/{two}/doubles"
    assert f"/accounts/{two}/merge/{one}" in anna.get(f"/accounts/{two}/doubles").text


def test_a_record_of_another_team_can_not_be_compared(browse, pair, as_person):
    theirs = str(as_person("desk", "account.create", {"name": "Nordlys"}).id)
    anna, (one, _) = browse("employee"), pair
    assert anna.get(f"/accounts/{one}/merge/{theirs}").status_code == 404
    assert anna.post(f"/accounts/{one}/merge/{theirs}").status_code == 404


def test_a_scan_is_begun_watched_and_its_pairs_are_judged(browse, pair, platform, as_person):
    olga, anna = browse("administrator"), browse("employee")
    assert "nothing was scanned yet" in anna.get("/accounts/doubles").text
    assert "Scan all" not in anna.get("/accounts/doubles").text
    assert olga.get("/accounts/doubles").status_code == 200
    assert olga.post("/accounts/doubles/scan").status_code == 302
    assert "Scanning" in olga.get("/accounts/doubles").text
    again = olga.post("/accounts/doubles/scan")
    assert again.headers["Location"] == "/accounts/doubles"
    assert "running already" in olga.get("/accounts/doubles").text
    polled = 'hx-get="/accounts/doubles?alike=same"'
    assert polled in olga.get("/accounts/doubles?alike=same").text
    _finish(platform)
    assert polled not in olga.get("/accounts/doubles?alike=same").text
    page = anna.get("/accounts/doubles").text
    assert "similar name" in page
    pair_id = re.search(r'name="pair_id" value="([^"]+)"', page).group(1)
    anna.post("/accounts/doubles/dismiss", pair_id=pair_id)
    assert "No doubles" in anna.get("/accounts/doubles").text
    dismissed = anna.get("/accounts/doubles?state=dismissed").text
    assert "Bring back" in dismissed
    assert "that they are not the same" in dismissed
    answer = anna.post("/accounts/doubles/bring-back", pair_id=pair_id, state="dismissed")
    assert answer.headers["Location"] == "/accounts/doubles?state=dismissed"
    assert "No such pairs" in anna.get("/accounts/doubles?state=dismissed").text
    assert "similar name" in anna.get("/accounts/doubles").text


def test_the_ticked_pairs_are_dismissed_and_one_stays_on_the_page(browse, pair, platform):
    browse("administrator").post("/accounts/doubles/scan")
    _finish(platform)
    anna = browse("employee")
    page = anna.get("/accounts/doubles?alike=similar").text
    assert 'href="/contacts/doubles"' in page
    assert "Only similar</option>" in page
    assert "No doubles" in anna.get("/accounts/doubles?alike=same").text
    keys = re.findall(r'name="pair_ids" value="([^"]+)"', page)
    answer = anna.post("/accounts/doubles/dismiss-chosen", pair_ids=keys, alike="similar")
    assert answer.headers["Location"] == "/accounts/doubles?alike=similar"
    assert "1 pair is none any more" in anna.get("/accounts/doubles").text
    beyond = anna.get(f"/accounts/doubles?after=0-{'0' * 32}")
    assert beyond.headers["Location"] == "/accounts/doubles"
    anna.post("/accounts/doubles/dismiss-chosen")
    assert "Choose some pairs first" in anna.get("/accounts/doubles").text


def _finish(platform):

    for _ in range(10):
        (scan, *_others) = platform.transact(SYSTEM, list_scans)
        if scan.ended_at is not None:
            return
        run_scan(platform, scan_id=str(scan.id))
    raise AssertionError("the scan does not end")


def test_a_scan_is_stopped(browse, platform):
    olga = browse("administrator")
    olga.get("/leads/doubles")
    olga.post("/leads/doubles/scan")
    page = olga.get("/leads/doubles").text
    scan_id = re.search(r'name="scan_id" value="([^"]+)"', page).group(1)
    olga.post("/leads/doubles/cancel", scan_id=scan_id)
    assert "stopped" in olga.get("/leads/doubles").text


def test_what_looks_the_same_is_asked_about_and_nothing_typed_is_lost(browse, pair):
    anna, (one, _) = browse("employee"), pair
    typed = {"name": "Nordlys", "industry": "Glass", "city": "Oslo"}
    asked = anna.post("/accounts/new", **typed)
    assert asked.status_code == 409
    assert f"/accounts/{one}" in asked.text
    assert 'value="Glass"' in asked.text
    assert 'name="allow_duplicate"' in asked.text
    made = anna.post("/accounts/new", **typed, allow_duplicate="true")
    assert made.status_code == 302


def test_a_program_is_told_the_candidates_when_it_saves_a_double(api, pair):
    body = {"name": "Nordlys", "city": "Oslo"}
    call = api("employee")
    refused = call("POST", "/accounts", body)
    assert (refused.status_code, refused.json["code"]) == (409, "duplicate")
    assert {one["title"] for one in refused.json["candidates"]} == {"Nordlys AS", "Nordlys"}
    assert call("POST", "/accounts", {**body, "allow_duplicate": True}).status_code == 201


def test_a_rule_is_tried_written_changed_and_restored(browse, pair):
    olga = browse("administrator")
    assert "Same website" in olga.get("/admin/duplicates").text
    form = {
        "name": "Same city",
        "field-0": "city",
        "method-0": "same",
        "needed": "0",
        "on_save": "ask",
        "is_on": "1",
        "typing": "1",
    }
    tried = olga.post("/admin/duplicates/account/try", **form).text
    assert "0 pairs among 2 accounts" in tried
    assert 'value="Same city"' in tried
    assert olga.post("/admin/duplicates/account/new", **form).status_code == 302
    page = olga.get("/admin/duplicates/account/rules/same_city").text
    assert "has no index" in page
    refused = olga.post("/admin/duplicates/account/new", **form, **{"field-1": "nothing"})
    assert "no field nothing" in refused.text
    assert olga.post("/admin/duplicates/account/rules/same_city/delete").status_code == 302
    off = {"name": "Same website", "field-0": "website", "on_save": "nothing"}
    olga.post("/admin/duplicates/account/rules/website", **off)
    assert "Switched off" in olga.get("/admin/duplicates").text
    olga.post("/admin/duplicates/account/rules/website/restore")
    assert "Switched off" not in olga.get("/admin/duplicates").text
    assert olga.get("/admin/duplicates/invoice/new").status_code == 404
    assert browse("employee").get("/admin/duplicates").status_code == 403


def test_an_added_type_has_pages_of_doubles(browse, as_person):
    as_person("administrator", "custom_type.create", {"label": "Machine", "plural": "Machines"})
    rule = {"record_type": "x_machine", "name": "Name"}
    conditions = [{"field": "name", "method": "similar"}]
    as_person("administrator", "duplicate_rule.create", {**rule, "conditions": conditions})
    one, two = (
        str(as_person("employee", "x_machine.create", {"name": name}).id)
        for name in ("Lathe", "Lathes")
    )
    anna = browse("employee")
    assert "/x/machines/similar" in anna.get("/x/machines/new").text
    assert f"/x/machines/{one}/merge/{two}" in anna.get(f"/x/machines/{one}/doubles").text
    merged = anna.post(f"/x/machines/{one}/merge/{two}", name="other")
    assert merged.headers["Location"] == f"/x/machines/{one}"
    assert "Machines" in browse("administrator").get("/admin/duplicates").text
