"""Working calendars and service levels on pages and over the API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest

from app.admin.calendars import next_special_day
from services.actors import SYSTEM
from services.calendars.calendars import list_calendars
from services.calendars.model import DAYS, CalendarRow
from services.service_levels.policies import list_policies

OFFICE = {f"week.{day}": "10:00-18:00" for day in list(DAYS)[:5]}
NEW = {"name": "Oslo", "timezone": "Europe/Oslo", **OFFICE}


@pytest.fixture
def admin(browse):
    return browse("administrator")


@pytest.fixture
def listed(platform):
    """Return what a query finds, as the platform sees it."""

    def ask(query):
        return platform.transact(SYSTEM, query)

    return ask


def form_of(page):
    """Return what the inputs of a page's form hold and would send."""
    held = {}
    form = next(one for one in page.split("<form") if 'name="seen"' in one)
    for control in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([a-z-]+)="([^"]*)"', control))
        if given["type"] != "checkbox" or " checked" in control:
            held[given["name"]] = unescape(given.get("value", ""))
    return {name: text for name, text in held.items() if name not in {"submission", "csrf_token"}}


def named(found, name):
    return next(one for one in found if one.name == name)


def test_a_calendar_is_made_when_its_form_is_sent(admin, listed):
    admin.get("/admin/calendars/new")
    days = {
        "special_days.0.date": "2026-05-17",
        "special_days.0.yearly": "1",
        "special_days.0.name": "17 May",
        "special_days.1.date": "",
        "special_days.1.name": "left out",
        "special_days.2.date": "2026-04-04",
        "special_days.2.hours": "10-12",
    }
    answer = admin.post("/admin/calendars/new", **NEW, **days)
    assert answer.location.endswith("/admin/calendars")
    made = named(listed(list_calendars), "Oslo")
    assert [day["date"] for day in made.special_days] == ["2026-05-17", "2026-04-04"]
    page = admin.get("/admin/calendars").text
    assert "Mon to Fri 10:00-18:00" in page
    assert "04 Apr 2026" in page


def test_a_calendar_shows_what_was_wrong_and_keeps_what_was_typed(admin):
    admin.get("/admin/calendars/new")
    bad = {
        **NEW,
        "week.monday": "soon",
        "special_days.0.date": "2026-05-17",
        "special_days.0.hours": "x",
    }
    answer = admin.post("/admin/calendars/new", **bad)
    assert answer.status_code == 422
    assert 'value="soon"' in answer.text
    assert answer.text.count("Write hours as 09:00-17:00") == 2


def test_a_calendar_is_changed_and_becomes_the_default(admin, listed):
    admin.get("/admin/calendars/new")
    admin.post("/admin/calendars/new", **NEW)
    made = named(listed(list_calendars), "Oslo")
    page = admin.get(f"/admin/calendars/{made.id}")
    version = re.search(r'name="version" value="(\d+)"', page.text).group(1)
    changed = {**NEW, "version": version, "week.friday": "", "is_default": "1"}
    assert admin.post(f"/admin/calendars/{made.id}", **changed).status_code == 302
    made = named(listed(list_calendars), "Oslo")
    assert (made.is_default, "friday" in made.week) == (True, False)
    assert admin.post(f"/admin/calendars/{made.id}", **changed).status_code == 409


@pytest.mark.parametrize(
    ("today", "coming"),
    [(date(2026, 3, 1), date(2028, 2, 29)), (date(2097, 1, 1), date(2104, 2, 29))],
)
def test_a_leap_day_of_every_year_comes_in_the_next_leap_year(today, coming):
    entry = {"date": "2024-02-29", "yearly": True, "name": "Leap day"}
    row = CalendarRow(special_days=[entry])
    assert next_special_day(row, today) == f"{coming:%d %b %Y} Leap day"


def test_nothing_is_lost_when_two_change_one_calendar(admin, listed):
    admin.get("/admin/calendars/new")
    admin.post("/admin/calendars/new", **NEW)
    url = f"/admin/calendars/{named(listed(list_calendars), 'Oslo').id}"
    zone = {"timezone": "Europe/Oslo"}
    mine = form_of(admin.get(url).text) | zone
    theirs = {"week.monday": "08:00-12:00", "special_days.0.date": "2026-05-17"}
    assert admin.post(url, **{**mine, **theirs}).status_code == 302
    typed = {"week.tuesday": "07:00-11:00", "week.monday": "06:00-07:00"}
    refused = admin.post(url, **{**mine, **typed})
    assert refused.status_code == 409
    assert "Saved now: 08:00-12:00" in refused.text
    assert admin.post(url, **form_of(refused.text), **zone).status_code == 302
    made = named(listed(list_calendars), "Oslo")
    assert (made.week["monday"], made.week["tuesday"]) == ("06:00-07:00", "07:00-11:00")
    assert [day["date"] for day in made.special_days] == ["2026-05-17"]


