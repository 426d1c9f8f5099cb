"""Signals inside the instance that throws them (BPMN 2.0.2 §10.5.6: published to all who listen).

They happen at once, before anything more runs: what an interrupting event stops does not go on for
another step. Who listens elsewhere, and who begins with the signal, is found by the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.catching import trigger
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.scopes import Sight
from processes.engine.tokens import NEW, Token
from processes.engine.waits import close_wait

if TYPE_CHECKING:
    from processes.engine.instance import Instance


def note_signal(token: Token, name: str, payload: Mapping[str, Any]) -> None:
    """Remember a signal that a token throws, to be broadcast when its element is done."""
    token.notes.setdefault("signals", []).append([name, dict(payload)])


def broadcast_noted(token: Token) -> bool:
    """Broadcast what a token's element has thrown; say whether the token outlived it."""
    for name, payload in token.notes.pop("signals", []):
        broadcast(token.workflow, name, payload)
    return token.id in token.workflow.tasks


def broadcast(instance: Instance, name: str, payload: Mapping[str, Any]) -> None:
    """Let all happen that waits for a signal now, or has just come to where it is waited for."""
    for token in list(instance.queue):
        # It came at the same time as the signal; only its turn has not come yet.
        if token.is_ready and token.phase == NEW and _catches(token):
            token.run()
    for token in list(instance.tasks.values()):
        if token.id not in instance.tasks or token.notes.get("wait") != "signal":
            continue
        if _name_of(token) != name:
            continue
        if token.role == "token" or token.task_spec.node.is_interrupting:
            close_wait(token, cancelled=False)
        trigger(token, payload)


def _catches(token: Token) -> bool:
    node = token.task_spec.node
    return node.type == "intermediateCatchEvent" and node.event.kind == "signal"


def _name_of(token: Token) -> str | None:
    try:
        return token.task_spec.trigger.name(Sight(token))
    except (StepFailed, BpmnError):
        return None
