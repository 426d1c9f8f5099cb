"""What a token waits for: a person, a timer, a message, a signal, the answer to a call, a job.

A wait is planned before anything is changed, since its expressions may fail; then it is opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from processes.engine import changes
from processes.engine.correlation import correlation_text
from processes.engine.errors import BpmnError, EngineError, StepFailed
from processes.engine.expressions import Expression, compile_text, compile_value
from processes.engine.model import Event, TimerKind
from processes.engine.scopes import Sight
from processes.engine.timers import Due, find_calendar, plan
from processes.engine.tokens import Token
from processes.engine.values import evaluated

if TYPE_CHECKING:
    from processes.engine.elements.base import Element

WaitKind = Literal["task", "timer", "message", "signal", "call", "condition", "job"]
MAX_NAME = 300
"""Characters in the name of a message or signal: it is looked up in an index."""
_SUBSCRIBED: dict[str, Literal["message", "signal", "condition"]] = {
    "message": "message",
    "signal": "signal",
    "condition": "condition",
}
OUTSIDE_KINDS = ("timer", "message", "signal", "conditional")
"""Kinds of events that nothing throws, and so are armed when their activity begins."""


@dataclass(frozen=True)
class Wait:
    """A wait for a timer, message, signal or condition, with its expressions evaluated."""

    kind: WaitKind
    name: str = ""
    key: str | None = None
    due: Due | None = None


class Trigger:
    """The event of an element, its expressions compiled."""

    def __init__(self, event: Event, calendar: str = "") -> None:
        self.event = event
        self._calendar = compile_text(calendar)
        self._name = compile_text(event.name)
        self._key = None if event.correlation_key is None else compile_value(event.correlation_key)
        self._keys = [(name, compile_value(text)) for name, text in event.correlation]
        self._code = compile_text(event.code)
        is_condition = event.kind == "conditional"
        self._condition = compile_value(event.expression) if is_condition else None
        self._timer = compile_text("" if is_condition else event.expression)

    def name(self, sight: Sight) -> str:
        """Return the name of the message or signal.

        Raises:
            StepFailed: It is no text, or a very long one.
        """
        name = as_text(self._name.evaluate(sight), "The name of the event")
        if len(name) > MAX_NAME:
            raise StepFailed(f"The name of the event is longer than {MAX_NAME} characters.")
        return name

    def key(self, sight: Sight) -> str | None:
        """Return the correlation key; None if the message has none, or none yet."""
        if self._keys:
            values = {name: part.evaluate(sight) for name, part in self._keys}
            if None in values.values():
                return None
            what = "The correlation property"
            texts = {name: as_text(value, f"{what} {name}") for name, value in values.items()}
            return correlation_text(texts)
        if self._key is None:
            return None
        value = self._key.evaluate(sight)
        if value is None and self.event.is_keyed_by_path:
            return None  # the first message to come sets it
        return as_text(value, "The correlation key")

    def code(self, sight: Sight) -> str:
        """Return the code of the error or escalation that is thrown."""
        return as_text(self._code.evaluate(sight), "The code of the event")

    def plan(self, token: Token) -> Wait:
        """Return what a token is to wait for.

        Raises:
            StepFailed: An expression fails, or gives no name, key or time.
        """
        sight, kind = Sight(token), self.event.kind
        if kind == "conditional":
            return Wait("condition")
        if kind == "timer":
            return Wait("timer", due=self._due(token, sight))
        if kind == "message":
            return Wait("message", self.name(sight), self.key(sight))
        return Wait("signal", self.name(sight))

    def holds(self, token: Token) -> bool:
        """Return whether the condition holds; what can't be evaluated (yet) does not."""
        assert self._condition is not None  # noqa: S101 - asked of conditional events only
        try:
            return self._condition.evaluate(Sight(token)) is True
        except (StepFailed, BpmnError):
            return False

    def _due(self, token: Token, sight: Sight) -> Due:
        assert self.event.timer is not None  # noqa: S101 - every timer read from a file has one
        text = as_text(self._timer.evaluate(sight), "The time of the timer")
        return due_at(token, self.event.timer, text, self._calendar)


