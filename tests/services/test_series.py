"""Activities that come again: when, how far ahead, and what a change of one does to the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.activities.ahead import look_after_series
from services.activities.invitations import calendar_text
from services.activities.model import Activity, ActivitySeries, Participant
from services.activities.recurrence import (
    WEEKDAYS,
    Frequency,
    MonthBy,
    make_recurrence,
    read_recurrence,
)
from services.errors import Conflict, Invalid, NotAllowed, NotFound

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture
def monday() -> datetime:
    """Two weeks before the clocks change."""
    return datetime(2026, 3, 16, 9, tzinfo=OSLO)


def _plan(staff, begin, who="boris", **values):
    given = {"subject": "Stand-up", "kind": "meeting", "duration_minutes": 30, **values}
    return staff.do("activity.create", who, starts_at=begin, **given)


def _weekly(staff, begin, times=4, **values):
    """Return the activities of a weekly series, in their order."""
    made = _plan(staff, begin, **values)
    _repeat(staff, made, "weekly", values.get("who", "boris"), times=times)
    return _all(staff)


def _repeat(staff, activity, frequency, who="boris", **rule):
    rule.setdefault("timezone", "Europe/Oslo")
    return staff.do("activity.repeat", who, activity_id=activity.id, frequency=frequency, **rule)


def _all(staff):
    def read(uow):
        live = select(Activity).where(Activity.deleted_at.is_(None))
        return uow.session.scalars(live.order_by(Activity.starts_at, Activity.id)).all()

    return staff.ask(read)


def _begins(staff):
    return [row.starts_at.astimezone(OSLO) for row in _all(staff)]


def _series(staff):
    ordered = select(ActivitySeries).order_by(ActivitySeries.id)
    return staff.ask(lambda uow: uow.session.scalars(ordered).all())


def test_each_time_is_an_activity_of_its_own_when_one_is_repeated(staff, monday):
    rows = _weekly(staff, monday, times=3)
    assert [row.starts_at for row in rows] == [monday + timedelta(weeks=n) for n in range(3)]
    assert {(row.subject, row.duration_minutes, row.owner_id) for row in rows} == {
        ("Stand-up", 30, staff.people["boris"].user_id)
    }


def test_the_hour_on_the_wall_stays_when_the_clocks_change(staff, monday):
    _repeat(staff, _plan(staff, monday), "weekly")
    begins = _begins(staff)
    assert {begin.hour for begin in begins} == {9}
    assert len({begin.utcoffset() for begin in begins}) == 2


def test_short_months_are_left_out_when_it_is_on_the_31st(staff):
    made = _plan(staff, datetime(2026, 3, 31, 9, tzinfo=OSLO))
    _repeat(staff, made, "monthly", times=3)
    assert [(b.month, b.day) for b in _begins(staff)] == [(3, 31), (5, 31), (7, 31)]


@pytest.mark.parametrize(
    ("by", "day", "name"),
    [
        ("weekday", 10, "Every month on the second Tuesday, 2 times"),
        ("last_weekday", 31, "Every month on the last Tuesday, 2 times"),
    ],
)
def test_a_rule_is_told_in_words_when_it_is_by_weekday(staff, by, day, name):
    made = _plan(staff, datetime(2034, 1, day, 9, tzinfo=OSLO))
    _repeat(staff, made, "monthly", month_by=by, times=2)
    assert [one.name for one in _series(staff)] == [name]
    assert {begin.weekday() for begin in _begins(staff)} == {1}


def test_there_are_at_most_a_hundred_ahead_when_it_is_daily_without_end(staff, monday):
    _repeat(staff, _plan(staff, monday), "daily")
    assert len(_all(staff)) == 100


def test_there_are_two_ahead_when_it_is_yearly_without_end(staff, monday):
    _repeat(staff, _plan(staff, monday), "yearly")
    assert [begin.year for begin in _begins(staff)] == [monday.year, monday.year + 1]


def test_as_many_more_are_made_as_are_over_when_time_goes_on(staff, monday):
    _repeat(staff, _plan(staff, monday), "daily")
    first = _all(staff)[0]
    staff.platform.clock.advance(first.starts_at + timedelta(days=6) - staff.platform.clock.now())
    assert look_after_series(staff.platform) == 1
    assert look_after_series(staff.platform) == 0
    rows = _all(staff)
    assert len(rows) == 107
    assert len({row.slot_at for row in rows}) == 107


def test_nothing_is_made_twice_when_two_workers_extend_at_once(staff, monday):
    _repeat(staff, _plan(staff, monday), "daily")
    staff.platform.clock.advance(timedelta(days=60))
    together = Barrier(2)

    def extend():
        together.wait()
        look_after_series(staff.platform)

    workers = [Thread(target=extend) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    slots = [row.slot_at for row in _all(staff)]
    assert len(slots) == len(set(slots)) > 100


def test_what_was_over_before_the_worker_came_back_is_not_made(staff, monday):
    _repeat(staff, _plan(staff, monday), "daily")
    last = _all(staff)[-1].starts_at
    staff.platform.clock.advance(last + timedelta(days=30) - staff.platform.clock.now())
    look_after_series(staff.platform)
    late = [row for row in _all(staff) if row.starts_at > last]
    assert len(late) == 100
    assert late[0].starts_at > staff.platform.clock.now()


def test_new_ones_are_like_the_series_when_one_was_changed_by_hand(staff, monday):
    _repeat(staff, _plan(staff, monday, location="Hall"), "daily")
    last = _all(staff)[-1]
    staff.do("activity.update", "boris", activity_id=last.id, location="Cellar")
    staff.platform.clock.advance(monday + timedelta(hours=1) - staff.platform.clock.now())
    look_after_series(staff.platform)
    assert [row.location for row in _all(staff)[-2:]] == ["Cellar", "Hall"]


def test_nothing_more_is_made_when_the_record_that_it_is_about_was_deleted(staff, monday):
    account = staff.do("account.create", "boris", name="Nordlys")
    about = {"regarding_type": "account", "regarding_id": account.id}
    _repeat(staff, _plan(staff, monday, **about), "daily")
    staff.do("record.delete", "boris", record_type="account", record_id=account.id)
    staff.platform.clock.advance(timedelta(days=60))
    look_after_series(staff.platform)
    assert len(_all(staff)) == 100


def test_the_others_stay_when_one_is_completed(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.complete", "boris", activity_id=rows[1].id)
    assert [row.status for row in _all(staff)] == ["planned", "done", "planned", "planned"]


def test_the_others_stay_when_only_one_is_changed(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.update", "boris", activity_id=rows[1].id, location="Hall")
    assert [row.location for row in _all(staff)] == [None, "Hall", None, None]


def test_those_before_stay_when_one_and_those_that_follow_are_changed(staff, monday):
    rows = _weekly(staff, monday)
    changed = {"activity_id": rows[1].id, "which": "following", "location": "Hall"}
    staff.do("activity.update", "boris", **changed)
    assert [row.location for row in _all(staff)] == [None, "Hall", "Hall", "Hall"]


def test_what_was_changed_by_hand_stays_when_the_series_changes(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.update", "boris", activity_id=rows[2].id, location="Cellar")
    changed = {"location": "Hall", "priority": "high"}
    staff.do("activity.update", "boris", activity_id=rows[0].id, which="all", **changed)
    assert [row.location for row in _all(staff)] == ["Hall", "Hall", "Cellar", "Hall"]
    assert {row.priority for row in _all(staff)} == {"high"}


def test_its_time_stays_when_one_was_moved_by_hand_and_all_move(staff, monday):
    rows = _weekly(staff, monday)
    by_hand = datetime(2026, 3, 31, 15, tzinfo=OSLO)
    staff.do("activity.reschedule", "boris", activity_id=rows[2].id, starts_at=by_hand)
    later = rows[0].starts_at + timedelta(hours=1)
    staff.do("activity.reschedule", "boris", activity_id=rows[0].id, which="all", starts_at=later)
    assert [(begin.day, begin.hour) for begin in _begins(staff)] == [
        (16, 10),
        (23, 10),
        (31, 15),
        (6, 10),
    ]


def test_all_move_by_a_day_when_one_of_a_weekly_series_does(staff, monday):
    rows = _weekly(staff, monday)
    tuesday = rows[1].starts_at + timedelta(days=1)
    staff.do("activity.reschedule", "boris", activity_id=rows[1].id, which="all", starts_at=tuesday)
    assert {(b.weekday(), b.hour) for b in _begins(staff)} == {(1, 9)}
    assert [one.id for one in _all(staff)] == [one.id for one in rows]
    assert [one.name for one in _series(staff)] == ["Every week on Tuesday, 4 times"]


def test_a_series_is_parted_when_those_that_follow_are_moved(staff, monday):
    rows = _weekly(staff, monday)
    moved = rows[2].starts_at + timedelta(days=2)
    staff.do(
        "activity.reschedule", "boris", activity_id=rows[2].id, which="following", starts_at=moved
    )
    assert [begin.weekday() for begin in _begins(staff)] == [0, 0, 2, 2]
    first, second = _series(staff)
    assert first.name.startswith("Every week on Monday, until ")
    assert second.name == "Every week on Wednesday, 2 times"


def test_what_is_done_stays_where_it_was_when_all_move(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.complete", "boris", activity_id=rows[0].id)
    later = rows[1].starts_at + timedelta(hours=2)
    staff.do("activity.reschedule", "boris", activity_id=rows[1].id, which="all", starts_at=later)
    assert [begin.hour for begin in _begins(staff)] == [9, 11, 11, 11]


def test_a_deleted_one_stays_away_when_the_series_moves(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("record.delete", "boris", record_type="activity", record_id=rows[2].id)
    moved = rows[0].starts_at + timedelta(days=1)
    staff.do("activity.reschedule", "boris", activity_id=rows[0].id, which="all", starts_at=moved)
    assert [row.id for row in _all(staff)] == [rows[0].id, rows[1].id, rows[3].id]


def test_all_last_as_long_when_the_duration_of_all_changes(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.update", "boris", activity_id=rows[1].id, which="all", duration_minutes=45)
    assert {row.ends_at - row.starts_at for row in _all(staff)} == {timedelta(minutes=45)}
    assert len(_series(staff)) == 1


def test_another_rule_keeps_those_days_that_it_has_too_when_a_series_gets_one(staff, monday):
    rows = _weekly(staff, monday)
    _repeat(staff, rows[0], "weekly", every=2, times=3)
    kept = _all(staff)
    assert [one.id for one in kept[:2]] == [rows[0].id, rows[2].id]
    assert [one.starts_at for one in kept] == [monday + timedelta(weeks=2 * n) for n in range(3)]


def test_one_that_was_changed_by_hand_stands_alone_when_the_rule_has_no_place_for_it(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.update", "boris", activity_id=rows[1].id, location="Hall")
    _repeat(staff, rows[0], "weekly", every=2, times=2)
    alone = next(one for one in _all(staff) if one.id == rows[1].id)
    assert (alone.series_id, alone.location) == (None, "Hall")


def test_what_follows_goes_to_the_bin_when_a_series_ends(staff, monday):
    rows = _weekly(staff, monday, times=None)
    staff.do("activity.end_series", "boris", activity_id=rows[1].id)
    staff.platform.clock.advance(timedelta(days=200))
    look_after_series(staff.platform)
    assert [row.id for row in _all(staff)] == [rows[0].id, rows[1].id]


def test_what_is_done_stays_when_a_series_is_deleted(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("activity.complete", "boris", activity_id=rows[0].id)
    staff.do("activity.delete_series", "boris", activity_id=rows[2].id, which="all")
    assert [row.id for row in _all(staff)] == [rows[0].id]


def test_the_series_ends_when_those_that_follow_are_called_off(staff, monday):
    rows = _weekly(staff, monday, times=None)
    staff.do("activity.cancel", "boris", activity_id=rows[2].id, which="following")
    assert {row.status for row in _all(staff)[2:]} == {"cancelled"}
    assert _series(staff)[0].extend_at is None


def test_people_take_part_each_time_when_a_series_is_planned(staff, monday):
    anna = staff.people["anna"].user_id
    _weekly(staff, monday, times=3, user_ids=[anna])
    seats = select(Participant.user_id)
    assert staff.ask(lambda uow: uow.session.scalars(seats).all()) == [anna] * 3


def test_one_answer_is_enough_when_it_is_meant_for_the_whole_series(staff, monday):
    rows = _weekly(staff, monday, user_ids=[staff.people["anna"].user_id])
    answer = {"activity_id": rows[1].id, "response": "accepted", "which": "following"}
    staff.do("activity.respond", "anna", **answer)
    seats = select(Participant.response).join(Activity, Activity.id == Participant.activity_id)
    said = staff.ask(lambda uow: uow.session.scalars(seats.order_by(Activity.slot_at)).all())
    assert said == ["needed", "accepted", "accepted", "accepted"]


def test_people_come_each_time_when_they_are_invited_to_the_rest_of_a_series(staff, monday):
    rows = _weekly(staff, monday)
    anna = staff.people["anna"].user_id
    invited = {"activity_id": rows[2].id, "user_ids": [anna], "which": "following"}
    staff.do("activity.invite", "boris", **invited)
    seats = select(Participant.activity_id).order_by(Participant.id)
    found = staff.ask(lambda uow: uow.session.scalars(seats).all())
    assert found == [rows[2].id, rows[3].id]


def test_people_are_told_once_when_a_series_moves(staff, monday):
    rows = _weekly(staff, monday, user_ids=[staff.people["anna"].user_id])
    before = len(staff.jobs("notifications.mail"))
    later = rows[0].starts_at + timedelta(hours=1)
    staff.do("activity.reschedule", "boris", activity_id=rows[0].id, which="all", starts_at=later)
    assert len(staff.jobs("notifications.mail")) - before <= 1


def test_a_due_time_comes_again_when_a_task_has_no_start(staff, monday):
    made = staff.do("activity.create", "boris", subject="Report", kind="task", due_at=monday)
    _repeat(staff, made, "monthly", times=2)
    dues = [row.due_at.astimezone(OSLO) for row in _all(staff)]
    assert [(due.day, due.hour) for due in dues] == [(monday.day, 9)] * 2


def test_whole_days_stay_whole_when_they_come_again(staff, monday):
    made = _plan(staff, monday, all_day=True, duration_minutes=None)
    _repeat(staff, made, "weekly", timezone="America/New_York")
    zone = staff.platform.settings.timezone
    assert {row.starts_at.astimezone(zone).hour for row in _all(staff)} == {0}
    assert {row.ends_at.astimezone(zone).hour for row in _all(staff)} == {0}


def _invited(staff, monday, **values):
    lead = staff.do("lead.create", "boris", name="Eva", email="eva@x.example")
    return _weekly(staff, monday, lead_ids=[lead.id], **values)


def _file(staff, activity, **given):
    text = staff.ask(lambda uow: calendar_text(uow, uow.get(Activity, activity.id), **given))
    return text.replace("\r\n ", "").splitlines()


def test_a_series_is_one_mail_with_its_rule_when_people_outside_are_invited(staff, monday):
    rows = _invited(staff, monday)
    sent = staff.do("activity.send_invitations", "boris", activity_id=rows[0].id, whole_series=True)
    lines = _file(staff, rows[0], whole_series=True)
    assert sent["sent"] == 1
    assert "DTSTART;TZID=Europe/Oslo:20260316T090000" in lines
    assert "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4" in lines
    assert lines.count("BEGIN:VEVENT") == 1


def test_the_file_tells_when_the_clocks_change(staff, monday):
    lines = _file(staff, _weekly(staff, monday)[0], whole_series=True)
    summer = lines.index("DTSTART:20260329T020000")
    assert lines[summer - 1] == "BEGIN:DAYLIGHT"
    assert lines[summer + 1 : summer + 3] == ["TZOFFSETFROM:+0100", "TZOFFSETTO:+0200"]


def test_the_file_leaves_out_what_was_deleted_and_tells_what_was_moved(staff, monday):
    rows = _weekly(staff, monday)
    staff.do("record.delete", "boris", record_type="activity", record_id=rows[1].id)
    moved = rows[2].starts_at + timedelta(hours=3)
    staff.do("activity.reschedule", "boris", activity_id=rows[2].id, starts_at=moved)
    staff.do("activity.cancel", "boris", activity_id=rows[3].id)
    lines = _file(staff, rows[0], whole_series=True)
    assert "EXDATE;TZID=Europe/Oslo:20260323T090000" in lines
    at = lines.index("RECURRENCE-ID;TZID=Europe/Oslo:20260330T090000")
    assert lines[at - 2] == "DTSTART;TZID=Europe/Oslo:20260330T120000"
    assert lines.count("STATUS:CANCELLED") == 1


def test_one_of_a_series_changes_that_one_alone_where_the_whole_was_sent(staff, monday):
    rows = _invited(staff, monday)
    assert not any(line.startswith("RECURRENCE-ID") for line in _file(staff, rows[1]))
    staff.do("activity.send_invitations", "boris", activity_id=rows[0].id, whole_series=True)
    lines = _file(staff, rows[1])
    assert "RECURRENCE-ID;TZID=Europe/Oslo:20260323T090000" in lines
    assert f"UID:{rows[1].series_id}@lanewise.test" in lines


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"frequency": "weekly", "weekdays": ["WE"]}, "weekdays"),
        ({"frequency": "weekly", "times": 2, "until": "2099-01-01"}, "until"),
        ({"frequency": "weekly", "until": "2001-01-01"}, "until"),
        ({"frequency": "weekly", "every": 0}, "every"),
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": "daily", "times": 100_000}, "times"),
    ],
)
def test_a_rule_is_refused_when_it_makes_no_sense(staff, monday, rule, field):
    with pytest.raises(Invalid) as refused:
        _repeat(staff, _plan(staff, monday), **rule)
    assert field in refused.value.fields


def test_repeating_is_refused_when_there_is_no_time(staff):
    made = staff.do("activity.create", "boris", subject="Some day", kind="task")
    with pytest.raises(Invalid, match="Give it a time"):
        _repeat(staff, made, "daily")


def test_repeating_is_refused_when_it_is_done(staff, monday):
    made = _plan(staff, monday)
    staff.do("activity.complete", "boris", activity_id=made.id)
    with pytest.raises(Conflict):
        _repeat(staff, made, "daily")


def test_more_than_one_can_not_be_meant_when_nothing_repeats(staff, monday):
    with pytest.raises(Invalid, match="does not repeat"):
        staff.do("activity.cancel", "boris", activity_id=_plan(staff, monday).id, which="following")


def test_a_series_is_not_there_when_one_may_not_see_it(staff, monday):
    rows = _weekly(staff, monday)
    with pytest.raises((NotFound, NotAllowed)):
        staff.do("activity.delete_series", "sven", activity_id=rows[0].id, which="all")


def test_another_persons_one_stays_when_one_changes_the_rest(staff, monday):
    rows = _weekly(staff, monday, who="anna")
    boris = staff.people["boris"].user_id
    staff.do("activity.update", "olga", activity_id=rows[2].id, owner_id=boris)
    changed = {"activity_id": rows[0].id, "which": "all", "location": "Hall"}
    staff.do("activity.update", "anna", **changed)
    assert [row.location for row in _all(staff)] == ["Hall", "Hall", None, "Hall"]


def test_statements_stay_few_when_a_long_series_is_planned(staff, monday):
    made = _plan(staff, monday)
    with staff.counting() as statements:
        _repeat(staff, made, "daily")
    assert len(statements) < 40


@settings(max_examples=50)
@given(
    st.sampled_from(list(Frequency)),
    st.dates(date(2026, 1, 1), date(2099, 12, 31)),
    st.sampled_from(list(MonthBy)),
    st.sets(st.sampled_from(list(WEEKDAYS))),
    st.tuples(st.integers(1, 9), st.none() | st.integers(1, 99)),
)
def test_a_rule_is_read_as_it_was_written(frequency, day, by, weekdays, counts):
    every, times = counts
    chosen = tuple(weekdays | {list(WEEKDAYS)[day.weekday()]})
    made = make_recurrence(frequency, day, every=every, weekdays=chosen, by=by, times=times)
    assert read_recurrence(made.rule(OSLO), OSLO) == made


@settings(max_examples=50)
@given(
    st.sampled_from(list(Frequency)),
    st.dates(date(2026, 1, 1), date(2099, 12, 31)),
    st.integers(-40, 40),
    st.sampled_from([MonthBy.DATE, MonthBy.WEEKDAY]),
)
def test_a_moved_rule_fits_the_day_that_it_was_moved_to(frequency, day, by, month_by):
    after = day + timedelta(days=by)
    assert make_recurrence(frequency, day, by=month_by).moved(day, after).fits(after)
