"""The pages of loyalty."""

from __future__ import annotations

import re

import pytest

from services.actors import SYSTEM
from services.operations import run


@pytest.fixture
def do(platform):
    """Run one operation in a transaction of its own."""

    def work(name, /, **raw):
        return platform.transact(SYSTEM, lambda uow: run(uow, name, raw))

    return work


@pytest.fixture
def member(do):
    programme = do("loyalty_programme.create", name="Club")
    contact = do("contact.create", last_name="Berg")
    do("loyalty_prize.add", programme_id=programme.id, name="Mug", points=40)
    return do("loyalty.enrol", programme_id=programme.id, contact_id=contact.id)


def test_points_are_given_and_spent_when_the_forms_are_sent(browse, do, member):
    browser, url = browse("administrator"), f"/points/members/{member.id}"
    browser.post(f"{url}/earn", points="100", reason="Fair")
    prize = browser.get(url).text.split('name="prize_id"')[1].split('value="')[1][:36]
    browser.post(f"{url}/redeem", prize_id=prize, quantity="1")
    page = browser.get(url).text
    assert "<h1>60 points</h1>" in page
    assert "+100" in page
    assert "Give back Mug" in page
    assert "60" in browser.get(f"/points/of-contact/{member.contact_id}").text


def test_the_reason_is_told_when_points_are_missing(browse, member):
    browser, url = browse("administrator"), f"/points/members/{member.id}"
    browser.post(f"{url}/spend", points="1", reason="Fair")
    assert "Only 0 points are there" in browser.get(url).text


def test_rules_and_levels_stand_on_the_programme_when_they_are_added(browse, member):
    browser, page = browse("administrator"), f"/points/programmes/{member.programme_id}"
    rule = {"source": "invoice", "points": "2", "per_amount": "10", "currency": "EUR"}
    browser.post(f"{page}/add-rule", **rule, activity_kind="")
    browser.post(f"{page}/add-level", name="Silver", from_points="100")
    text = browser.get(f"/loyalty/{member.programme_id}").text
    assert "2 for each" in text
    assert "Silver" in text


def test_a_contact_joins_when_its_card_is_sent(browse, do, member):
    other = do("contact.create", last_name="Lund")
    browser, url = browse("administrator"), f"/points/of-contact/{other.id}"
    assert "Join" in browser.get(url).text
    browser.post(url, programme_id=str(member.programme_id))
    assert "points" in browser.get(url).text


@pytest.mark.parametrize(("ticked", "shown"), [("1", True), ("", False)])
def test_a_new_programme_starts_as_its_form_says(browse, ticked, shown):
    browser = browse("administrator")
    form = browser.get("/loyalty/new").text
    assert re.search(r'name="active" value="1" checked', form)
    assert '<option value="contact" selected' in form
    made = browser.post("/loyalty/new", name="Club", active=ticked)
    edit = browser.get(f"{made.headers['Location']}/edit").text
    assert bool(re.search(r'name="active" value="1" checked', edit)) is shown