def test_a_calendar_stays_with_a_reason_when_it_is_used(admin, listed):
    admin.get("/admin/calendars")
    used = named(listed(list_calendars), "Around the clock")
    admin.get(f"/admin/calendars/{used.id}")
    admin.post(f"/admin/calendars/{used.id}/delete")
    assert "Service levels count by it" in admin.get("/admin/calendars").text


def test_a_calendar_is_deleted_when_nothing_counts_by_it(admin, listed):
    admin.get("/admin/calendars/new")
    admin.post("/admin/calendars/new", **NEW)
    made = named(listed(list_calendars), "Oslo")
    admin.post(f"/admin/calendars/{made.id}/delete")
    assert "Oslo" not in [one.name for one in listed(list_calendars)]


def test_a_policy_is_made_changed_and_deleted(admin, listed):
    admin.get("/admin/service-levels/new")
    values = {
        "name": "Gold",
        "condition": 'request.account.name = "Fjord"',
        "calendar_id": "",
        "first_response": "1h 30m",
        "resolution": "",
        "at_risk_percent": "50",
        "position": "1",
        "active": "1",
    }
    assert admin.post("/admin/service-levels/new", **values).status_code == 302
    made = named(listed(list_policies), "Gold")
    assert (made.first_response_seconds, made.resolution_seconds) == (5400, None)
    page = admin.get("/admin/service-levels").text
    assert "1 h 30 min" in page
    assert page.index("Gold") < page.index("Urgent errors")
    admin.get(f"/admin/service-levels/{made.id}")
    values["first_response"] = "2h"
    admin.post(f"/admin/service-levels/{made.id}", **values, version="1")
    assert named(listed(list_policies), "Gold").first_response_seconds == 7200
    admin.post(f"/admin/service-levels/{made.id}/delete")
    assert "Gold" not in admin.get("/admin/service-levels").text.split("<table")[1]


def test_a_policy_shows_mine_and_theirs_when_two_change_it(admin, listed):
    admin.get("/admin/service-levels")
    url = f"/admin/service-levels/{named(listed(list_policies), 'Wishes').id}"
    mine = form_of(admin.get(url).text) | {"calendar_id": "", "condition": ""}
    theirs = {"resolution": "9h", "at_risk_percent": "70"}
    assert admin.post(url, **{**mine, **theirs}).status_code == 302
    refused = admin.post(url, **{**mine, "at_risk_percent": "60"})
    assert refused.status_code == 409
    again = form_of(refused.text)
    assert (again["resolution"], again["at_risk_percent"]) == ("9 h", "60")
    assert "Saved now: 70" in refused.text


def test_a_policy_shows_what_is_wrong_with_its_condition(admin):
    admin.get("/admin/service-levels/new")
    values = {
        "name": "Gold",
        "condition": "request.prio = 1",
        "resolution": "1h",
        "at_risk_percent": "75",
    }
    answer = admin.post("/admin/service-levels/new", **values)
    assert answer.status_code == 422
    assert "A request has no field prio." in answer.text


def request_of(api):
    return api("administrator")("POST", "/requests", {"subject": "It jams"}).json["id"]


def test_a_request_tells_how_its_due_times_came_about(admin, api):
    key = request_of(api)
    page = admin.get(f"/requests/{key}").text
    assert "Service level" in page
    assert "4 h of working time by Around the clock" in page
    assert api("employee")("GET", f"/request-promises/{key}").status_code == 404
    shown = api("administrator")("GET", f"/request-promises/{key}").json["items"]
    assert [one["state"] for one in shown] == ["running", "running"]
    assert shown[0]["steps"][0]["kind"] == "start"


def test_a_due_time_turns_to_in_time_or_late_when_it_was_answered(admin, api, clock):
    first, second = request_of(api), request_of(api)
    operations = api("administrator")
    answered = {"request_id": first, "status": "answered"}
    operations("POST", "/operations/request.set_status", answered)
    clock.advance(timedelta(days=1))
    operations("POST", "/operations/request.set_status", {**answered, "request_id": second})
    for key, word in ((first, "In time"), (second, "Late")):
        page = admin.get(f"/requests/{key}").text
        facts = page[page.index("First response due") :]
        assert word in facts[: facts.index("</dd>")]


def test_calendars_and_policies_are_read_over_the_api(api):
    call = api("administrator")
    calendars = call("GET", "/calendars").json["items"]
    assert calendars[0]["is_default"] is True
    shown = call("GET", f"/calendars/{calendars[0]['id']}").json
    assert shown["week"]["monday"] == "09:00-17:00"
    copy = {name: shown[name] for name in ("timezone", "week", "special_days")}
    assert call("POST", "/operations/calendar.create", {"name": "Copy", **copy}).status_code == 200
    policies = call("GET", "/sla-policies").json["items"]
    assert call("GET", f"/sla-policies/{policies[0]['id']}").json["name"] == policies[0]["name"]
    assert api("employee")("GET", "/calendars").status_code == 403
