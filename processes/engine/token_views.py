"""Tokens as others see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from processes.engine.tokens import Token
from processes.engine.waits import WaitKind, timer_of


@dataclass(frozen=True)
class TokenView:
    """A token as others see it.

    Attributes:
        type: The element's name in BPMN.
        role: `event` for what waits at the border of an activity, gateway or scope.
        state: `active` is a scope or call in which others run.
        waits_for: What it waits for; None if it does not, or waits for other tokens.
        due_at: When its timer fires, or when what failed is tried again by itself; aware UTC.
        since: When it came to its state, aware UTC.
        scope_id: The token around it.
    """

    token_id: str
    process_id: str
    element_id: str
    type: str
    role: Literal["token", "event"]
    state: Literal["ready", "waiting", "active", "failed"]
    waits_for: WaitKind | None
    due_at: datetime | None
    since: datetime
    scope_id: str


def view_of(token: Token) -> TokenView:
    """Return a token as others see it."""
    node, parent = token.task_spec.node, token.parent
    waits_for: Any = token.notes.get("wait")
    return TokenView(
        token_id=token.id,
        process_id=node.process_id,
        element_id=node.id,
        type=node.type,
        role=token.role,
        state=_state_of(token),
        waits_for=waits_for,
        due_at=_due_at(token),
        since=token.since,
        scope_id=parent.id,
    )


def _due_at(token: Token) -> datetime | None:
    if token.notes.get("wait") == "timer":
        return timer_of(token).at
    retry_at = token.notes.get("retry_at")
    return None if retry_at is None else datetime.fromisoformat(retry_at)


def _state_of(token: Token) -> Literal["ready", "waiting", "active", "failed"]:
    if token.has_failed:
        return "failed"
    if token.is_ready:
        return "ready"
    return "waiting" if token.is_waiting else "active"
