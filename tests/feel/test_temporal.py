"""Dates, times, durations, zones and their arithmetic."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from feel import (
    DayTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    compile_expression,
    evaluate,
    from_python_temporal,
    to_date,
    to_datetime,
    to_time,
    to_timedelta,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('date("2026-02-28") + @"P1D"', "2026-03-01"),
        ('date("2024-02-28") + @"P1D"', "2024-02-29"),
        ('@"2026-01-31" + @"P1M"', "2026-02-28"),
        ('@"2024-02-29" - @"P1Y"', "2023-02-28"),
        ('@"2026-01-01" - @"PT1S"', "2025-12-31"),
        ('@"P1M" + @"2026-01-31"', "2026-02-28"),
        ('date("-2026-12-31") + @"P1D"', "-2025-01-01"),
        ('date("999999999-12-31")', "999999999-12-31"),
        ('date("0000-02-29") + @"P1D"', "0000-03-01"),
        ('@"2026-01-01T23:30:00" + @"PT1H"', "2026-01-02T00:30:00"),
        ('@"2026-01-31T10:00:00Z" + @"P1M"', "2026-02-28T10:00:00Z"),
        ('@"2026-03-29T01:30:00@Europe/Berlin" + @"PT1H"', "2026-03-29T03:30:00@Europe/Berlin"),
        ('@"2026-03-28T12:00:00@Europe/Berlin" + @"P1D"', "2026-03-29T13:00:00@Europe/Berlin"),
        ('@"2021-01-01T24:00:00"', "2021-01-02T00:00:00"),
        ('@"23:30:00" + @"PT1H"', "00:30:00"),
        ('@"00:30:00-05:00" - @"PT1H"', "23:30:00-05:00"),
        ('@"2026-01-02" - @"2026-01-01"', "P1D"),
        ('@"2026-01-01T10:00:00Z" - @"2026-01-01T10:00:00+02:00"', "PT2H"),
        ('@"2026-01-02T00:00:00Z" - @"2026-01-01"', "P1D"),
        ('@"10:00:00" - @"11:30:00"', "-PT1H30M"),
        ('@"P1D" * 1.5', "P1DT12H"),
        ('2 * @"P1Y1M"', "P2Y2M"),
        ('@"P1Y" / 12', "P1M"),
        ('@"P1D" + @"PT-1H"', None),
        ('-@"P1Y2M"', "-P1Y2M"),
        ('@"PT0.1S" + @"PT0.2S"', "PT0.3S"),
        ('abs(@"-PT5H")', "PT5H"),
        ('duration("P0DT25H")', "P1DT1H"),
        ('duration("PT0S")', "PT0S"),
        ('duration("P26M")', "P2Y2M"),
        ('years and months duration(@"2011-12-22", @"2013-08-24")', "P1Y8M"),
        ('years and months duration(@"2013-08-24", @"2011-12-22")', "-P1Y8M"),
        ('years and months duration(@"2026-01-31", @"2026-02-28")', "P0M"),
        ('years and months duration(@"2026-02-28", @"2026-02-01")', "P0M"),
        ('years and months duration(@"2026-02-28", @"2024-02-28")', "-P2Y"),
        ('@"P1Y" / 7', "P1M"),
        ('@"-P1Y" * 0.9', "-P10M"),
        ("date(2026, 1, 31)", "2026-01-31"),
        ('time(10, 30, 1.5, @"PT2H")', "10:30:01.5+02:00"),
        ('time(@"2026-01-01T10:00:00Z")', "10:00:00Z"),
        ('date(@"2026-01-01T10:00:00Z")', "2026-01-01"),
        ('date and time("2026-01-01")', "2026-01-01T00:00:00"),
        ('date and time(@"2026-01-01T10:00:00", @"11:00:00Z")', "2026-01-01T11:00:00Z"),
        ('date and time(2026, 1, 2, 3, 4, 5, "Europe/Paris")', "2026-01-02T03:04:05@Europe/Paris"),
        ('date and time(2026, 1, 2, 3, 4, 5, @"-PT5H")', "2026-01-02T03:04:05-05:00"),
        ('date and time(@"2026-01-02T03:04:05", "Etc/UTC")', "2026-01-02T03:04:05@Etc/UTC"),
        ('@"23:59:00z" + duration("PT2M")', "00:01:00Z"),
        ('string(@"10:00:00.120")', "10:00:00.12"),
    ],
)
def test_temporal_values_follow_the_calendar_when_computed(text, expected):
    if expected is None:
        with pytest.raises(Exception, match="date, time or duration"):
            evaluate(text, {})
    else:
        assert str(evaluate(text, {})) == expected


@pytest.mark.parametrize(
    "text",
    [
        'date("2026-02-29")',
        'date("2026-13-01")',
        'date("26-01-01")',
        'date("02026-01-01")',
        'date("+2026-01-01")',
        "date(2026, 1.5, 1)",
        'date("999999999-12-31") + @"P1D"',
        'time("24:00:01")',
        'time("10:00")',
        'time("10:00:00+19:00")',
        'time("10:00:00+02:00@Europe/Paris")',
        'time("10:00:00@No/Where")',
        'time("10:00:00@../../etc/passwd")',
        "time(24, 0, 0)",
        'time(10, 0, 0, @"PT20H")',
        'date and time("2026-01-01T10:00")',
        'date and time(2026, 1, 2, 3, 4, 5, "Nowhere")',
        'duration("P")',
        'duration("P1H")',
        'duration("PT")',
        'duration("P1Y1D")',
        '@"P1D" / 0',
        '@"P1D" * @"P1D"',
        '@"P1D" + @"P1M"',
        '@"2026-01-01" + @"2026-01-01"',
        '@"2026-01-01T10:00:00" - @"2026-01-01T10:00:00Z"',
        '@"P99999999Y" * 99999999999',
        '@"10:00:00" + @"P1M"',
        "years and months duration(null, null)",
        'time("11:00:00+01:60")',
    ],
)
def test_there_is_null_when_no_such_date_time_or_duration_exists(text):
    assert evaluate(text, {}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@"2026-03-14".year', 2026),
        ('@"2026-03-14".weekday', 6),
        ('@"2026-03-14T15:09:26Z".hour', 15),
        ('@"2026-03-14T15:09:26.5Z".second = 26.5', True),
        ('@"15:09:26@Europe/Paris".timezone', "Europe/Paris"),
        ('@"2026-07-01T00:00:00@Europe/Paris".time offset = @"PT2H"', True),
        ('@"15:09:26".time offset', None),
        ('@"P1DT2H3M4.5S".seconds = 4.5', True),
        ('@"-P1DT2H".days', -1),
        ('@"P1Y2M".months', 2),
        ('@"P1Y2M".days', None),
        ('@"2026-03-14".hour', None),
        ("(1..5].start included", False),
        ("[1..5].end", 5),
        ("(< 5).start", None),
        ('day of year(@"2024-12-31")', 366),
        ('day of week(@"2026-03-14")', "Saturday"),
        ('month of year(@"2026-03-14T10:00:00")', "March"),
        ('week of year(@"2005-01-01")', 53),
        ('week of year(@"2003-12-29")', 1),
        ("now().year", 2026),
        ('today() = @"2026-03-14"', True),
        ("today(1)", None),
        ('is(@"23:00:50z", @"23:00:50+00:00")', True),
        ('is(@"23:00:50z", @"23:00:50")', False),
        ('is(@"10:00:00Z", @"11:00:00+01:00")', False),
        ('is(@"P1Y", @"P12M")', True),
        ('is(1, "1")', False),
        ("is([1, {a: null}], [1.0, {a: null}])", True),
    ],
)
def test_parts_are_read_when_the_value_has_them(value, text, expected):
    assert value(text) == expected


def test_the_clock_is_null_when_none_was_given():
    expression = compile_expression("now()")

    value, warnings = expression.explain({})

    assert value is None
    assert "no clock" in warnings[0]


PYTHON_VALUES = [
    date(2026, 3, 14),
    datetime(2026, 3, 14, 15, 9, 26, 535897),  # noqa: DTZ001 - a local time
    datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC),
    datetime(2026, 3, 14, 15, 9, 26, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    time(15, 9, 26),
    time(15, 9, 26, tzinfo=UTC),
    timedelta(days=-1, microseconds=1),
]


@pytest.mark.parametrize("original", PYTHON_VALUES, ids=str)
def test_python_values_come_back_the_same_when_converted(original):
    feel = from_python_temporal(original)

    back = {
        FeelDate: to_date,
        FeelDateTime: to_datetime,
        FeelTime: to_time,
        DayTimeDuration: to_timedelta,
    }[type(feel)](feel)

    assert back == original
    assert type(back) is type(original)


def test_python_refuses_a_date_when_its_calendar_has_no_such_year():
    with pytest.raises(ValueError, match="year"):
        to_date(FeelDate(123_456, 1, 1))


def test_a_zone_works_when_the_year_is_beyond_pythons_calendar():
    assert str(evaluate('@"12026-07-01T00:00:00@Europe/Berlin".time offset', {})) == "PT2H"
    text = '@"12026-07-01T00:00:00@Europe/Berlin" + @"PT24H"'
    assert str(evaluate(text, {})) == "12026-07-02T00:00:00@Europe/Berlin"


def test_a_date_is_its_midnight_in_utc_when_a_datetime_is_wanted():
    assert to_datetime(FeelDate(2026, 3, 14)) == datetime(2026, 3, 14, tzinfo=UTC)
