"""Goals and territories in the browser: progress, carrying on, rules, runs, and why."""

from __future__ import annotations

import re

import pytest

from processes.jobs.draining import drain


@pytest.fixture
def olga(browse):
    return browse("administrator")


@pytest.fixture
def norway(as_person):
    """A territory that takes accounts in Norway."""
    made = as_person("administrator", "territory.create", {"name": "Norway"})
    rule = {"field": "country", "op": "eq", "value": "Norway"}
    about = {"territory_id": made.id, "record_type": "account", "filter": rule}
    as_person("administrator", "territory.set_rule", about)
    return str(made.id)


def test_goals_show_plan_fact_and_pace_and_are_carried_on(olga, as_person, people):
    anna = {"metric": "new_leads", "period": "month", "starts_on": "2026-03-01", "target": 4}
    as_person("administrator", "goal.create", {**anna, "owner_id": people["employee"]})
    as_person("employee", "lead.create", {"name": "Eva"})
    page = olga.get("/goals/progress").text
    assert re.search(r"25 %.*of.*4", page, re.DOTALL)
    assert "Anna Berg · New leads" in page
    form = {"period": "month", "starts_on": "2026-03-01", "change_percent": "50"}
    moved = olga.post("/goals/progress/copy", **form)
    assert moved.headers["Location"] == "/goals/progress?period=month&start=2026-04-01"
    april = olga.get(moved.headers["Location"])
    assert "1 goal is carried on" in april.text
    assert "Not begun" in april.text
    refused = olga.post("/goals/progress/copy", **{**form, "change_percent": "x"})
    assert "This is not a number" in olga.get(refused.headers["Location"]).text


def test_what_a_goal_counts_is_set_in_the_form_of_filters(olga, as_person, people):
    goal = {"metric": "won_count", "period": "year", "starts_on": "2026-03-01", "target": 4}
    made = as_person("administrator", "goal.create", {**goal, "owner_id": people["employee"]})
    place = f"/goals/{made.id}/filter"
    assert "Choose a field" in olga.get(place).text
    rows = {"match": "and", "group-0": "0", "field-0": "amount", "op-0": "gt"}
    refused = olga.post(place, **rows)
    assert refused.status_code == 422
    assert "Amount: give a value." in refused.text
    saved = olga.post(place, **rows, **{"value-0": "100"})
    assert "with: Amount &gt; 100" in olga.get(saved.headers["Location"]).text


def test_rules_are_set_tried_and_applied(olga, as_person, norway, platform):
    as_person("employee", "account.create", {"name": "Hav AS", "city": "Bergen"})
    rows = {"match": "and", "group-0": "0", "field-0": "city", "op-0": "eq", "value-0": "Bergen"}
    assert "Norway" in olga.get(f"/territories/{norway}/rules/account").text
    saved = olga.post(f"/territories/{norway}/rules/account", **rows)
    assert "City is Bergen" in olga.get(saved.headers["Location"]).text
    run = olga.post("/territories/runs", is_trial="1").headers["Location"]
    assert "HX-Refresh" not in olga.get("/territories/progress").headers
    drain(platform)
    assert olga.get("/territories/progress").headers["HX-Refresh"] == "true"
    page = olga.get(run).text
    assert "Records that would move" in page
    assert "Hav AS" in page
    olga.post("/territories/runs")
    drain(platform)
    tree = olga.get("/territories/tree").text
    assert re.search(r'data-label="Accounts" class="num">1<', tree)


def test_a_record_says_why_it_lies_there_and_lets_one_choose(browse, as_person, norway):
    made = as_person("employee", "account.create", {"name": "Hav AS", "country": "Norway"})
    anna = browse("employee")
    why = f"/territories/why/account/{made.id}"
    assert why in anna.get(f"/accounts/{made.id}").text
    page = anna.get(why).text
    assert "Country is Norway" in page
    assert "Falls into it" in page
    anna.post(why, territory_id=norway)
    assert "Somebody chose it" in anna.get(why).text
    anna.post(why, territory_id="")
    assert "The first rule that it fulfils" in anna.get(why).text
    assert anna.get("/territories/why/deal/" + str(made.id)).status_code == 404
    assert "Rule for" not in anna.get(f"/territories/{norway}").text


def test_members_are_chosen_on_the_territorys_page(olga, norway, people):
    olga.get(f"/territories/{norway}")
    olga.post(f"/territories/{norway}/members", user_ids=[people["employee"], people["manager"]])
    page = olga.get(f"/territories/{norway}").text
    assert "In it work: Anna Berg, Maria Holm" in page
