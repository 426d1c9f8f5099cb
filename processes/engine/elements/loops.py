"""Activities with a standard loop (BPMN 2.0.2 §10.3.8.1, §13.3.6).

Like a multi-instance, three tokens stand for one: the activity as a whole, with the events at its
border; the present run, which knows its number; and inside it the activity's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.elements.base import WAITS, Waits, condition_of, is_true
from processes.engine.elements.repeated import RepeatedBody, RepeatedItem
from processes.engine.model import Node, StandardLoop
from processes.engine.scopes import Scope, Sight
from processes.engine.tokens import LEAVE, Token

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec


class LoopBody(RepeatedBody):
    """An activity that runs again as long as its condition holds.

    Its note `count` says how often it has run.
    """

    def __init__(self, spec: ProcessSpec, node: Node, loop: StandardLoop) -> None:
        super().__init__(spec, node)
        self._loop = loop
        self._condition = condition_of(loop.condition)

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Begin the first run, unless the condition is tested before and does not hold."""
        token.notes["count"] = 0
        if self._loop.tests_before and not self._goes_on(token, 0):
            return {}
        token.hold()
        self._begin_next(token)
        return WAITS

    def collect(self, item: Token) -> None:
        """Find out, at the end of a run, whether another one follows."""
        item.notes["again"] = self._goes_on(item, item.parent.notes["count"])

    def child_done(self, token: Token, child: Token) -> None:
        """Go on with the next run, or with what follows."""
        if child.notes["again"]:
            self._begin_next(token)
        else:
            token.make_ready(LEAVE)

    def _goes_on(self, token: Token, count: int) -> bool:
        if self._loop.maximum is not None and count >= self._loop.maximum:
            return False
        if self._condition is None:
            return True
        return is_true(self._condition, Sight(token, extra=Scope({"loopCounter": count})))

    def _begin_next(self, token: Token) -> None:
        token.notes["count"] += 1
        item = token.workflow.spawn(self.item, token)
        item.scope = Scope({"loopCounter": token.notes["count"]})
        item.hold()
        token.workflow.arrive(self.item.activity, item)


class LoopItem(RepeatedItem):
    """One run: what it writes stays when it is over, only its number does not."""
