"""Ad-hoc sub-processes: activities without a drawn order (BPMN 2.0.2 §10.3.5.2, §13.3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes.engine.elements.base import WAITS, Element, Waits, condition_of, is_true
from processes.engine.elements.scopes import SubProcess
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.model import AdHoc, Node
from processes.engine.parsing.vocabulary import ACTIVITIES
from processes.engine.scopes import Sight
from processes.engine.tokens import Token

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec


class AdHocSubProcess(SubProcess):
    """Begins all that nothing inside leads to, together or one after the other.

    Its condition is asked whenever an activity inside has completed. Without one it ends when all
    is done; with one, what can be done begins anew until the condition holds.
    """

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self._rules = node.ad_hoc or AdHoc()
        self._condition = condition_of(self._rules.condition)

    def work(self, token: Token) -> Waits:
        """Begin inside, or look at the condition again after an incident."""
        token.hold()
        if token.notes.get("is_open"):
            self._look(token)
            return WAITS
        self.open_scope(token)
        token.notes["is_open"] = True
        self._begin_round(token)
        return WAITS

    def open_for(self, token: Token, first: Element) -> None:
        """Open it around an element; what comes before that in the file counts as done."""
        super().open_for(token, first)
        is_next = self._rules.is_sequential and first in self.starts
        begun = self.starts.index(first) + 1 if is_next else len(self.starts)
        token.notes.update(is_open=True, next=begun)

    def child_gone(self, token: Token, child: Token, *, is_replaced: bool) -> bool:
        """Go on with the next activity of those in an order."""
        has_next = self._rules.is_sequential and token.notes["next"] < len(self.starts)
        if has_next and not token.has_inner:
            self._begin_next(token)
        return super().child_gone(token, child, is_replaced=is_replaced)

    def child_done(self, token: Token, child: Token) -> None:
        """See whether that was enough, and what comes next."""
        if token.has_failed:
            return
        if child.task_spec.node.type not in ACTIVITIES:
            self._go_on(token)
            return
        try:
            self._look(token)
        except StepFailed as problem:
            token.workflow.park(token, problem)
        except BpmnError as problem:
            token.workflow.park_uncaught(token, problem)

    def _look(self, token: Token) -> None:
        if self._condition is not None and is_true(self._condition, Sight(token)):
            if self._rules.cancels_rest:
                self.scope_done(token)
                return
            token.notes["is_enough"] = True
        self._go_on(token)

    def _go_on(self, token: Token) -> None:
        if token.has_inner:
            return
        is_last = token.notes["next"] >= len(self.starts)
        if token.notes.get("is_enough") or (is_last and self._condition is None):
            self.scope_done(token)
        elif is_last:
            self._begin_round(token)
        else:
            self._begin_next(token)

    def _begin_round(self, token: Token) -> None:
        token.notes["next"] = 0
        for _ in range(1 if self._rules.is_sequential else len(self.starts)):
            self._begin_next(token)

    def _begin_next(self, token: Token) -> None:
        number = token.notes["next"]
        token.notes["next"] = number + 1
        token.workflow.arrive(self.starts[number], token)
