"""Timers that follow the date of a record."""

from datetime import UTC, datetime

import pytest

from processes.engine import changes
from tests.engine.models import Drawing, FakeHost, Play, timer

FIRST = datetime(2026, 3, 5, 9, tzinfo=UTC)
SECOND = datetime(2026, 3, 9, 9, tzinfo=UTC)


class Record(dict):
    """A record whose fields can be changed between two steps."""


def waiting(text, kind="timeDate"):
    record = Record(due_at=FIRST)
    drawing = Drawing().start().task("ask").end("late").end()
    drawing.boundary("due", "ask", timer(text, kind), cancelActivity="false")
    drawing.path("start", "ask", "end").path("due", "late")
    play = Play(drawing, {"at": "2026-03-05T09:00:00Z"}, FakeHost(records={"deal": record}))
    record["due_at"] = SECOND
    return play


def due(play):
    return play.of(changes.TimerSet)[-1].due_at


@pytest.mark.parametrize(
    "text", ["=deal.due_at", '=if deal.due_at = null then @"2030-01-01" else deal.due_at']
)
def test_a_timer_follows_when_its_record_has_another_date(text):
    play = waiting(text)
    assert due(play) == FIRST
    play.do("follow_dates")
    assert due(play) == SECOND
    set_before = len(play.of(changes.TimerSet))
    play.do("follow_dates")
    assert len(play.of(changes.TimerSet)) == set_before
    play.do("fire_timer", play.at("due"))
    assert "late" in play.trace


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("=date and time(at)", "timeDate"),
        ("=deal.due_at + (now() - now())", "timeDate"),
        ("2026-03-05T09:00:00Z", "timeDate"),
        ('=if deal.due_at = null then "PT1H" else "PT2H"', "timeDuration"),
    ],
)
def test_a_timer_stays_when_its_date_is_no_records(text, kind):
    play = waiting(text, kind)
    before = due(play)
    play.do("follow_dates")
    assert due(play) == before


def test_a_timer_stays_when_its_date_can_not_be_read_any_more():
    play = waiting("=deal.due_at")
    play.host.records["deal"]["due_at"] = None
    play.do("follow_dates")
    assert due(play) == FIRST
