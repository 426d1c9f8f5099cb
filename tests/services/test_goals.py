"""Goals: what counts, by whose midnights and rates, how it stands, and the next period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from services.calendars.calendars import list_calendars
from services.errors import Invalid, NotAllowed, NotFound
from services.goals import goals
from services.goals.goals import goals_in
from services.goals.model import Goal
from services.goals.pace import Phase, WorkingDays, pace_of
from services.goals.periods import Period, period_of
from services.goals.reading import history_of, standing_of, standings_in


def plan(desk, metric="won_count", by="olga", **values):
    given = {"metric": metric, "period": "month", "starts_on": "2026-03-15", "target": 10}
    return desk.do("goal.create", by, **{**given, **values})


def stands(desk, goal, actor="olga"):
    return desk.ask(lambda uow: standing_of(uow, uow.get(Goal, goal.id)), actor=actor)


def value(desk, goal, actor="olga"):
    return stands(desk, goal, actor).fact.value


def key(desk, name):
    return desk.people[name].user_id


def win(desk, who="anna", amount=100, closed_on="2026-03-02", **values):
    deal = desk.do("deal.create", who, name="a", amount=amount, **values)
    desk.do("deal.win", who, deal_id=deal.id, closed_on=closed_on)
    return deal


def team(desk, name):
    return next(iter(desk.people[name].group_ids))


def test_won_deals_count_on_the_day_that_counts_for_them(staff, clock):
    goal = plan(staff, "won_amount", level="company", target=1000)
    clock.advance(timedelta(days=40))
    win(staff, closed_on="2026-03-01")
    win(staff, closed_on="2026-03-31", amount=50)
    win(staff, closed_on="2026-02-28")
    win(staff, closed_on="2026-04-01")
    lost = win(staff)
    staff.do("deal.reopen", "anna", deal_id=lost.id)
    assert value(staff, goal) == Decimal("150.00")


def test_what_lies_in_the_bin_does_not_count_for_a_goal(staff):
    goal = plan(staff, "won_amount", level="company", target=1000)
    deal = win(staff)
    assert value(staff, goal) == 100
    staff.do("record.delete", "olga", record_type="deal", record_id=deal.id)
    assert value(staff, goal) == 0


def test_a_persons_a_teams_and_the_companys_count_their_own_records(staff):
    south = staff.do("group.create", "olga", name="South")
    staff.do("group.update", "olga", group_id=south.id, parent_id=team(staff, "anna"))
    person = plan(staff, owner_id=key(staff, "anna"))
    of_team = plan(staff, level="team", team_id=team(staff, "anna"))
    company = plan(staff, level="company")
    win(staff, "anna")
    win(staff, "boris")
    staff.do("deal.create", "boris", name="open", team_id=south.id)
    win(staff, "maria", team_id=south.id)
    win(staff, "sven")
    assert [value(staff, one) for one in (person, of_team, company)] == [1, 3, 4]


def test_amounts_are_told_in_the_goals_currency_by_the_rates_of_the_day(staff, clock):
    clock.advance(timedelta(days=20))
    for day, rate in (("2026-01-01", "0.5"), ("2026-03-10", "0.8")):
        staff.do("currency.set_rate", currency="USD", valid_from=day, rate=rate)
    staff.do("currency.set_rate", currency="NOK", valid_from="2026-01-01", rate="0.1")
    goal = plan(staff, "won_amount", level="company", currency="NOK")
    win(staff, amount=100, currency="USD", closed_on="2026-03-09")
    win(staff, amount=100, currency="USD", closed_on="2026-03-10")
    win(staff, amount=7, currency="NOK")
    win(staff, amount=1)
    win(staff, amount=9, currency="JPY")
    fact = stands(staff, goal).fact
    assert (fact.value, fact.left_out) == (Decimal("1317.00"), 1)


def test_moments_belong_to_a_period_by_the_installations_midnight(staff, clock, platform_with):
    leads = plan(staff, "new_leads", level="company")
    calls = plan(staff, "activities_done", level="company", activity_kind="call")
    for moment in ((2, 28, 22, 59), (2, 28, 23, 0), (3, 31, 21, 59), (3, 31, 22, 0)):
        clock.moment = datetime(2026, *moment, tzinfo=UTC)
        staff.do("lead.create", "anna", name="a")
        staff.do("activity.log", "anna", kind="call", subject="a", result="b")
        staff.do("activity.log", "anna", kind="meeting", subject="a", result="b")
    staff.platform = platform_with(timezone=ZoneInfo("Europe/Oslo"))
    assert (value(staff, leads), value(staff, calls)) == (2, 2)


def test_invoices_count_net_and_payments_when_they_come_in(staff):
    account = staff.do("account.create", "anna", name="a")
    lines = [{"title": "x", "quantity": 1, "unit_price": 100, "tax_percent": 25}]
    made = [
        staff.do("invoice.create", "anna", title="x", account_id=account.id, lines=lines)
        for _ in range(3)
    ]
    for one in made[:2]:
        staff.do("invoice.issue", "anna", invoice_id=one.id)
    paid = staff.do("payment.record", "anna", invoice_id=made[0].id, amount="125")
    staff.do("payment.record", "anna", invoice_id=made[1].id, amount="25")
    invoiced = plan(staff, "invoiced", owner_id=key(staff, "anna"))
    money_in = plan(staff, "paid", owner_id=key(staff, "anna"))
    assert (value(staff, invoiced), value(staff, money_in)) == (200, 150)
    staff.do("payment.take_back", "anna", payment_id=paid["payment_id"])
    staff.do("invoice.credit", "anna", invoice_id=made[0].id)
    assert (value(staff, invoiced), value(staff, money_in)) == (100, 25)


def test_only_what_fulfils_the_filter_counts_when_there_is_one(staff):
    goal = plan(staff, level="company")
    rule = {"field": "amount", "op": "gt", "value": 50}
    staff.do("goal.set_filter", "olga", goal_id=goal.id, filter=rule)
    win(staff, amount=50)
    win(staff, amount=51)
    assert value(staff, goal) == 1
    mine = {"field": "owner_id", "value": "me"}
    with pytest.raises(Invalid):
        staff.do("goal.set_filter", "olga", goal_id=goal.id, filter=mine)
    with pytest.raises(Invalid):
        staff.do("goal.update", "olga", goal_id=goal.id, metric="new_leads")
    with pytest.raises(NotFound):
        staff.do("goal.update", "olga", goal_id=goal.id, owner_id=str(goal.id))


def test_goals_are_seen_by_scope_and_counted_alike_for_all_who_see_them(staff):
    mine = plan(staff, owner_id=key(staff, "anna"))
    plan(staff, owner_id=key(staff, "sven"))
    plan(staff, level="company")
    win(staff, "anna")
    march = period_of("month", date(2026, 3, 1))

    def names(who):
        return [one.whose for one in staff.ask(standings_in, march, actor=who)]

    assert names("anna") == ["Anna"]
    assert names("boris") == ["Anna"]
    assert names("maria") == ["Company", "Anna", "Sven"]
    staff.do("deal.create", "anna", name="x")
    assert value(staff, mine, "boris") == 1
    for refused in ("goal.update", "record.delete"):
        arguments = {"goal_id": mine.id, "target": 1}
        if refused == "record.delete":
            arguments = {"record_type": "goal", "record_id": mine.id}
        with pytest.raises(NotAllowed):
            staff.do(refused, "anna", **arguments)


def test_the_sum_is_kept_from_those_from_whom_its_fields_are_hidden(staff):
    staff.do(
        "role.create",
        name="Blind",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
        field_rights={"deal": {"amount": "hidden"}},
    )
    staff.add_person("bea", roles=("blind",))
    money, count = plan(staff, "won_amount"), plan(staff)
    win(staff)
    assert stands(staff, money, "bea").fact.value is None
    assert value(staff, count, "bea") is not None


def test_a_filter_is_refused_when_it_reads_what_is_hidden(staff):
    """Or else whoever sets goals could find out a hidden amount by trying."""
    staff.do(
        "role.create",
        name="Planner",
        permissions=["record:read", "goal:write"],
        records={"*": {"read": "all", "update": "all"}},
        field_rights={"deal": {"amount": "hidden"}},
    )
    staff.add_person("pia", roles=("planner",))
    goal = plan(staff, level="company")
    rich = {"field": "amount", "op": "gt", "value": 50}
    with pytest.raises(Invalid):
        staff.do("goal.set_filter", "pia", goal_id=goal.id, filter=rich)
    staff.do("goal.set_filter", "olga", goal_id=goal.id, filter=rich)
    win(staff)
    assert value(staff, goal) == 1
    assert value(staff, goal, "pia") is None


def test_facts_cost_the_same_when_there_are_many_goals(staff):
    march = period_of("month", date(2026, 3, 1))
    for metric in ("won_amount", "new_leads", "paid", "activities_done"):
        plan(staff, metric, level="company")
        plan(staff, metric, level="team", team_id=team(staff, "anna"))
    with staff.counting() as few:
        staff.ask(standings_in, march, actor="maria")
    for name in ("anna", "boris", "sven", "maria"):
        plan(staff, "won_amount", owner_id=key(staff, name))
    with staff.counting() as many:
        assert len(staff.ask(standings_in, march, actor="maria")) == 12
    assert len(many) <= len(few) + 1 <= 8  # the names of the people


def test_a_deleted_goal_stays_in_the_bin_when_it_was_set_anew(staff):
    goal = plan(staff, level="company")
    about = {"record_type": "goal", "record_id": goal.id}
    staff.do("record.delete", "olga", **about)
    plan(staff, level="company")
    with pytest.raises(Invalid, match="already"):
        staff.do("record.restore", "olga", **about)


def test_a_goal_is_there_once_when_it_is_set_twice(staff):
    first = plan(staff, owner_id=key(staff, "anna"))
    assert (first.name, first.starts_on, first.ends_on) == (
        "Won deals, Anna, March 2026",
        date(2026, 3, 1),
        date(2026, 3, 31),
    )
    with pytest.raises(Invalid):
        plan(staff, owner_id=key(staff, "anna"), starts_on="2026-03-01", target=3)
    other = plan(staff, owner_id=key(staff, "anna"), starts_on="2026-04-01")
    with pytest.raises(Invalid):
        staff.do("goal.update", "olga", goal_id=other.id, starts_on="2026-03-09")
    moved = staff.do("goal.update", "olga", goal_id=other.id, period="quarter")
    assert moved.name == "Won deals, Anna, Q2 2026"


@pytest.mark.parametrize("wrong", [{"target": 0}, {"level": "team"}, {"target": -1}])
def test_a_goal_is_refused_when_it_says_nothing(staff, wrong):
    with pytest.raises(Invalid):
        plan(staff, **wrong)


def test_plans_are_carried_on_when_the_next_period_comes(staff):
    anna = plan(staff, "won_amount", owner_id=key(staff, "anna"), target=100)
    plan(staff, owner_id=key(staff, "boris"), target=10, name="Boris' own")
    plan(staff, owner_id=key(staff, "sven"))
    staff.do("user.update", "olga", user_id=key(staff, "sven"), active=False)
    copy = {"period": "month", "starts_on": "2026-03-20", "change_percent": "5"}
    done = staff.do("goal.copy_period", "olga", **copy)
    assert (done["copied"], done["passed_over"]) == (2, 1)
    assert staff.do("goal.copy_period", "olga", **copy)["copied"] == 0
    april = period_of("month", date(2026, 4, 1))
    goals = staff.ask(goals_in, april, limit=9)
    assert [(one.name, one.target) for one in goals] == [
        ("Boris' own", 11),
        ("Won amount, Anna, April 2026", Decimal("105.00")),
    ]
    earlier = staff.ask(lambda uow: history_of(uow, uow.get(Goal, goals[1].id)))
    assert [one.goal.id for one in earlier] == [anna.id, goals[1].id]


def test_all_plans_are_carried_on_when_they_are_more_than_are_read_at_once(staff, monkeypatch):
    monkeypatch.setattr(goals, "COPIED_AT_ONCE", 2)
    for name in ("anna", "boris", "sven"):
        plan(staff, owner_id=key(staff, name), target=10)
    done = staff.do("goal.copy_period", "olga", period="month", starts_on="2026-03-20")
    assert (done["copied"], done["passed_over"]) == (3, 0)


def test_each_period_counts_its_own_days_when_several_are_told_together(staff, clock):
    clock.advance(timedelta(days=60))
    plan(staff, "new_leads", level="company", target=1)
    plan(staff, level="company", target=1)
    april = {"level": "company", "starts_on": "2026-04-01", "target": 1}
    deals, leads = plan(staff, **april), plan(staff, "new_leads", **april)
    for day in ("2026-03-31", "2026-04-01", "2026-04-30"):
        win(staff, closed_on=day)
    clock.moment = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    staff.do("lead.create", "anna", name="a")

    def told(goal):
        history = staff.ask(lambda uow: history_of(uow, uow.get(Goal, goal.id)))
        return [one.fact.value for one in history]

    assert (told(deals), told(leads)) == ([1, 2], [1, 0])


@pytest.mark.parametrize(
    ("value", "expected", "ahead", "per_day"),
    [("50", "40.0", "10.0", "8.4"), ("10", "40.0", "-30.0", "15.0"), ("120", "40.0", "80.0", "0")],
)
def test_pace_is_told_by_working_days(value, expected, ahead, per_day):
    days = WorkingDays(Phase.RUNNING, 4, 6)
    pace = pace_of(Decimal(100), Decimal(value), days, 1)
    found = (pace.expected, pace.ahead, pace.per_day, pace.expected_percent)
    assert found == (Decimal(expected), Decimal(ahead), Decimal(per_day), 40)


def test_holidays_are_no_working_days_when_the_calendar_has_them(staff, clock):
    office = staff.ask(list_calendars)[0].id
    days = [{"date": "2026-03-03"}, {"date": "2026-03-07", "hours": "10:00-12:00"}]
    staff.do("calendar.update", "olga", calendar_id=office, special_days=days)
    clock.moment = datetime(2026, 3, 9, 9, tzinfo=UTC)
    found = stands(staff, plan(staff)).days
    assert (found.phase, found.past, found.left) == (Phase.RUNNING, 5, 17)


def test_a_period_ends_where_the_calendar_of_years_does():
    assert period_of("year", date(9999, 5, 1)) == Period(
        "year", date(9999, 1, 1), date(9999, 12, 31)
    )
    assert period_of("quarter", date(2028, 2, 29)).last == date(2028, 3, 31)
    assert period_of("month", date(2028, 2, 1)).last == date(2028, 2, 29)
