"""Service levels: what is promised, when it is due, and what moves that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from feel import WorkingCalendar
from feel.working_time import add_working_time, working_time_between
from services.calendars.spans import format_span, parse_span
from services.crm.request_model import ServiceRequest
from services.errors import Conflict, Invalid, NotAllowed
from services.service_levels.clock import clocks_of
from services.service_levels.counting import SlaState, count_due, state_of, time_left
from services.service_levels.model import SlaClock
from services.service_levels.policies import find_policy, list_policies, present_policy
from services.service_levels.recount import recount_requests

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "10:00-18:00")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)  # an hour before work begins


@pytest.fixture
def level(desk):
    """One policy that counts by working hours, and nothing else."""
    for policy in desk.ask(list_policies):
        desk.do("sla_policy.delete", policy_id=policy.id)
    office = desk.do("calendar.create", name="Office", timezone="UTC", week=WEEK)
    desk.office = office.id
    desk.policy = promise(desk, "Standard", first_response="4h", resolution="16h").id
    return desk


def promise(desk, name, **values):
    return desk.do("sla_policy.create", name=name, calendar_id=desk.office, **values)


def opened(desk, **values):
    return desk.do("request.create", subject="It jams", **values)


def status(desk, request, value):
    return desk.do("request.set_status", request_id=request.id, status=value)


def change(desk, request, **values):
    return desk.do("request.update", request_id=request.id, **values)


def clocks(desk, request):
    return {clock.target: clock for clock in desk.ask(clocks_of, request.id)}


def states(desk, request):
    now = desk.platform.clock.now()
    return [state_of(clock, now) for clock in clocks(desk, request).values()]


def refused(desk, operation="sla_policy.create", **values):
    with pytest.raises(Invalid) as caught:
        desk.do(operation, **values)
    return caught.value.fields


@pytest.mark.parametrize(
    ("written", "seconds", "shown"),
    [
        ("4h", 14400, "4 h"),
        ("1h 30m", 5400, "1 h 30 min"),
        ("90 min", 5400, "1 h 30 min"),
        ("PT45M", 2700, "45 min"),
        ("P2D", 172800, "48 h"),
        ("2 hours", 7200, "2 h"),
    ],
)
def test_a_span_is_read_however_it_is_written(written, seconds, shown):
    assert parse_span(written) == seconds
    assert format_span(seconds) == shown
    assert parse_span(shown) == seconds


@pytest.mark.parametrize("bad", ["", "soon", "4", "2d", "P1M", "-4h", "0h", "PT0S", "99999h"])
def test_a_span_is_refused_when_it_is_none(bad):
    with pytest.raises(ValueError, match=r"hours|length"):
        parse_span(bad)


def test_due_times_count_working_hours_when_a_request_comes(level):
    request = opened(level)
    assert request.first_response_due_at == MONDAY + 5 * HOUR
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert request.version == 1


def test_sunday_evening_and_an_hour_is_due_on_monday_at_eleven(level, clock):
    clock.moment = datetime(2026, 3, 1, 19, tzinfo=UTC)
    level.do("sla_policy.update", policy_id=level.policy, first_response="1h")
    assert opened(level).first_response_due_at == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_the_first_policy_that_matches_counts(level):
    promise(
        level,
        "Urgent",
        position=1,
        condition='request.priority = "urgent" and request.account.name = "Fjord"',
        first_response="1h",
    )
    level.do("sla_policy.update", policy_id=level.policy, position=2)
    account = level.do("account.create", name="Fjord")
    urgent = opened(level, priority="urgent", account_id=account.id)
    assert urgent.first_response_due_at == MONDAY + 2 * HOUR
    assert urgent.resolution_due_at is None
    assert opened(level, priority="urgent").first_response_due_at == MONDAY + 5 * HOUR


def test_nothing_is_promised_when_no_policy_is_in_force(level):
    level.do("sla_policy.update", policy_id=level.policy, active=False)
    request = opened(level)
    assert (request.first_response_due_at, request.resolution_due_at) == (None, None)
    level.do("sla_policy.update", policy_id=level.policy, active=True)
    assert change(level, request, priority="high").first_response_due_at == MONDAY + 5 * HOUR


def test_a_condition_counts_as_false_when_it_fails(level):
    policy = promise(level, "Odd", position=1, condition="request.subject < 3", resolution="1h")
    level.do("sla_policy.update", policy_id=level.policy, position=2)
    request = opened(level)
    found = level.ask(lambda uow: find_policy(uow, uow.get(ServiceRequest, request.id)))
    assert found.id != policy.id


def test_fields_are_named_when_a_policy_is_refused(level):
    assert "first_response" in refused(level, name="Empty")
    assert "condition" in refused(level, name="Bad", resolution="1h", condition="request. =")
    other = refused(level, name="Bad", resolution="1h", condition="deal.amount > 3")
    assert "deal" in other["condition"][0]
    unknown = refused(level, name="Bad", resolution="1h", condition='request.prio = "x"')
    assert "prio" in unknown["condition"][0]
    assert "name" in refused(level, name="Standard", resolution="1h")
    missing = refused(level, name="Bad", resolution="1h", calendar_id=level.policy)
    assert "calendar_id" in missing
    assert "resolution" in refused(level, name="Bad", resolution="soon")
    assert "at_risk_percent" in refused(level, name="Bad", resolution="1h", at_risk_percent=0)


def test_only_administrators_change_policies(staff):
    with pytest.raises(NotAllowed):
        staff.do("sla_policy.create", "maria", name="Mine", resolution="1h")
    assert staff.do("sla_policy.create", "olga", name="Ours", resolution="1h").position == 6


def test_a_policy_is_shown_as_it_is_taken(level):
    shown = present_policy(level.ask(list_policies)[0])
    assert (shown["first_response"], shown["resolution"]) == ("4 h", "16 h")
    values = {k: v for k, v in shown.items() if k not in {"id", "version", "name"}}
    level.do("sla_policy.create", name="Copy", **values)


def test_a_calendar_stays_when_a_policy_counts_by_it(level):
    with pytest.raises(Conflict, match="Standard"):
        level.do("calendar.delete", calendar_id=level.office)


def test_a_promise_is_kept_or_broken_by_when_it_is_done(level, clock):
    request = opened(level)
    assert states(level, request) == [SlaState.RUNNING, SlaState.RUNNING]
    clock.advance(4 * HOUR)  # three of four hours were worked
    assert states(level, request) == [SlaState.AT_RISK, SlaState.RUNNING]
    clock.advance(HOUR)
    assert states(level, request)[0] is SlaState.AT_RISK
    clock.advance(timedelta(seconds=1))
    assert states(level, request)[0] is SlaState.BREACHED
    status(level, request, "answered")
    assert states(level, request) == [SlaState.LATE, SlaState.RUNNING]
    status(level, request, "resolved")
    assert states(level, request) == [SlaState.LATE, SlaState.MET]


def test_an_answer_on_the_dot_is_in_time(level, clock):
    request = opened(level)
    clock.advance(5 * HOUR)
    status(level, request, "answered")
    assert states(level, request)[0] is SlaState.MET


def test_the_time_stands_when_the_client_is_asked(level, clock):
    request = opened(level)
    clock.advance(3 * HOUR)  # two hours were worked
    request = status(level, request, "waiting")
    assert request.first_response_due_at == MONDAY + 5 * HOUR  # a question back is a response
    assert request.resolution_due_at is None
    assert states(level, request) == [SlaState.MET, SlaState.PAUSED]
    clock.advance(2 * DAY)
    request = status(level, request, "in_progress")  # Wednesday 12:00, 14 hours are left
    assert request.resolution_due_at == datetime(2026, 3, 5, 18, tzinfo=UTC)
    clock.advance(HOUR)
    request = status(level, request, "waiting")
    clock.advance(DAY)
    request = status(level, request, "in_progress")  # Thursday 13:00, 13 hours are left
    assert request.resolution_due_at == datetime(2026, 3, 6, 18, tzinfo=UTC)


def test_nothing_is_lost_when_the_client_is_asked_again_and_again(level, clock):
    request = opened(level)
    for _ in range(5):
        status(level, request, "waiting")
        clock.advance(DAY)
        request = status(level, request, "in_progress")
    assert time_left(*counted(level, request)) == 16 * HOUR


def counted(desk, request):
    calendar = WorkingCalendar("Office", "UTC", (((600, 1080),),) * 5 + ((), ()))
    return calendar, clocks(desk, request)["resolution"], desk.platform.clock.now()


def test_a_late_request_stays_late_when_the_client_is_asked(level, clock):
    request = opened(level)
    clock.advance(3 * DAY)
    request = status(level, request, "waiting")
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert states(level, request) == [SlaState.LATE, SlaState.BREACHED]


def test_a_request_is_in_time_when_it_is_resolved_while_it_waits(level, clock):
    request = opened(level)
    status(level, request, "waiting")
    clock.advance(9 * DAY)
    request = status(level, request, "resolved")
    assert request.resolution_due_at > clock.now()
    assert states(level, request) == [SlaState.MET, SlaState.MET]


def test_the_resolution_is_promised_anew_when_a_request_is_opened_again(level, clock):
    request = opened(level)
    clock.advance(2 * HOUR)
    status(level, request, "resolved")
    clock.advance(DAY)
    request = status(level, request, "in_progress")  # Tuesday 11:00
    assert request.resolution_due_at == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert request.first_response_due_at == MONDAY + 5 * HOUR
    assert states(level, request) == [SlaState.MET, SlaState.RUNNING]


def test_due_times_move_when_another_policy_matches(level, clock):
    promise(level, "Urgent", position=1, condition='request.priority = "urgent"', resolution="8h")
    level.do("sla_policy.update", policy_id=level.policy, position=2)
    request = opened(level)
    clock.advance(2 * HOUR)
    request = change(level, request, priority="urgent")
    assert request.first_response_due_at is None
    assert request.resolution_due_at == datetime(2026, 3, 2, 18, tzinfo=UTC)
    request = change(level, request, priority="low")
    assert request.first_response_due_at == MONDAY + 5 * HOUR
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)


def test_what_was_done_keeps_its_promise_when_another_policy_matches(level, clock):
    promise(
        level, "Urgent", position=1, condition='request.priority = "urgent"', first_response="1h"
    )
    level.do("sla_policy.update", policy_id=level.policy, position=2)
    request = opened(level)
    clock.advance(4 * HOUR)
    status(level, request, "answered")
    request = change(level, request, priority="urgent")
    assert request.first_response_due_at == MONDAY + 5 * HOUR
    assert states(level, request) == [SlaState.MET]


@pytest.mark.parametrize("becomes", ["changed", "put out of force", "overtaken", "deleted"])
def test_what_was_promised_stays_when_the_policy_does_not(level, becomes):
    request = opened(level)
    policy = {"policy_id": level.policy}
    if becomes == "changed":
        level.do("sla_policy.update", **policy, first_response="1h", condition=None)
    elif becomes == "put out of force":
        level.do("sla_policy.update", **policy, active=False)
    elif becomes == "overtaken":
        level.do("sla_policy.update", **policy, position=2)
        promise(level, "Better", position=1, first_response="1h", resolution="2h")
    else:
        level.do("sla_policy.delete", **policy)
    request = change(level, request, subject="It still jams")
    assert request.first_response_due_at == MONDAY + 5 * HOUR
    assert clocks(level, request)["first_response"].policy_name == "Standard"


def test_no_time_is_lost_when_a_pause_ends_in_a_transaction_that_began_before_it(level, clock):
    request = opened(level)
    clock.advance(2 * HOUR)
    status(level, request, "waiting")
    clock.advance(timedelta(seconds=-30))  # it had to wait for the one that began after it
    request = status(level, request, "in_progress")
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)


def test_a_due_time_stays_when_it_was_set_by_hand(level, clock):
    promised = MONDAY + 30 * DAY
    request = change(level, opened(level), resolution_due_at=promised)
    status(level, request, "waiting")
    clock.advance(DAY)
    request = status(level, request, "in_progress")
    request = change(level, request, priority="urgent")
    assert request.resolution_due_at == promised
    assert clocks(level, request)["resolution"].set_by == "Lanewise"


def test_a_due_time_is_counted_again_when_it_is_cleared(level):
    request = change(level, opened(level), resolution_due_at=MONDAY)
    request = change(level, request, resolution_due_at=None)
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)


def test_a_due_time_stays_when_a_request_comes_with_it(level):
    request = opened(level, resolution_due_at=MONDAY + DAY)
    assert request.resolution_due_at == MONDAY + DAY
    assert request.first_response_due_at == MONDAY + 5 * HOUR


def test_a_request_of_before_keeps_its_times(level):
    request = opened(level)
    with level.platform.engine.begin() as connection:
        connection.execute(text("DELETE FROM sla_clocks"))
    request = change(level, request, priority="urgent")
    request = status(level, request, "waiting")
    request = status(level, request, "in_progress")
    assert request.resolution_due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)
    status(level, request, "resolved")
    status(level, request, "in_progress")
    assert list(clocks(level, request)) == ["resolution"]


def test_open_requests_are_counted_anew_when_their_calendar_changes(level):
    request, done = opened(level), opened(level)
    status(level, done, "resolved")
    by_hand = change(level, opened(level), resolution_due_at=MONDAY + DAY)
    tuesday = {"date": "2026-03-03", "name": "Closed"}
    level.do("calendar.update", calendar_id=level.office, special_days=[tuesday])
    (arguments,) = level.jobs("sla.recount")
    recount_requests(level.platform, **arguments)
    recount_requests(level.platform, **arguments)
    due = [
        level.ask(lambda uow, key=one.id: uow.get(ServiceRequest, key)).resolution_due_at
        for one in (request, done, by_hand)
    ]
    assert due == [
        datetime(2026, 3, 4, 18, tzinfo=UTC),
        datetime(2026, 3, 3, 18, tzinfo=UTC),
        MONDAY + DAY,
    ]


def test_every_open_request_is_counted_anew_when_there_are_many(level, monkeypatch):
    monkeypatch.setattr("services.service_levels.recount.COUNTED_TOGETHER", 2)
    requests = [opened(level) for _ in range(5)]
    level.do("calendar.update", calendar_id=level.office, week={"monday": "10:00-18:00"})
    recount_requests(level.platform, **level.jobs("sla.recount")[0])
    due = [
        level.ask(lambda uow, k=r.id: uow.get(ServiceRequest, k)).resolution_due_at
        for r in requests
    ]
    assert due == [datetime(2026, 3, 9, 18, tzinfo=UTC)] * 5


def test_every_request_has_a_promise_in_a_new_installation(desk):
    waits = {}
    for kind in ("error", "wish", "question"):
        for priority in ("low", "normal", "high", "urgent"):
            request = opened(desk, type=kind, priority=priority)
            assert request.first_response_due_at < request.resolution_due_at
            waits[kind, priority] = request.first_response_due_at
    assert min(waits, key=waits.__getitem__) == ("error", "urgent")


def test_few_statements_are_enough_when_a_request_is_created(level):
    opened(level)
    with level.counting() as statements:
        opened(level)
    assert sum("sla_" in one or "working_calendars" in one for one in statements) <= 4


OFFICE = WorkingCalendar("Office", "Europe/Oslo", (((540, 1020),),) * 5 + ((), ()))
PAUSES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=5)


@given(PAUSES, st.integers(60, 10**6))
@settings(max_examples=150)
def test_so_much_is_worked_outside_of_pauses_when_it_is_due(spans, seconds):
    at, pauses = MONDAY, []
    for wait, length in spans:
        begin = at + timedelta(seconds=wait)
        at = begin + timedelta(seconds=length)
        pauses.append([begin.isoformat(), at.isoformat()])
    amount = timedelta(seconds=seconds)
    due = count_due(OFFICE, MONDAY, pauses, amount)
    paused = sum(
        (
            working_time_between(OFFICE, min(due, one), min(due, other))
            for one, other in (map(datetime.fromisoformat, pause) for pause in pauses)
        ),
        timedelta(),
    )
    assert working_time_between(OFFICE, MONDAY, due) - paused == amount
    assert due >= add_working_time(OFFICE, MONDAY, amount)


def test_nothing_is_due_when_it_is_farther_than_can_be_counted():
    sparse = WorkingCalendar("Sparse", "UTC", (((0, 1),),) + ((),) * 6)
    assert count_due(sparse, MONDAY, [], timedelta(days=365)) is None
    clock = SlaClock(seconds=10**9, started_at=MONDAY, pauses=[], done_at=None)
    far = SimpleNamespace(now=MONDAY + timedelta(days=99999))
    assert time_left(sparse, clock, far.now) is None
