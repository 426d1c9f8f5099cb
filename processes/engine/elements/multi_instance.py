"""Multi-instance activities (BPMN 2.0.2 §10.3.8, §13.3.7).

Three tokens stand for one: the activity as a whole, with the events at its border; one for each
item, which holds the item's variables; and inside it the activity's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.elements.base import WAITS, Waits, condition_of, is_true
from processes.engine.elements.implicit_throw import Thrower
from processes.engine.elements.repeated import RepeatedBody, RepeatedItem
from processes.engine.errors import StepFailed
from processes.engine.expressions import compile_value
from processes.engine.model import MultiInstance, Node
from processes.engine.scopes import Scope, Sight
from processes.engine.tokens import LEAVE, Token
from processes.engine.values import evaluated, plain

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec

MAX_ITEMS = 10_000


class MultiInstanceBody(RepeatedBody):
    """An activity that runs once for each item.

    Its notes: `items`, the index of the `next` one, how many are `done` (with those
    `cancelled` by a command), and the `output`.
    """

    def __init__(self, spec: ProcessSpec, node: Node, loop: MultiInstance) -> None:
        super().__init__(spec, node)
        self._loop = loop
        self._items = compile_value(loop.collection or loop.cardinality)
        self._output = compile_value(loop.output_element) if loop.output_element else None
        self._until = condition_of(loop.completion_condition)
        self._thrower = Thrower(loop.throws)

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Begin the first item, or all of them."""
        items = self._evaluate_items(token)
        if not self._loop.is_sequential:
            token.workflow.make_room(2 * len(items))
        token.notes.update(items=items, next=0, done=0, output=[None] * len(items))
        if not items:
            return self._result(token)
        token.hold()
        for _ in range(1 if self._loop.is_sequential else len(items)):
            self._begin_next(token)
        return WAITS

    def child_done(self, token: Token, child: Token) -> None:
        """Collect an item's output; go on with the next, or with what follows them all."""
        notes = token.notes
        notes["done"] += 1
        notes["output"][child.notes["index"]] = child.notes.get("output")
        is_last = notes["done"] >= len(notes["items"])
        if child.notes.get("is_enough") or is_last:
            for other in token.inner:
                other.cancel()
            token.notes["result"] = self._result(token)
            token.make_ready(LEAVE)
        elif self._loop.is_sequential:
            self._begin_next(token)

    def child_gone(self, token: Token, child: Token, *, is_replaced: bool) -> bool:  # noqa: ARG002
        """Count an item as done without an output; the activity is done with its last item.

        It is cancelled if no item was completed at all.
        """
        notes = token.notes
        notes["done"] += 1
        notes["cancelled"] = notes.get("cancelled", 0) + 1
        if token.has_inner:
            return True
        if notes["next"] < len(notes["items"]):
            self._begin_next(token)
            return True
        if is_replaced or notes["cancelled"] == notes["done"]:
            return False
        notes["result"] = self._result(token)
        token.make_ready(LEAVE)
        return True

    def collect(self, item: Token) -> None:
        """Evaluate an item's output and whether it was the last that is needed."""
        body = item.parent
        done = body.notes["done"] + 1
        active = body.notes["next"] - done
        cancelled = body.notes.get("cancelled", 0)
        counts = {
            "numberOfInstances": len(body.notes["items"]),
            "numberOfCompletedInstances": done - cancelled,
            "numberOfActiveInstances": active,
            "numberOfTerminatedInstances": cancelled,
        }
        if self._output is not None:
            item.notes["output"] = evaluated(self._output.evaluate(Sight(item)))
        sight = Sight(item, extra=Scope(counts))
        if self._until is not None:
            item.notes["is_enough"] = is_true(self._until, sight)
        self._thrower.throw(item, sight, done)

    def _begin_next(self, token: Token) -> None:
        notes = token.notes
        index, notes["next"] = notes["next"], notes["next"] + 1
        item = token.workflow.spawn(self.item, token)
        item.notes["index"] = index
        item.scope = Scope({"loopCounter": index + 1})
        if self._loop.collection and self._loop.item_name:
            item.scope.put({self._loop.item_name: notes["items"][index]})
        item.hold()
        token.workflow.arrive(self.item.activity, item)

    def _result(self, token: Token) -> dict[str, Any]:
        output = token.notes.get("output", [])
        for name in ("items", "next", "done", "output"):
            token.notes.pop(name)
        token.notes.pop("cancelled", None)
        return {self._loop.output_collection: output} if self._loop.output_collection else {}

    def _evaluate_items(self, token: Token) -> list[Any]:
        value = self._items.evaluate(Sight(token))
        if self._loop.collection:
            if not isinstance(value, list | tuple):
                raise StepFailed(f"The collection {self._items.text} gives no list.")
            items = [evaluated(item) for item in value]
        else:
            items = [None] * _count(plain(evaluated(value)), self._items.text)
        _check_count(len(items))
        return items


class MultiInstanceItem(RepeatedItem):
    """One item: the scope in which its activity runs."""

    keeps_new_names = True


def _count(value: Any, text: str) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError) as problem:
        raise StepFailed(f"The cardinality {text} gives no number.") from problem
    if count < 0:
        raise StepFailed(f"The cardinality {text} is negative.")
    _check_count(count)
    return count


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise StepFailed(f"The multi-instance would run more than {MAX_ITEMS} times.")
