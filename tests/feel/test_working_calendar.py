"""The arithmetic of working time, held against counting minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feel.working_calendar import CalendarRangeError, WorkingCalendar
from feel.working_hours import CalendarError, SpecialDay
from feel.working_time import (
    add_working_time,
    is_working_time,
    next_working_time,
    working_spans,
    working_time_between,
)
from tests.processor_time import processor_time_below

OFFICE = ((600, 1080),)
FREE = ()
OSLO = ZoneInfo("Europe/Oslo")
HOUR = timedelta(hours=1)


def calendar(*days, zone="Europe/Oslo", special=()):
    week = (*days, *[FREE] * (7 - len(days)))
    return WorkingCalendar("Test", zone, week, tuple(special))


def office(**changes):
    return calendar(*[OFFICE] * 5, **changes)


def at(text, zone=OSLO):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-01T19:00", 1, "2026-03-02T11:00"),  # Sunday evening
        ("2026-03-06T17:00", 1, "2026-03-06T18:00"),  # to the very end of Friday
        ("2026-03-06T17:00", 2, "2026-03-09T11:00"),
        ("2026-03-02T11:00", 0, "2026-03-02T11:00"),
        ("2026-03-01T19:00", 0, "2026-03-01T19:00"),
        ("2026-03-02T11:00", -1, "2026-03-02T10:00"),
        ("2026-03-02T11:00", -2, "2026-02-27T17:00"),
        ("2026-03-02T09:00", 40, "2026-03-06T18:00"),
        ("2028-02-28T17:00", 2, "2028-02-29T11:00"),  # a leap day
    ],
)
def test_time_is_added_when_work_goes_on(start, hours, end):
    assert add_working_time(office(), at(start), hours * HOUR) == at(end)


def test_a_holiday_is_passed_over_when_time_is_added():
    found = office(special=[SpecialDay(None, 5, 1, "Labour Day"), SpecialDay(2026, 5, 4)])
    assert add_working_time(found, at("2026-04-30T17:00"), 2 * HOUR) == at("2026-05-05T11:00")


def test_a_special_day_is_worked_when_it_is_a_saturday():
    found = office(special=[SpecialDay(2026, 3, 7, "Moved", ((540, 720),))])
    assert add_working_time(found, at("2026-03-06T17:00"), 2 * HOUR) == at("2026-03-07T10:00")


def test_the_date_counts_when_a_yearly_holiday_falls_on_it():
    found = office(special=[SpecialDay(2026, 5, 1, "", OFFICE), SpecialDay(None, 5, 1)])
    assert is_working_time(found, at("2026-05-01T12:00"))
    assert not is_working_time(found, at("2025-05-01T12:00"))


def test_a_yearly_leap_day_is_there_when_the_year_has_it():
    found = office(special=[SpecialDay(None, 2, 29)])
    assert not is_working_time(found, at("2028-02-29T12:00"))
    assert is_working_time(found, at("2027-03-01T12:00"))


def test_a_night_shift_is_worked_to_its_end_when_the_next_day_is_a_holiday():
    nights = calendar(*[((1320, 1800),)] * 7, special=[SpecialDay(2026, 12, 25)])
    assert is_working_time(nights, at("2026-12-25T05:00"))
    assert not is_working_time(nights, at("2026-12-25T23:00"))
    assert not is_working_time(nights, at("2026-12-26T05:00"))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-06", 8)]
)
def test_a_night_is_longer_or_shorter_when_clocks_change(day, hours):
    nights = calendar(*[((1320, 1800),)] * 7)
    start = at(f"{day}T12:00")
    assert working_time_between(nights, start, start + 24 * HOUR) == hours * HOUR


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_whole_day_is_counted_when_clocks_change(day, hours):
    always = calendar(*[((0, 1440),)] * 7)
    start = at(f"{day}T00:00")
    assert working_time_between(always, start, at(f"{day}T23:59")) == timedelta(
        hours=hours - 1, minutes=59
    )


def test_a_time_that_clocks_skip_is_the_moment_at_which_they_do():
    found = calendar(*[((150, 240),)] * 7)  # from 2:30, which is not there, to 4:00
    assert next_working_time(found, at("2026-03-29T00:00")) == at("2026-03-29T03:00")
    skipped = calendar(*[((130, 170),)] * 7)
    assert next_working_time(skipped, at("2026-03-29T00:00")) == at("2026-03-30T02:10")


def test_time_counts_once_when_shifts_overlap():
    found = calendar(*[((1320, 1860),)] * 6, ((300, 720),))
    start = at("2026-03-07T12:00")  # Saturday's night reaches to Sunday 7:00, Sunday's from 5:00
    assert working_time_between(found, start, start + 24 * HOUR) == 14 * HOUR


def test_the_end_of_a_shift_is_over_when_it_is_reached():
    assert not is_working_time(office(), at("2026-03-02T18:00"))
    assert is_working_time(office(), at("2026-03-02T10:00"))
    assert next_working_time(office(), at("2026-03-06T18:00")) == at("2026-03-09T10:00")


def test_working_time_goes_over_new_year_when_it_is_not_interrupted():
    always = calendar(*[((0, 1440),)] * 7)
    start = at("2026-12-31T12:00")
    assert add_working_time(always, start, 24 * HOUR) == start + 24 * HOUR
    assert add_working_time(always, start + 24 * HOUR, -24 * HOUR) == start
    nights = calendar(*[((1320, 1800),)] * 7)
    assert add_working_time(nights, start, 8 * HOUR) == at("2027-01-01T06:00")


def test_a_zone_that_left_out_a_day_is_counted():
    samoa = calendar(*[((540, 1020),)] * 7, zone="Pacific/Apia")
    start = at("2011-12-29T12:00", ZoneInfo("Pacific/Apia"))
    assert working_time_between(samoa, start, start + 24 * HOUR) == 8 * HOUR


@pytest.mark.parametrize(
    ("week", "zone", "special"),
    [
        ([FREE] * 7, "UTC", ()),
        ([OFFICE] * 6, "UTC", ()),
        ([OFFICE] * 7, "Mars/Base", ()),
        ([((600, 600),)] * 7, "UTC", ()),
        ([((1440, 1500),)] * 7, "UTC", ()),
        ([((600, 2100),)] * 7, "UTC", ()),
        ([((600, 720), (660, 780))] * 7, "UTC", ()),
        ([OFFICE] * 7, "UTC", (SpecialDay(2026, 2, 29),)),
        ([OFFICE] * 7, "UTC", (SpecialDay(None, 13, 1),)),
        ([OFFICE] * 7, "UTC", (SpecialDay(None, 1, 1), SpecialDay(None, 1, 1))),
    ],
)
def test_a_calendar_is_refused_when_it_makes_no_sense(week, zone, special):
    with pytest.raises(CalendarError):
        WorkingCalendar("Bad", zone, tuple(week), special)


def test_a_far_result_is_refused_when_it_is_beyond_a_hundred_years():
    found = office()
    found.year(2026)
    for amount in (10**6 * HOUR, -(10**6) * HOUR):
        with processor_time_below(0.5), pytest.raises(CalendarRangeError):
            add_working_time(found, at("2126-03-01T19:00"), amount)
    with pytest.raises(CalendarRangeError):
        working_time_between(found, at("1800-03-01T19:00"), at("2026-03-01T19:00"))
    with pytest.raises(CalendarRangeError):
        found.add_days(0, 10**6)
    closed = office(special=[SpecialDay(None, m, d) for m in range(1, 13) for d in range(1, 29)])
    assert add_working_time(closed, at("2026-03-01T19:00"), HOUR) == at("2026-03-30T11:00")


SHIFTS = st.lists(st.integers(0, 23), min_size=0, max_size=4, unique=True).map(
    lambda hours: tuple((one * 60, one * 60 + 60) for one in sorted(hours))
)
NIGHTS = st.tuples(st.integers(12, 23), st.integers(1, 24)).map(
    lambda pair: ((pair[0] * 60 + 30, pair[0] * 60 + 30 + pair[1] * 60),)
)
ZONES = ("Europe/Oslo", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
CALENDARS = st.builds(
    lambda week, zone, days: WorkingCalendar("Any", zone, tuple(week), tuple(days)),
    st.lists(SHIFTS | NIGHTS, min_size=7, max_size=7).filter(any),
    st.sampled_from(ZONES),
    st.lists(
        st.builds(
            SpecialDay,
            st.sampled_from([None, 2024, 2025]),
            st.integers(1, 12),
            st.integers(1, 28),
            st.just(""),
            SHIFTS,
        ),
        max_size=6,
        unique_by=lambda day: (day.year, day.month, day.day),
    ),
)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=730)).map(
    lambda passed: datetime(2024, 1, 1, tzinfo=UTC) + passed
)
AMOUNTS = st.timedeltas(timedelta(days=-30), timedelta(days=30))


@given(CALENDARS, MOMENTS, AMOUNTS)
@settings(max_examples=80)
def test_what_is_added_lies_between(found, moment, amount):
    assert working_time_between(found, moment, add_working_time(found, moment, amount)) == amount


@given(CALENDARS, MOMENTS, AMOUNTS, AMOUNTS)
@settings(max_examples=80)
def test_time_is_added_alike_when_it_is_added_in_two_steps(found, moment, one, other):
    if (one < timedelta()) != (other < timedelta()):
        one = -one
    together = add_working_time(found, moment, one + other)
    assert add_working_time(found, add_working_time(found, moment, one), other) == together


@given(CALENDARS, MOMENTS, MOMENTS, AMOUNTS)
@settings(max_examples=80)
def test_what_begins_later_ends_no_earlier(found, one, other, amount):
    first, second = sorted((one, other))
    assert add_working_time(found, first, amount) <= add_working_time(found, second, amount)
    assert working_time_between(found, first, second) >= timedelta()


@given(CALENDARS, st.lists(MOMENTS, min_size=3, max_size=3))
@settings(max_examples=80)
def test_working_time_adds_up_when_it_is_cut(found, moments):
    one, two, three = moments
    parts = working_time_between(found, one, two) + working_time_between(found, two, three)
    assert parts == working_time_between(found, one, three)


@given(CALENDARS, MOMENTS)
@settings(max_examples=80)
def test_the_next_working_moment_is_the_first_one(found, moment):
    coming = next_working_time(found, moment)
    assert is_working_time(found, coming)
    assert coming == moment or working_time_between(found, moment, coming) == timedelta()
    assert (coming == moment) is is_working_time(found, moment)


@given(CALENDARS, MOMENTS.map(lambda one: one.replace(second=0, microsecond=0)))
@settings(max_examples=60)
def test_spans_are_those_that_a_clock_shows(found, moment):
    """Counts minutes by the rule's own words, for the days without a change of clocks."""
    zone = ZoneInfo(found.zone)
    end = moment + timedelta(days=3)
    margin = timedelta(days=2)
    if (moment - margin).astimezone(zone).utcoffset() != (end + margin).astimezone(
        zone
    ).utcoffset():
        return
    minutes = range(0, 3 * 1440, 15)
    expected = {
        minute for minute in minutes if works(found, moment + timedelta(minutes=minute), zone)
    }
    spans = list(working_spans(found, moment, end))
    shown = {
        minute
        for minute in minutes
        if any(one <= moment + timedelta(minutes=minute) < other for one, other in spans)
    }
    assert shown == expected
    assert all(one < other for one, other in spans)
    assert all(first[1] < second[0] for first, second in pairwise(spans))


def works(found, moment, zone):
    local = moment.astimezone(zone).replace(tzinfo=None)
    for days in (0, 1):
        day = local.date() - timedelta(days=days)
        passed = (local - datetime.combine(day, time())).total_seconds() / 60
        if any(start <= passed < end for start, end in shifts_of(found, day)):
            return True
    return False


def shifts_of(found, day):
    for year in (day.year, None):
        for special in found.special_days:
            if (special.year, special.month, special.day) == (year, day.month, day.day):
                return special.shifts
    return found.week[day.weekday()]
