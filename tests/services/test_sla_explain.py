"""How a due time came about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.calendars.model import DAYS
from services.crm.request_model import ServiceRequest
from services.service_levels.explain import MAX_DAYS, explain_request
from services.service_levels.policies import list_policies
from services.service_levels.standing import standings_of

BEGUN = (
    "Begun Sun 01 Mar 2026 19:00: 9 h of working time by Office, as the policy Standard promises."
)
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "10:00-18:00")


@pytest.fixture
def level(desk):
    for policy in desk.ask(list_policies):
        desk.do("sla_policy.delete", policy_id=policy.id)
    days = [
        {"date": "2026-03-03", "name": "Founders' day"},
        {"date": "2026-03-07", "name": "Moved", "hours": "10:00-12:00"},
    ]
    office = desk.do(
        "calendar.create", name="Office", timezone="Europe/Oslo", week=WEEK, special_days=days
    )
    desk.office = office.id
    desk.policy = desk.do(
        "sla_policy.create", name="Standard", calendar_id=office.id, first_response="9h"
    ).id
    return desk


def explain(desk, request):
    (found,) = desk.ask(lambda uow: explain_request(uow, uow.get(ServiceRequest, request.id)))
    return found


def told(desk, request):
    return [(step.kind, step.text, step.counted) for step in explain(desk, request).steps]


def opened(desk):
    return desk.do("request.create", subject="It jams")


def test_each_day_is_told_when_it_was_counted_or_passed_over(level, clock):
    clock.moment = datetime(2026, 3, 1, 18, tzinfo=UTC)
    assert told(level, opened(level)) == [
        (
            "start",
            BEGUN,
            "",
        ),
        ("free", "Sun 01 Mar 2026: no working time.", ""),
        ("work", "Mon 02 Mar 2026: 10:00-18:00", "8 h"),
        ("holiday", "Tue 03 Mar 2026: Founders' day, no working time.", ""),
        ("work", "Wed 04 Mar 2026: 10:00-11:00", "1 h"),
        ("risk", "At risk from Mon 02 Mar 2026 16:45: 75 % of the time.", ""),
        ("due", "Due Wed 04 Mar 2026 11:00.", ""),
    ]


def test_special_hours_are_named_when_they_were_counted(level, clock):
    clock.moment = datetime(2026, 3, 6, 16, tzinfo=UTC)
    steps = told(level, opened(level))
    assert ("work", "Sat 07 Mar 2026: 10:00-12:00 (Moved)", "2 h") in steps
    assert ("free", "Sun 08 Mar 2026: no working time.", "") in steps


def test_a_pause_is_told_when_the_client_was_asked(level, clock):
    level.do("sla_policy.update", policy_id=level.policy, first_response=None, resolution="9h")
    request = opened(level)  # Monday 10:00
    clock.advance(timedelta(hours=2))
    level.do("request.set_status", request_id=request.id, status="waiting")
    assert told(level, request)[-1] == (
        "pause",
        "Paused Mon 02 Mar 2026 12:00 until now: the client was asked.",
        "",
    )
    assert (explain(level, request).state, explain(level, request).left) == ("paused", "7 h")
    clock.advance(timedelta(days=2))
    level.do("request.set_status", request_id=request.id, status="in_progress")
    assert [kind for kind, *_ in told(level, request)] == [
        "start",
        "work",
        "pause",
        "work",
        "work",
        "risk",
        "due",
    ]
    assert explain(level, request).steps[-3].total_seconds == 9 * 3600


def test_who_set_it_is_told_when_a_time_was_set_by_hand(level):
    request = opened(level)
    due = datetime(2026, 3, 9, 9, tzinfo=UTC)
    level.do("request.update", request_id=request.id, first_response_due_at=due)
    found = explain(level, request)
    assert found.steps[0].text == "Set to Mon 09 Mar 2026 10:00 by Lanewise; it is not counted."
    assert found.policy is None


def test_the_rest_is_told_together_when_the_way_is_long(level):
    level.do("sla_policy.update", policy_id=level.policy, first_response="1000h")
    found = explain(level, opened(level))
    assert len(found.steps) < MAX_DAYS + 5
    assert "more days until" in found.steps[-3].text
    assert found.steps[-3].total_seconds == 1000 * 3600


def test_what_was_done_is_told_when_it_was(level, clock):
    request = opened(level)
    clock.advance(timedelta(hours=1))
    level.do("request.set_status", request_id=request.id, status="answered")
    found = explain(level, request)
    assert (found.state_label, found.steps[-1].text) == ("In time", "Done Mon 02 Mar 2026 11:00.")


def test_whole_days_add_up_to_the_second_when_a_request_came_at_an_odd_moment(desk, clock):
    clock.moment = datetime(2026, 3, 2, 9, 57, 25, 400_000, tzinfo=UTC)
    wish = desk.do("request.create", subject="A wish", type="wish")
    first, _ = desk.ask(lambda uow: explain_request(uow, uow.get(ServiceRequest, wish.id)))
    assert "Tue 03 Mar 2026: 00:00-24:00" in [step.text for step in first.steps]
    assert first.steps[-3].total == "48 h"


@pytest.mark.parametrize(
    ("zone", "day", "words"),
    [
        ("Europe/Berlin", (2026, 3, 28), "(clocks go forward 1 h)"),
        ("America/New_York", (2026, 10, 31), "(clocks go back 1 h)"),
        ("Australia/Lord_Howe", (2026, 4, 4), "(clocks go back 30 min)"),
    ],
)
def test_a_change_of_clocks_is_told_when_a_shift_is_longer_or_shorter(
    level, clock, zone, day, words
):
    clock.moment = datetime(*day, 2, tzinfo=UTC)
    week = dict.fromkeys(DAYS, "22:00-06:00")
    level.do("calendar.update", calendar_id=level.office, timezone=zone, week=week, special_days=[])
    level.do("sla_policy.update", policy_id=level.policy, first_response="30h")
    assert [step.text for step in explain(level, opened(level)).steps if words in step.text]


def test_it_is_said_when_the_calendar_was_changed_after_what_was_done(level, clock):
    request = opened(level)
    clock.advance(timedelta(hours=1))
    level.do("request.set_status", request_id=request.id, status="answered")
    level.do("calendar.update", calendar_id=level.office, week={"friday": "10:00-18:00"})
    assert "changed" in [kind for kind, *_ in told(level, request)]


def test_lists_say_of_open_promises_what_their_due_time_does_not(level, clock):
    level.do("sla_policy.update", policy_id=level.policy, first_response="4h", resolution="8h")
    request, waits, done = opened(level), opened(level), opened(level)
    level.do("request.set_status", request_id=waits.id, status="waiting")
    level.do("request.set_status", request_id=done.id, status="resolved")
    clock.advance(timedelta(hours=7))
    keys = [request.id, waits.id, done.id]
    fields = ["subject", "first_response_due_at", "resolution_due_at"]
    assert level.ask(standings_of, keys, fields) == {
        (request.id, "first_response_due_at"): "breached",
        (request.id, "resolution_due_at"): "at_risk",
        (waits.id, "resolution_due_at"): "paused",
    }
    with level.counting() as statements:
        level.ask(standings_of, keys, ["subject"])
    assert not [one for one in statements if "sla_clocks" in one]
