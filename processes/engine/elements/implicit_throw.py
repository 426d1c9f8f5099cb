"""Events that a multi-instance throws when instances complete (BPMN 2.0.2 §10.3.8.2, table 10.30).

They are caught at the border of the multi-instance; a message or signal that nothing there waits
for goes to the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes.engine.broadcast import broadcast
from processes.engine.catching import find_catcher, happen, trigger
from processes.engine.elements.base import condition_of, is_true
from processes.engine.errors import BpmnError
from processes.engine.host import ThrownMessage
from processes.engine.model import Event, ImplicitThrow
from processes.engine.scopes import Sight
from processes.engine.tokens import Token
from processes.engine.waits import Trigger, close_wait

if TYPE_CHECKING:
    from collections.abc import Sequence


class Thrower:
    """Throws the events of a multi-instance."""

    def __init__(self, throws: Sequence[ImplicitThrow]) -> None:
        self._throws = [
            (throw, condition_of(throw.condition), Trigger(throw.event)) for throw in throws
        ]

    def throw(self, item: Token, sight: Sight, done: int) -> None:
        """Throw what the completion of an item calls for, as far as it goes on after each.

        Raises:
            StepFailed: A condition or name fails.
            BpmnError: It throws an error.
        """
        begun = item.notes.get("thrown", 0)  # a retry does not throw again what was thrown
        for number, (throw, condition, thrown) in enumerate(self._throws[begun:], begun + 1):
            if throw.only_first and done > 1:
                continue
            if condition is not None and not is_true(condition, sight):
                continue
            item.notes["thrown"] = number
            _throw(item, throw.event, thrown, sight)
            if item.is_over:
                return


def _throw(item: Token, event: Event, thrown: Trigger, sight: Sight) -> None:
    if event.kind == "error":
        raise BpmnError(thrown.code(sight))
    if event.kind == "escalation":
        code = thrown.code(sight)
        catcher = find_catcher(item, "escalation", code)
        if catcher is not None:
            happen(catcher, {}, {"escalationCode": code})
        return
    name = thrown.name(sight)
    if event.kind == "message" and _is_caught_at_border(item, name):
        return
    item.workflow.host.publish(
        ThrownMessage(
            kind="message" if event.kind == "message" else "signal",
            name=name,
            payload={},
            correlation_key=thrown.key(sight) if event.kind == "message" else None,
            token_id=item.id,
            element_id=item.task_spec.node.id,
        )
    )
    if event.kind == "signal":
        broadcast(item.workflow, name, {})


def _is_caught_at_border(item: Token, name: str) -> bool:
    body = item.parent
    for waiting in body.children:
        if waiting.notes.get("wait") != "message":
            continue
        if waiting.task_spec.trigger.name(Sight(body)) == name:
            if waiting.task_spec.node.is_interrupting:
                close_wait(waiting, cancelled=False)
            trigger(waiting, {})
            return True
    return False
