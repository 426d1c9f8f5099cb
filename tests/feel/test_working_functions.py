"""Working calendars as functions of the language."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feel import (
    SpecialDay,
    UnknownCalendarError,
    WorkingCalendar,
    compile_expression,
    compile_unary_tests,
    to_plain,
)

OFFICE = ((600, 1080),)
WEEK = ((OFFICE,) * 5) + ((), ())
OSLO = WorkingCalendar("Oslo", "Europe/Oslo", WEEK, (SpecialDay(None, 5, 1, "Labour Day"),))
NIGHT = WorkingCalendar("Night desk", "UTC", (((1320, 1800),),) * 7)
NOW = datetime(2026, 3, 1, 19, tzinfo=ZoneInfo("Europe/Oslo"))


class Book:
    """Two calendars; one that is strict insists on what is asked for."""

    def __init__(self, *, strict=False):
        self.strict = strict

    def find(self, name):
        found = {None: OSLO, "Oslo": OSLO, "Night desk": NIGHT}.get(name)
        if found is None and self.strict:
            raise UnknownCalendarError(f"There is no working calendar called {name}.")
        return found


def explain(text, calendars=None, **context):
    return compile_expression(text).explain(context, NOW, calendars or Book())


def value(text, **context):
    found, warnings = explain(text, **context)
    assert warnings == []
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('add working time(now(), duration("PT1H"))', "2026-03-02T11:00:00@Europe/Oslo"),
        ('add working time(now(), duration("PT1H"), "default")', "2026-03-02T11:00:00@Europe/Oslo"),
        (
            'add working time(@"2026-03-01T19:00:00", duration("PT1H"), "Oslo")',
            "2026-03-02T11:00:00",
        ),
        ('add working time(@"2026-03-01T18:00:00Z", duration("PT1H"))', "2026-03-02T10:00:00Z"),
        ('add working time(@"2026-03-01", duration("PT1H"))', "2026-03-02T11:00:00@Europe/Oslo"),
        ('add working time(@"2026-03-02T11:00:00", duration("-PT2H"))', "2026-02-27T17:00:00"),
        (
            'add working time(@"2026-03-01T19:00:00", duration("PT4H"), "Night desk")',
            "2026-03-02T02:00:00",
        ),
        (
            'add working time(moment: @"2026-03-01", duration: duration("PT0.000000001S"))',
            "2026-03-02T10:00:00.000000001@Europe/Oslo",
        ),
        ('working time between(@"2026-03-01", @"2026-03-08")', "P1DT16H"),
        ('working time between(@"2026-03-08", @"2026-03-01")', "-P1DT16H"),
        ('working time between(@"2026-03-01", @"2026-03-08", null)', "P1DT16H"),
        ('is working time(@"2026-03-02T10:00:00")', True),
        ('is working time(@"2026-03-02T18:00:00")', False),
        ('is working time(@"2026-03-02T18:00:00", "Night desk")', False),
        ('next working time(@"2026-03-01T12:00:00+01:00")', "2026-03-02T10:00:00+01:00"),
        ('is holiday(@"2026-05-01")', True),
        ('is holiday(@"2026-05-02")', False),
        ('is holiday(@"2026-04-30T23:00:00Z")', True),
        ('add working days(@"2026-04-30", 1)', "2026-05-04"),
        ('add working days(@"2026-04-30", 0)', "2026-04-30"),
        ('add working days(@"2026-05-04", -1)', "2026-04-30"),
        (
            'add working days(@"2026-03-27T12:00:00@Europe/Oslo", 1)',
            "2026-03-30T12:00:00@Europe/Oslo",
        ),
        ('add working days(@"2026-03-27T11:00:00Z", 1)', "2026-03-30T10:00:00Z"),
        ('add working days(@"2026-03-27T12:00:00", 1)', "2026-03-30T12:00:00"),
    ],
)
def test_working_time_is_counted_when_a_calendar_is_there(text, expected):
    assert to_plain(value(text)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('is working time(now(), "Mars")', "no calendar 'Mars'"),
        ("is working time(null)", "moment is null"),
        ('add working time(now(), duration("P1M"))', "duration is years and months duration"),
        ('add working time(now(), duration("P999999D"))', "100 years"),
        ('add working days(@"2026-03-01", 1.5)', "no integer"),
        ('add working days(@"2026-03-01", 99999)', "100 years"),
        ('add working days(@"999999999-12-31", 1)', "out of bounds"),
        ('is working time(@"12026-03-01")', "12026"),
        ('working time between(@"1026-03-01", @"2026-03-01")', "100 years"),
    ],
)
def test_the_value_is_null_when_it_can_not_be_counted(text, reason):
    found, warnings = explain(text)
    assert found is None
    assert reason in warnings[0]


def test_there_is_no_calendar_when_nobody_hands_one_in():
    found, warnings = compile_expression("is working time(now())").explain({}, NOW)
    assert found is None
    assert "no default calendar" in warnings[0]


def test_an_unknown_calendar_is_an_error_when_calendars_insist():
    with pytest.raises(UnknownCalendarError, match="Mars"):
        explain('is working time(now(), "Mars")', Book(strict=True))


def test_unary_tests_see_the_calendars():
    tests = compile_unary_tests("is holiday(?)")
    labour_day = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert tests(labour_day, {}, NOW, Book()) is True


def test_names_of_functions_stay_free_when_the_context_has_them():
    found = compile_expression("working time + 1", frozenset({"working time"}))
    assert found({"working time": 8}) == 9
