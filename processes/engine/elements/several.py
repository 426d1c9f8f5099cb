"""Events with several definitions (BPMN 2.0.2 §10.5.1): one of them is enough, or all are needed.

Each definition is an element of its own, a part, that carries the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from processes.engine.broadcast import broadcast_noted
from processes.engine.catching import complete_thrower, trigger
from processes.engine.elements.base import WAITS, Element, Waits
from processes.engine.elements.events import PassEvent, TerminateEnd
from processes.engine.tokens import LEAVE, WORK, Token
from processes.engine.waits import arm


class SeveralEvent(PassEvent):
    """A start or boundary event with several definitions; its parts are what is waited for."""

    def part_happened(self, token: Token, part: Token, result: Mapping[str, Any]) -> None:
        """Note one of those that are all needed; let the event happen with the last."""
        part.cancel()
        gathered = token.notes.setdefault("gathered", {})
        gathered.update(result)
        if token.children:
            return
        trigger(token, gathered)
        if token.role == "event" and not token.is_over:
            token.cancel()  # an event that does not interrupt happens once


class SeveralCatch(SeveralEvent):
    """Waits for one of several events, or for all of them (§10.5.4)."""

    @property
    def inner_events(self) -> tuple[Element, ...]:
        """Itself: its parts are what is waited for."""
        return (self,)

    def listen(self, token: Token, events: Iterable[Element]) -> None:  # noqa: ARG002 - only itself
        """Wait for its parts."""
        arm(token, self.parts if self.needs_all else [self])

    def work(self, token: Token) -> Waits:
        """Wait for its parts."""
        token.hold()
        self.listen(token, self.inner_events)
        return WAITS

    def open_by(self, root: Token, part: Element, result: Mapping[str, Any]) -> None:
        """Begin a process by the first of the events that are all needed (§10.5.2).

        Its instance waits for the others before anything in it runs.
        """
        token = root.workflow.spawn(self, root)
        self.report_entered(token)
        token.phase = WORK
        token.notes["gathered"] = dict(result)
        token.hold()
        arm(token, [other for other in self.parts if other is not part])

    def event_happened(self, token: Token, event: Token, result: Mapping[str, Any]) -> None:
        """Go on with the first that happens; the others are waited for no longer."""
        del event
        for part in token.children:
            part.cancel()
        token.notes["result"] = dict(result)
        token.make_ready(LEAVE)


class SeveralThrow(Element):
    """Throws each of its events, what ends its scope last (§10.5.3, §10.5.4)."""

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Throw them; a retry begins with the one that failed."""
        for number in range(token.notes.get("thrown", 0), len(self.parts)):
            token.notes["thrown"] = number
            if isinstance(self.parts[number].work(token), Waits):
                return WAITS
        return {}

    def _on_complete(self, token: Token) -> None:
        if not isinstance(self.parts[-1], TerminateEnd):
            super()._on_complete(token)
            return
        scope = token.parent
        complete_thrower(token)
        if not broadcast_noted(token):
            return
        token.leave_tree()
        scope.task_spec.terminate(scope)
