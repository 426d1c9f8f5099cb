"""Months counted from an anchor day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.days import Notice, Rhythm, first_boundary, next_end


def test_periods_come_back_to_their_anchor_day_after_a_short_month():
    rhythm = Rhythm(date(2026, 1, 31), 31, 1)
    begins, firsts = date(2026, 1, 31), []
    for _ in range(4):
        period = rhythm.period_at(begins)
        firsts.append(period.first.isoformat())
        begins = period.last + timedelta(days=1)
    assert firsts == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert Rhythm(date(2024, 1, 31), 31, 1).period_at(date(2024, 2, 29)).first == date(2024, 2, 29)


def test_periods_begin_on_their_anchor_day_when_the_first_began_in_a_short_month():
    rhythm = Rhythm(first_boundary(date(2026, 2, 10), 31), 31, 1)
    assert rhythm.period_at(date(2026, 2, 28)).first == date(2026, 2, 28)
    assert rhythm.period_at(date(2026, 4, 1)).first == date(2026, 3, 31)


@settings(max_examples=50)
@given(
    st.dates(date(2000, 1, 1), date(2060, 12, 31)),
    st.integers(1, 31),
    st.integers(1, 36),
    st.integers(-900, 3000),
)
def test_periods_follow_each_other_without_a_gap(start, anchor, months, offset):
    rhythm = Rhythm(first_boundary(start, anchor), anchor, months)
    day = start + timedelta(days=offset)
    period = rhythm.period_at(day)
    assert period.first <= day <= period.last
    assert rhythm.period_at(period.last + timedelta(days=1)).first == period.last + timedelta(
        days=1
    )
    assert rhythm.period_at(period.first) == period


@pytest.mark.parametrize(
    ("starts", "ends", "months", "expected"),
    [
        ("2026-01-31", "2026-02-27", 1, "2026-03-30"),
        ("2026-01-01", "2026-12-31", 12, "2027-12-31"),
        ("2024-02-29", "2025-02-27", 12, "2026-02-27"),
        ("2026-01-10", "2026-03-31", 3, "2026-06-30"),
    ],
)
def test_a_term_ends_as_if_all_months_were_as_long(starts, ends, months, expected):
    found = next_end(date.fromisoformat(starts), date.fromisoformat(ends), months)
    assert found.isoformat() == expected


def test_notice_to_an_end_is_given_a_period_before_it():
    assert Notice(3, "months").last_day_for(date(2026, 12, 31)) == date(2026, 9, 30)
    assert Notice(30, "days").last_day_for(date(2026, 12, 31)) == date(2026, 12, 1)
    assert Notice(1, "months").text == "1 month"