def due_at(token: Token, kind: TimerKind, text: str, calendar: Expression) -> Due:
    """Plan a timer of a token; see `timers.plan`. An empty `calendar` counts all time.

    Raises:
        StepFailed: The text is no date, duration or cycle, or there is no such calendar.
    """
    instance = token.workflow
    name = calendar.evaluate(Sight(token)) if calendar.text else None
    try:
        counted = None
        if name not in (None, ""):
            named = as_text(name, "The working calendar")
            counted = named, find_calendar(instance.host.calendars(), named)
        return plan(kind, text, instance.now, instance.host.zone(), counted)
    except (ValueError, OverflowError, EngineError) as problem:
        raise StepFailed(f"The timer can't be set: {problem}") from problem


def as_text(value: Any, what: str) -> str:
    """Return a value as text; dates, times and durations as in ISO 8601.

    Raises:
        StepFailed: It is null, a list or a context.
    """
    plain = evaluated(value)
    if isinstance(plain, dict) and isinstance(plain.get("@value"), str):
        plain = plain["@value"]
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, str | int | float):
        return str(plain)
    shown = "null" if plain is None else "a list or a context"
    raise StepFailed(f"{what} is {shown}.")


def open_wait(token: Token, wait: Wait) -> None:
    """Have a token wait and report what for."""
    token.notes["wait"] = wait.kind
    token.wait()
    node, instance = token.task_spec.node, token.workflow
    if wait.due is not None:
        set_timer(token, wait.due)
        return
    if wait.kind == "condition":
        instance.watch(token)
    kind = _SUBSCRIBED[wait.kind]
    instance.emit(
        changes.SubscriptionOpened(token.id, node.process_id, node.id, kind, wait.name, wait.key)
    )


def want_job(token: Token, phase: Literal["before", "after"]) -> None:
    """Have a token stand before or after its element until a job takes it on."""
    token.notes["wait"] = "job"
    token.wait()
    node = token.task_spec.node
    token.workflow.emit(changes.JobWanted(token.id, node.process_id, node.id, phase))


def set_timer(token: Token, due: Due) -> None:
    """Set a waiting token's timer and report it."""
    token.notes["wait"] = "timer"
    token.notes["due"] = due.at.isoformat()
    token.notes["repeat"] = due.repeat
    node = token.task_spec.node
    token.workflow.emit(changes.TimerSet(token.id, node.process_id, node.id, due.at, due.repeat))


def timer_of(token: Token) -> Due:
    """Return the timer that a token waits for."""
    return Due(datetime.fromisoformat(token.notes["due"]), token.notes["repeat"])


def close_wait(token: Token, *, cancelled: bool) -> None:
    """End what a token waits for, if anything, and report it."""
    kind = token.notes.pop("wait", None)
    if kind is None:
        return
    emit = token.workflow.emit
    if kind == "task":
        emit(changes.UserTaskClosed(token.id, "cancelled" if cancelled else "completed"))
    elif kind == "timer":
        token.notes.pop("due")
        token.notes.pop("repeat")
        emit(changes.TimerCancelled(token.id) if cancelled else changes.TimerFired(token.id))
    elif kind in ("call", "job"):
        if cancelled:
            gone = changes.CallCancelled if kind == "call" else changes.JobCancelled
            emit(gone(token.id))
    else:
        if kind == "condition":
            token.workflow.forget_watch(token)
            token.notes.pop("held", None)
        emit(changes.SubscriptionClosed(token.id))


def comes_to_hold(token: Token) -> bool:
    """Return whether a token's condition holds now and did not when it was last looked at."""
    held = token.notes.get("held", False)
    token.notes["held"] = token.task_spec.holds(token)
    return bool(token.notes["held"] and not held)


def arm(token: Token, events: Iterable[Element]) -> None:
    """Have the events at the border of a token's element be waited for.

    Raises:
        StepFailed: An expression of one of them fails; then none is.
    """
    planned = [
        (event, [(part, part.trigger.plan(token)) for part in outside_parts(event)])
        for event in events
    ]
    instance = token.workflow
    for event, waits in planned:
        owner = token
        if waits and event.parts and event.needs_all:
            owner = instance.spawn(event, token, "event")
            owner.hold()
        for part, wait in waits:
            open_wait(instance.spawn(part, owner, "event"), wait)


def outside_parts(event: Element) -> list[Element]:
    """Return those definitions of an event, each as an element, that nothing in here throws."""
    parts = event.parts or (event,)
    return [part for part in parts if part.trigger.event.kind in OUTSIDE_KINDS]
