"""Timers and tasks whose date is a record's: they follow when the record has another one.

A date that is computed from the present, `=now() + …`, is that of the moment at which it was set,
and a date that reads only variables can't change by itself: both stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import feel
from processes.engine import changes
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.timers import Due
from processes.engine.tokens import Token
from processes.engine.waits import set_timer, timer_of

if TYPE_CHECKING:
    from processes.engine.instance import Instance

_PRESENT = re.compile(r"\b(?:now|today)\s*\(")


def moved_timers(instance: Instance) -> list[tuple[Token, Due]]:
    """Return the tokens whose timer reads another date from a record than the one it is set to."""
    return list(_moved(instance))


def set_again(instance: Instance, moved: list[tuple[Token, Due]]) -> None:
    """Set these timers to their new dates and report it."""
    for token, due in moved:
        instance.emit(changes.TimerCancelled(token.id))
        set_timer(token, due)


def live_dates(instance: Instance) -> dict[str, dict[str, datetime | None]]:
    """Return the dates that open tasks read from a record, as it has them now.

    Returns:
        ``due_at`` and ``follow_up_at``, those that are read from a record, by token.
    """
    records = frozenset(instance.records)
    found: dict[str, dict[str, datetime | None]] = {}
    for token in instance.tasks.values():
        if token.notes.get("wait") != "task":
            continue
        given = token.task_spec.node.assignment
        texts = {"due_at": given.due_date, "follow_up_at": given.follow_up_date}
        live = [name for name, text in texts.items() if _is_live(text, records)]
        if not live:
            continue
        try:
            opened = token.task_spec.opened(token)
        except (StepFailed, BpmnError):
            continue
        found[token.id] = {name: getattr(opened, name) for name in live}
    return found


def _moved(instance: Instance) -> Iterator[tuple[Token, Due]]:
    records = frozenset(instance.records)
    for token in instance.tasks.values():
        if token.notes.get("wait") != "timer" or not _reads(token, records):
            continue
        try:
            due = token.task_spec.trigger.plan(_stands_at(token)).due
        except (StepFailed, BpmnError):
            continue  # it has a date; one that can't be read does not take that away
        if due.at != timer_of(token).at:
            yield token, due


def _stands_at(token: Token) -> Token:
    """Return the token whose variables an event at a border sees."""
    while token.role == "event" and token.parent is not None:
        token = token.parent
    return token


def _reads(token: Token, records: frozenset[str]) -> bool:
    """Tell whether a timer's date is read from a record, and not computed from the present."""
    event = token.task_spec.trigger.event
    return event.timer == "date" and _is_live(event.expression, records)


def _is_live(text: str, records: frozenset[str]) -> bool:
    if not text.startswith("=") or _PRESENT.search(text):
        return False
    return bool(feel.compile_expression(text.removeprefix("=")).names & records)
