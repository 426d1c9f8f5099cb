"""How often a failed step is tried again by itself: `R5/PT5M`, `PT1M,PT10M`, or a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from processes.engine.model import RetryPlan
from processes.engine.timers import parse_duration

FIRST_WAIT = timedelta(seconds=30)
"""Before the second attempt where only a number is given; each further wait is twice as long."""
MAX_ATTEMPTS = 100
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def parse_retry_plan(text: str) -> RetryPlan:
    """Read how often, and after how long, a step is tried again.

    Args:
        text: A number of attempts (`3`), a cycle (`R5/PT5M`: five attempts, five minutes apart),
            or the waits one by one (`PT1M,PT10M`).

    Raises:
        ValueError: It is none of these.
    """
    text = "".join(text.split())
    if text.isdecimal():
        attempts = _attempts(text)
        return RetryPlan(tuple(FIRST_WAIT * 2**number for number in range(min(attempts, 20) - 1)))
    if text.startswith("R"):
        count, _, every = text[1:].partition("/")
        return RetryPlan((_span(every),) * max(_attempts(count) - 1, 0))
    return RetryPlan(tuple(_span(part) for part in text.split(",")))


def _attempts(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_ATTEMPTS:
        raise ValueError(f"{text!r} is no number of attempts up to {MAX_ATTEMPTS}.")
    return int(text)


def _span(text: str) -> timedelta:
    return parse_duration(text).after(_EPOCH, UTC) - _EPOCH
