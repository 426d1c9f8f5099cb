"""Events: where a token waits, throws, begins and ends (BPMN 2.0.2 §10.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.catching import complete_thrower, find_catcher, happen
from processes.engine.elements.activities import own_inputs
from processes.engine.elements.base import WAITS, Element, Waits, Way
from processes.engine.errors import BpmnError
from processes.engine.scopes import Sight
from processes.engine.tokens import Token
from processes.engine.waits import open_wait

if TYPE_CHECKING:
    from processes.engine.elements.scopes import ScopeElement


class PassEvent(Element):
    """An event that has happened when it is run.

    Start and boundary events, catching links, throwing and end events without a trigger.
    """


class CatchEvent(Element):
    """Waits for a message, timer or signal (§10.5.4)."""

    def work(self, token: Token) -> Waits:
        """Wait for it."""
        open_wait(token, self.trigger.plan(token))
        return WAITS


class LinkThrow(Element):
    """Goes on at the catching link event of its name (§10.5.5)."""

    target: Element

    def choose(self, token: Token) -> list[Way]:
        """Go to its counterpart; no flow is drawn between them."""
        token.workflow.arrive(self.target, token.parent)
        return []


class EscalationThrow(Element):
    """Tells the scopes around it of an escalation, and goes on unless it is interrupted."""

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Let the nearest event for it happen; without one it is of no consequence (§10.5.6)."""
        code = self.trigger.code(Sight(token))
        catcher = find_catcher(token, "escalation", code)
        if catcher is None:
            return {}
        payload = own_inputs(token)
        interrupts = catcher.event.node.is_interrupting
        if interrupts:
            complete_thrower(token)
        happen(catcher, payload, {"escalationCode": code})
        return WAITS if interrupts else {}


class ErrorEnd(Element):
    """Ends its path with an error (§10.5.3)."""

    def work(self, token: Token) -> None:
        """Throw it."""
        code = self.trigger.code(Sight(token))
        raise BpmnError(code, variables=own_inputs(token))


class TerminateEnd(Element):
    """Ends all that runs in its scope (§13.5.6)."""

    def _on_complete(self, token: Token) -> None:
        scope = token.parent
        self.finish_path(token)
        scope_element: ScopeElement = scope.task_spec
        scope_element.terminate(scope)

    def finish_path(self, token: Token) -> None:
        """Report the end event itself."""
        complete_thrower(token)
        token.leave_tree()
