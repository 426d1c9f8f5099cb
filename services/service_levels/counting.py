"""When a promise is due, and how it stands: counting, without any rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from feel import CalendarRangeError, WorkingCalendar
from feel.working_time import add_working_time, working_time_between
from services.service_levels.model import SlaClock

Span = tuple[datetime, datetime | None]


class SlaState(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    PAUSED = "paused"
    MET = "met"
    LATE = "late"


def running_spans(started_at: datetime, pauses: Sequence[Sequence[Any]]) -> Iterator[Span]:
    """Yield when a clock ran, in order; the last span is open unless the clock stands."""
    begin = started_at
    for start, end in pauses:
        yield begin, datetime.fromisoformat(start)
        if end is None:
            return
        begin = datetime.fromisoformat(end)
    yield begin, None


def count_due(
    calendar: WorkingCalendar,
    started_at: datetime,
    pauses: Sequence[Sequence[Any]],
    amount: timedelta,
) -> datetime | None:
    """Return when so much working time has passed on a clock, its pauses left out.

    Returns:
        None if the clock stands before that, or it lies farther away than can be counted.
    """
    left = amount
    try:
        for begin, end in running_spans(started_at, pauses):
            due = add_working_time(calendar, begin, left)
            if end is None or due <= end:
                return due
            left -= working_time_between(calendar, begin, end)
    except CalendarRangeError:
        return None
    return None


def time_left(calendar: WorkingCalendar, clock: SlaClock, now: datetime) -> timedelta | None:
    """Return the working time until a counted promise is due, negative if it is late."""
    if clock.seconds is None:
        return None
    left = timedelta(seconds=clock.seconds)
    stop = clock.done_at or now
    try:
        for begin, end in running_spans(clock.started_at, clock.pauses):
            left -= working_time_between(calendar, begin, min(end or stop, stop))
    except CalendarRangeError:
        return None
    return left


def state_of(clock: SlaClock, now: datetime) -> SlaState:
    """Return how a promise stands at a moment; it is kept by what was done when it is due."""
    if clock.done_at is not None:
        in_time = clock.due_at is None or clock.done_at <= clock.due_at
        return SlaState.MET if in_time else SlaState.LATE
    if clock.due_at is not None and now > clock.due_at:
        return SlaState.BREACHED
    if clock.is_paused and clock.set_by is None:
        return SlaState.PAUSED
    if clock.at_risk_at is not None and now >= clock.at_risk_at:
        return SlaState.AT_RISK
    return SlaState.RUNNING
