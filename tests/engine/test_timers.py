from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from processes.engine.timers import Due, check_text, next_due, parse_duration, plan
from tests.engine.models import Drawing, Play, timer

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("duration", "PT15M", datetime(2026, 3, 28, 12, 15, tzinfo=UTC)),
        ("duration", "P1D", datetime(2026, 3, 29, 12, tzinfo=UTC)),
        ("duration", "P1W", datetime(2026, 4, 4, 12, tzinfo=UTC)),
        ("duration", "PT1.5S", datetime(2026, 3, 28, 12, 0, 1, 500000, tzinfo=UTC)),
        ("duration", "P1M", datetime(2026, 4, 28, 11, tzinfo=UTC)),
        ("date", "2026-03-29T14:39:00@Europe/Oslo", datetime(2026, 3, 29, 12, 39, tzinfo=UTC)),
        ("date", "2026-03-28T14:39:00@Europe/Oslo", datetime(2026, 3, 28, 13, 39, tzinfo=UTC)),
        ("date", "2026-03-29T14:39", datetime(2026, 3, 29, 12, 39, tzinfo=UTC)),
        ("date", "2026-03-29T14:39:00.25Z", datetime(2026, 3, 29, 14, 39, 0, 250000, tzinfo=UTC)),
        ("date", "2026-03-29T14:39:00+05:30", datetime(2026, 3, 29, 9, 9, tzinfo=UTC)),
        ("date", "2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("date", "P2D", datetime(2026, 3, 30, 12, tzinfo=UTC)),
    ],
)
def test_timer_is_due_when_its_text_says(kind, text, due):
    assert plan(kind, text, NOW, OSLO) == Due(due)


def test_cycle_fires_as_often_as_it_says_when_counted():
    due: Due | None = plan("cycle", "R3/PT10M", NOW, UTC)
    minutes = []
    while due is not None:
        minutes.append(due.at.minute)
        due = next_due(due, UTC)
    assert minutes == [10, 20, 30]


def test_cycle_begins_at_its_start_when_it_has_one():
    due = plan("cycle", "R/2026-04-01T09:00:00Z/P1D", NOW, UTC)
    assert due == Due(datetime(2026, 4, 1, 9, tzinfo=UTC), "R/P1D")
    assert next_due(due, UTC) == Due(datetime(2026, 4, 2, 9, tzinfo=UTC), "R/P1D")


@pytest.mark.parametrize(
    ("repeat", "now", "due"),
    [
        ("R/PT10M", datetime(2026, 3, 28, 12, 5, tzinfo=UTC), "2026-03-28T12:10"),
        ("R/PT10M", datetime(2026, 3, 28, 12, 10, tzinfo=UTC), "2026-03-28T12:20"),
        ("R/PT10M", datetime(2026, 3, 28, 13, 35, tzinfo=UTC), "2026-03-28T13:40"),
        ("R/P1M", datetime(2026, 6, 30, tzinfo=UTC), "2026-07-28T12:00"),
        ("R/P1MT1S", datetime(4026, 3, 28, 12, tzinfo=UTC), "4026-04-28T12:00"),
    ],
)
def test_what_was_missed_of_a_cycle_is_not_made_up_for(repeat, now, due):
    following = next_due(Due(NOW, repeat), UTC, later_than=now)
    assert following is not None
    assert following.repeat == repeat
    assert following.at.replace(second=0).isoformat()[:16] == due


def test_overdue_timer_fires_once_for_all_that_it_missed():
    drawing = Drawing().start().task("ask").path("start", "ask")
    drawing.boundary("remind", "ask", timer("R3/PT10M", "timeCycle"), cancelActivity="false")
    play = Play(drawing.end("told").path("remind", "told"))
    play.host.later(minutes=35)
    firings = []
    while "remind" in play.waiting:
        due = next(one.due_at for one in play.tokens if one.element_id == "remind")
        play.host.time = max(play.host.time, due)
        firings.append(play.host.time.minute)
        play.fire("remind")
    # It still fires as often as it says.
    assert (firings, play.trace.count("remind")) == ([35, 40, 50], 3)


def test_months_end_with_the_month_when_it_is_shorter():
    start = datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_duration("P1M").after(start, UTC) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("duration", "15 minutes"),
        ("duration", "P"),
        ("duration", "PT"),
        ("duration", "-PT1M"),
        ("date", "tomorrow"),
        ("date", "2026-02-30T10:00:00Z"),
        ("date", "2026-02-03T10:00:00@Europe/Nowhere"),
        ("cycle", "PT10M"),
        ("cycle", "R0/PT10M"),
        ("cycle", "R3/PT0S"),
        ("cycle", "0 0 9 * * MON"),
    ],
)
def test_text_is_refused_when_it_is_no_timer(kind, text):
    assert check_text(kind, text)
