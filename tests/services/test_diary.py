"""The calendar: what stands on which day, at which hour, beside what, and who sees it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.activities.layout import MOST_LANES, QUARTERS, Column, fill
from services.activities.diary import diary_of
from services.activities.model import Activity

OSLO, NEW_YORK = ZoneInfo("Europe/Oslo"), ZoneInfo("America/New_York")
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


def _meeting(begin, minutes=60, **values):
    return Activity(
        subject="Talk",
        kind="meeting",
        starts_at=begin,
        ends_at=begin + timedelta(minutes=minutes),
        all_day=values.pop("all_day", False),
        **values,
    )


def _on(day, *activities, zone=OSLO):
    column = Column(day)
    list(fill(column, activities, zone, OSLO))
    return column


def test_an_entry_stands_at_the_hour_of_the_reader():
    begin = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
    entries = [_on(date(2026, 3, 9), _meeting(begin), zone=zone).timed for zone in (OSLO, NEW_YORK)]
    assert [(one.first, one.quarters) for (one,) in entries] == [(9 * 4 + 2, 4), (4 * 4 + 2, 4)]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_an_entry_stands_at_its_hour_when_the_clocks_change_that_day(day):
    begin = datetime(day.year, day.month, day.day, 9, tzinfo=OSLO)
    assert _on(day, _meeting(begin)).timed[0].first == 36


def test_what_lasts_over_midnight_is_on_both_days():
    late = _meeting(datetime(2026, 3, 9, 22, tzinfo=OSLO), 180)
    first, second = (_on(date(2026, 3, day), late).timed[0] for day in (9, 10))
    assert (first.first, first.quarters, first.ends_after) == (88, 8, True)
    assert (second.first, second.quarters, second.begins_before) == (0, 4, True)


def test_what_ends_at_midnight_is_not_on_the_next_day():
    late = _meeting(datetime(2026, 3, 9, 23, tzinfo=OSLO), 60)
    assert not _on(date(2026, 3, 10), late).entries


def test_whole_days_are_those_of_the_installation_wherever_one_reads():
    begin = datetime(2026, 3, 9, tzinfo=OSLO)
    whole = _meeting(begin, 24 * 60, all_day=True)
    found = [bool(_on(date(2026, 3, day), whole, zone=NEW_YORK).whole) for day in (8, 9, 10)]
    assert found == [False, True, False]


def test_those_that_overlap_stand_side_by_side_and_others_alone():
    begin = datetime(2026, 3, 9, 9, tzinfo=OSLO)
    rows = [_meeting(begin), _meeting(begin + timedelta(minutes=30)), _meeting(begin, 30)]
    alone = _meeting(begin + timedelta(hours=4))
    timed = _on(date(2026, 3, 9), *rows, alone).timed
    assert [(one.lane, one.lanes) for one in timed] == [(0, 2), (1, 2), (1, 2), (0, 1)]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 600)), max_size=6))
def test_no_two_entries_lie_upon_each_other(meetings):
    begin = datetime(2026, 3, 9, tzinfo=OSLO)
    rows = [_meeting(begin + timedelta(minutes=at), long) for at, long in meetings]
    timed = _on(date(2026, 3, 9), *rows).timed
    for number, one in enumerate(timed):
        assert 0 <= one.first <= one.first + one.quarters <= QUARTERS
        assert one.lane < one.lanes <= MOST_LANES
        for other in timed[number + 1 :]:
            apart = one.first + one.quarters <= other.first
            assert apart or one.lane != other.lane


def _seen(staff, who, *people, days=1):
    keys = [staff.people[name].user_id for name in people]
    found = staff.ask(diary_of, keys, MONDAY, MONDAY + timedelta(days=days), actor=who)
    return {row.subject: {str(key) for key in found.people[row.id]} for row in found.rows}


def _plan(staff, who, subject, **values):
    given = {"kind": "meeting", "starts_at": MONDAY + timedelta(hours=9), **values}
    return staff.do("activity.create", who, subject=subject, **given)


def test_a_calendar_has_what_one_owns_and_takes_part_in(staff):
    boris, anna = (str(staff.people[name].user_id) for name in ("boris", "anna"))
    _plan(staff, "boris", "Mine")
    _plan(staff, "boris", "Ours", user_ids=[anna])
    _plan(staff, "boris", "Report", kind="task", starts_at=None, due_at=MONDAY)
    _plan(staff, "boris", "Tomorrow", starts_at=MONDAY + timedelta(days=1))
    _plan(staff, "boris", "Long", starts_at=MONDAY - timedelta(days=3), duration_minutes=6000)
    assert _seen(staff, "boris", "boris", "anna") == {
        "Mine": {boris},
        "Ours": {boris, anna},
        "Report": {boris},
        "Long": {boris},
    }


def test_a_calendar_leaves_out_what_was_called_off_or_declined(staff):
    gone = _plan(staff, "boris", "Gone")
    staff.do("activity.cancel", "boris", activity_id=gone.id)
    no = _plan(staff, "boris", "No", user_ids=[staff.people["anna"].user_id])
    staff.do("activity.respond", "anna", activity_id=no.id, response="declined")
    assert _seen(staff, "anna", "anna") == {}
    assert set(_seen(staff, "boris", "boris")) == {"No"}


def test_a_colleagues_calendar_has_no_more_than_one_may_see(staff):
    _plan(staff, "sven", "Of the service")
    assert _seen(staff, "anna", "sven") == {}
    assert set(_seen(staff, "olga", "sven")) == {"Of the service"}


def test_a_calendar_takes_two_statements_however_much_there_is(staff):
    for number in range(5):
        _plan(staff, "boris", f"Talk {number}")
    with staff.counting() as statements:
        _seen(staff, "boris", "boris", "anna")
    assert len([one for one in statements if "activities" in one or "participants" in one]) == 2
