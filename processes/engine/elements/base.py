"""What all elements have in common: a token begins, works, leaves and is routed on.

The phases are remembered with the token, so that a retry after an incident repeats only what
failed: a call that succeeded is not made again because an output mapping was wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec

from processes.engine import changes
from processes.engine.broadcast import broadcast_noted
from processes.engine.catching import throw_error
from processes.engine.elements.arrivals import forget_arrival, merge, note_arrival, waiting_at
from processes.engine.elements.exchange import Exchange
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.expressions import (
    Expression,
    compile_value,
)
from processes.engine.model import THROWING, Node
from processes.engine.scopes import Sight
from processes.engine.tokens import ENTER, LEAVE, NEW, ROUTE, TRIGGERED, WORK, Token
from processes.engine.values import evaluated, plain
from processes.engine.waits import Trigger, Wait, arm, close_wait, open_wait, want_job

if TYPE_CHECKING:
    from processes.engine.elements.scopes import SubProcess
    from processes.engine.process_spec import ProcessSpec


class Waits:
    """The type of `WAITS`."""


WAITS: Final = Waits()
"""Returned by `Element.work` when the token stands until something happens."""


@dataclass(frozen=True)
class Way:
    """A sequence flow out of an element; `condition` is None if it has none."""

    id: str
    target: Element
    condition: Expression | None


class Element(BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow has no types
    """A BPMN element as SpiffWorkflow's task spec: shared by all instances, never changed by one.

    Attributes:
        process_spec: The process it belongs to.
        node: The element in the model.
        ways: The flows out of it, in the order of the file.
        default_way: The one taken when no condition holds; also among `ways`.
        trigger: What it waits for or throws.
        boundary: The events at its border.
        event_sub_processes: Those that stand in it, if it is a scope.
        parts: One element for each definition of an event that has several.
        whole: The event of which it is a part; otherwise itself.
        needs_all: All of its parts have to happen, not one of them.
        undone_by: The compensation event at its border and the activity it leads to.
        keeps_new_names: Variables that no scope has yet are made in its scope.
        is_process: It is a whole process, beyond which no variable is seen.
        is_drawn: Its token stands for something that is seen in the diagram.
    """

    keeps_new_names = False
    is_process = False
    is_drawn = True

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, name or node.id, lane=node.lane, documentation=node.documentation)
        self.process_spec = spec
        self.node = node
        self.bpmn_id = node.id
        self.bpmn_name = node.name
        self.ways: tuple[Way, ...] = ()
        self.default_way: Way | None = None
        self.trigger = Trigger(node.event, node.properties.get("calendar", ""))
        self.boundary: tuple[Element, ...] = ()
        self.event_sub_processes: tuple[SubProcess, ...] = ()
        self.parts: tuple[Element, ...] = ()
        self.whole: Element = self
        self.needs_all = node.needs_all
        self.undone_by: tuple[str, str] | None = None
        # What stands in a loop or multi-instance is counted with the whole.
        self._start_quantity = node.start_quantity if name is None else 1
        self._completion_quantity = node.completion_quantity if name is None else 1
        self._stops_before = node.async_before and name is None
        self._stops_after = node.async_after and name is None
        self._exchange = Exchange(node, is_whole=name is None)

    # What a kind of element does differently -----------------------------------------------

    def work(self, token: Token) -> Mapping[str, Any] | Waits | None:  # noqa: ARG002 - others do
        """Do the element's work, when its inputs are there.

        Returns:
            The result by name as JSON values, None for an empty one, WAITS if it is not done yet.

        Raises:
            StepFailed: The token becomes an incident and `work` is called again by a retry.
            BpmnError: For an event that catches it.
        """
        return None

    def choose(self, token: Token) -> list[Way]:
        """Return the flows to take: every flow whose condition holds or that has none."""
        conditional = [way for way in self.ways if way.condition and way is not self.default_way]
        plain = [way for way in self.ways if not way.condition and way is not self.default_way]
        taken = self.holding(token, conditional)
        if self.default_way and not taken:
            taken = [self.default_way]
        chosen = {way.id for way in taken} | {way.id for way in plain}
        return self.at_least_one(way for way in self.ways if way.id in chosen)

    @property
    def inner_events(self) -> tuple[Element, ...]:
        """The events that are waited for inside it while it holds others."""
        return ()

    @property
    def listens_to(self) -> tuple[Element, ...]:
        """All events that are waited for around a token that stands at it."""
        return (*self.boundary, *self.inner_events)

    def listen(self, token: Token, events: Iterable[Element]) -> None:
        """Have some of the events around a token be waited for.

        Raises:
            StepFailed: An expression of one of them fails.
        """
        arm(token, events)

    def take_in(self, token: Token) -> None:
        """Take in a token that came by a flow; a joining gateway lets it wait.

        So does an activity until as many have come as its start quantity says (§10.3.1).
        """
        if self._start_quantity == 1 or token.flow is None:
            token.make_ready()
            return
        note_arrival(token)
        self.gather(token)

    def gather(self, token: Token) -> None:
        """Let a token that waits at its beginning go on if there are as many as are needed."""
        if self._start_quantity == 1:
            token.make_ready()
            return
        waiting = [each for flow in waiting_at(token).values() for each in flow]
        if len(waiting) >= self._start_quantity:
            merge(waiting[: self._start_quantity])

    def release(self, token: Token, flows: dict[str, list[Token]]) -> bool:  # noqa: ARG002 - joins do
        """Let a waiting join go on if nothing else can reach it; say whether it did."""
        return False

    def child_done(self, token: Token, child: Token) -> None:  # noqa: ARG002 - scopes do
        """See that a token inside has completed; only scopes have any."""
        raise AssertionError(f"{self.name} holds no tokens")

    def child_gone(self, token: Token, child: Token, *, is_replaced: bool) -> bool:  # noqa: ARG002
        """See that a token inside was cancelled by a command; say whether the scope goes on.

        Args:
            token: Of the scope.
            child: What was cancelled.
            is_replaced: Another token was put elsewhere in its place, so the scope is not to go on
                as if the child were done.
        """
        return token.has_inner

    # The course of a token -------------------------------------------------------------------

    def step(self, token: Token) -> bool | None:
        """Carry a token on as far as it goes; return True when it is to be completed."""
        if token.phase in (NEW, TRIGGERED):
            if self._stops_before and not token.notes.pop("job_done", False):
                want_job(token, "before")
                return None
            self._begin(token)
        if token.phase in (ENTER, WORK) and not self._is_worked_through(token):
            return None
        if token.phase == LEAVE:
            self._leave(token)
            token.phase = ROUTE
            if self._stops_after:
                self._stop_after(token)
                return None
        token.chosen = self.choose(token)
        if self._completion_quantity > 1:
            token.workflow.make_room(self._completion_quantity * len(token.chosen))
        return True

    def _is_worked_through(self, token: Token) -> bool:
        """Enter the element and do its work; say whether it is done already."""
        if token.phase == ENTER:
            if not self._exchange.is_available(token):
                open_wait(token, Wait("condition"))
                return False
            self._enter(token)
            token.phase = WORK
            # A condition at its border may hold already; then nothing in it is done.
            if token.workflow.see_conditions() and token.is_over:
                return False
        result = self.work(token)
        if isinstance(result, Waits):
            return False
        token.notes["result"] = dict(result or {})
        token.phase = LEAVE
        return True

    def go_on(self, token: Token) -> None:
        """Let a token go on that stopped before or after its element."""
        if token.phase in (NEW, TRIGGERED):
            token.notes["job_done"] = True
        token.make_ready()

    def _stop_after(self, token: Token) -> None:
        """Let it stand behind its element; what is at the border can't interrupt it any more."""
        for event in token.children:
            event.cancel()
        want_job(token, "after")

    def withdraw(self, token: Token, *, failed: bool) -> None:
        """Report what ends with a cancelled token."""
        if self._start_quantity > 1:
            forget_arrival(token)
        close_wait(token, cancelled=True)
        if failed:
            token.workflow.emit(changes.IncidentResolved(token.id))
        if token.role == "token" and token.phase not in (NEW, TRIGGERED):
            self.report(token, changes.ElementCancelled)

    def report_entered(self, token: Token) -> None:
        """Report that a token's element begins."""
        node, scope = self.node, token.parent
        token.workflow.emit(
            changes.ElementEntered(
                token.id, node.process_id, node.id, node.name, node.type, scope.id
            )
        )

    def report(
        self, token: Token, kind: type[changes.ElementCompleted | changes.ElementCancelled]
    ) -> None:
        """Report that a token's element is done or interrupted."""
        node = self.node
        token.workflow.emit(kind(token.id, node.process_id, node.id, node.name, node.type))

    def holding(self, token: Token, ways: list[Way]) -> list[Way]:
        """Return the flows whose conditions hold.

        Raises:
            StepFailed: A condition is neither true nor false.
        """
        if not ways:
            return []
        sight = Sight(token)
        return [way for way in ways if way.condition is None or is_true(way.condition, sight)]

    def at_least_one(self, ways: Any) -> list[Way]:
        """Return the flows chosen.

        Raises:
            StepFailed: There are flows, but none was chosen (BPMN 2.0.2 §13.4.2).
        """
        chosen = list(ways)
        if self.ways and not chosen:
            raise StepFailed("No condition of the outgoing flows holds, and there is no default.")
        return chosen

    def _begin(self, token: Token) -> None:
        self.report_entered(token)
        token.phase = LEAVE if token.phase == TRIGGERED else ENTER

    def _enter(self, token: Token) -> None:
        self._exchange.take(token)
        arm(token, self.boundary)

    def _leave(self, token: Token) -> None:
        caught = result = token.notes.pop("result", {})
        if self.node.event.variable and self.node.type not in THROWING:
            result = {self.node.event.variable: caught}
        try:
            self._exchange.give(token, result)
        except (StepFailed, BpmnError):
            token.notes["result"] = caught  # it is not made again by a retry
            raise

    def holds(self, token: Token) -> bool:
        """Whether what a token at a condition waits for is so; its data, before it has begun."""
        if token.phase == ENTER:
            return self._exchange.is_available(token)
        return self.trigger.holds(token)

    def record_of(self, token: Token) -> dict[str, Any] | None:
        """Return how a completed activity can be undone; see `compensation`."""
        if self.undone_by is not None:
            boundary, handler = self.undone_by
            return {"activity": self.node.id, "boundary": boundary, "handler": handler}
        event = next((sub for sub in self.event_sub_processes if sub.undoes), None)
        if event is None and "undo" not in token.notes:
            return None
        return {
            "activity": self.node.id,
            "values": {} if token.scope is None else token.scope.to_json(),
            "event": None if event is None else event.name,
            "done": token.notes.get("undo", []),
        }

    def resume(self, token: Token) -> None:
        """Take up a token that came from a snapshot."""
        if token.is_ready:
            token.workflow.queue.append(token)
        elif token.notes.get("wait") == "condition":
            token.workflow.watch(token)
        elif self._start_quantity > 1 and token.waits_for_others:
            note_arrival(token)

    # SpiffWorkflow's protocol ------------------------------------------------------------------

    def _predict(self, *_arguments: Any, **_settings: Any) -> None:
        # No tokens are made for what may come: a tree of guesses grows with the diagram.
        return

    def _update(self, token: Token) -> None:
        self.take_in(token)

    def _on_ready(self, token: Token) -> None:
        token.workflow.queue.append(token)

    def _run(self, token: Token) -> bool | None:
        try:
            return self.step(token)
        except BpmnError as problem:
            throw_error(token, problem)
        except StepFailed as problem:
            token.workflow.park(token, problem)
        return None

    def _on_complete(self, token: Token) -> None:
        instance, scope = token.workflow, token.parent
        self.report(token, changes.ElementCompleted)
        if record := self.record_of(token):
            scope.notes.setdefault("undo", []).append(record)
        if "signals" in token.notes and not broadcast_noted(token):
            return
        for way in token.chosen:
            for _ in range(self._completion_quantity):
                instance.emit(changes.FlowTaken(self.node.process_id, way.id))
                instance.arrive(way.target, scope, way.id)
        instance._task_completed_notify(token)  # noqa: SLF001 - SpiffWorkflow's own protocol
        instance.child_done(token)

    def _on_cancel(self, token: Token) -> None:
        self.withdraw(token, failed=False)


def is_true(condition: Expression, sight: Sight) -> bool:
    """Return whether a condition holds.

    Raises:
        StepFailed: It gives neither true nor false.
    """
    value = condition.evaluate(sight)
    if not isinstance(value, bool):
        shown = "null" if value is None else plain(evaluated(value))
        message = f"The condition {condition.text} gives {shown}, not true or false."
        lacks = condition.lacks(sight) if value is None else {}
        if lacks:
            named = " and ".join(f"{called} ({path})" for path, called in lacks.items())
            message = f"{message} Empty: {named}."
        raise StepFailed(message, _way_on(lacks) or condition.why(sight))
    return value


def _way_on(lacks: Iterable[str]) -> str:
    """Return what can be done about a condition that is null because something is empty."""
    asked = " and ".join(f"{path} != null" for path in lacks)
    if not asked:
        return ""
    return (
        "Fill it in and try again. To let the process decide without it, ask for it first in the "
        f"next version: {asked} and …"
    )


def condition_of(text: str) -> Expression | None:
    """Compile a condition; None for an empty text."""
    return compile_value(text) if text else None
