"""What standard loops and multi-instances have in common: a body around each run of an activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processes.engine import changes
from processes.engine.catching import throw_error
from processes.engine.elements.base import Element
from processes.engine.elements.exchange import Exchange
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.model import Node
from processes.engine.tokens import LEAVE, Token

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec


class RepeatedBody(Element):
    """An activity that runs several times; each run is reported by itself, the whole is not."""

    item: RepeatedItem

    def __init__(self, spec: ProcessSpec, node: Node) -> None:
        super().__init__(spec, node)
        self._exchange = Exchange(node, is_whole=True, maps=False)

    def record_of(self, token: Token) -> dict[str, Any] | None:
        """Return how its runs can be undone, all that were completed: see `compensation`."""
        done = token.notes.get("undo", [])
        if not done:
            return None
        return {"activity": self.node.id, "values": {}, "event": None, "done": done}

    def collect(self, item: Token) -> None:
        """Evaluate at the end of a run what may fail.

        Raises:
            StepFailed: Then the run stands at an incident.
            BpmnError: Likewise.
        """
        raise NotImplementedError

    def report(
        self, token: Token, kind: type[changes.ElementCompleted | changes.ElementCancelled]
    ) -> None:
        """Say nothing: each run is reported by itself."""

    def report_entered(self, token: Token) -> None:
        """Say nothing: each run is reported by itself."""


class RepeatedItem(Element):
    """One run: the scope in which the activity stands."""

    is_drawn = False
    activity: Element
    body: RepeatedBody

    def child_done(self, token: Token, child: Token) -> None:  # noqa: ARG002 - it holds only one
        """Let the body collect; an expression that fails leaves the run at an incident."""
        token.make_ready(LEAVE)

    def _run(self, token: Token) -> bool | None:
        try:
            self.body.collect(token)
        except StepFailed as problem:
            token.workflow.park(token, problem)
            return None
        except BpmnError as problem:
            throw_error(token, problem)
            return None
        return None if token.is_over else True

    def _on_complete(self, token: Token) -> None:
        # What is at the border of the whole undoes each run (§13.5.5).
        whole = Element.record_of(self.body, token) if self.body.undone_by else None
        if record := whole or self.record_of(token):
            token.parent.notes.setdefault("undo", []).append(record)
        token.workflow.child_done(token)

    def withdraw(self, token: Token, *, failed: bool) -> None:
        """Report the end of its incident; the activity inside reports the rest."""
        if failed:
            token.workflow.emit(changes.IncidentResolved(token.id))
