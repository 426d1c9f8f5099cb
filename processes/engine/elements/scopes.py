"""Elements that hold other elements: processes, sub-processes and call activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.catching import interrupt_inside
from processes.engine.elements.activities import own_inputs
from processes.engine.elements.base import WAITS, Element, Waits
from processes.engine.elements.compensation import take_called
from processes.engine.errors import StepFailed
from processes.engine.expressions import compile_text
from processes.engine.host import Binding
from processes.engine.model import Node
from processes.engine.scopes import Scope, Sight, visible_json
from processes.engine.tokens import LEAVE, TRIGGERED, WORK, Token
from processes.engine.waits import arm, as_text

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec

MAX_CALL_DEPTH = 30
"""How many processes may call one another, the first included."""


class ScopeElement(Element):
    """An element whose token holds the tokens inside it."""

    starts: tuple[Element, ...] = ()

    @property
    def start(self) -> Element:
        """The start event of an event sub-process, which has exactly one."""
        return self.starts[0]

    @property
    def inner_events(self) -> tuple[Element, ...]:
        """The events that start its event sub-processes."""
        return tuple(sub.start for sub in self.event_sub_processes)

    def open_scope(self, token: Token) -> None:
        """Wait for the events that start its event sub-processes.

        Raises:
            StepFailed: An expression of one of them fails.
        """
        arm(token, self.inner_events)

    def child_done(self, token: Token, child: Token) -> None:  # noqa: ARG002 - any may be the last
        """End the scope when nothing is left in it (BPMN 2.0.2 §13.3.4, §13.5.6)."""
        if not token.has_inner:
            self.scope_done(token)

    def terminate(self, token: Token) -> None:
        """End the scope with all that runs in it."""
        interrupt_inside(token)
        self.scope_done(token)

    def scope_done(self, token: Token) -> None:
        """Go on behind the element: all inside is done."""
        interrupt_inside(token)  # only events are left that were still waited for
        token.make_ready(LEAVE)


class SubProcess(ScopeElement):
    """An embedded sub-process (§10.3.5), or one that an event starts (§10.3.5.1)."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self.keeps_new_names = bool(node.outputs)

    @property
    def undoes(self) -> bool:
        """Whether it is the event sub-process that compensates the sub-process around it."""
        return self.node.is_event_sub_process and self.start.node.event.kind == "compensate"

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Begin inside, at the event that happened if it is one that starts this."""
        if not self.starts:
            return {}  # nothing is drawn in it
        self.open_scope(token)
        token.hold()
        begun = token.notes.pop("begun", None)
        if begun is None:
            for start in self.starts:
                token.workflow.arrive(start, token)
        else:
            begin = token.workflow.begin_at(self.start, token, begun["result"], TRIGGERED)
            begin.notes["known"] = begun["known"]
        return WAITS

    def open_for(self, token: Token, first: Element) -> None:  # noqa: ARG002 - some look at it
        """Open it around an element at which a token is put by a command.

        Raises:
            StepFailed: An expression fails.
            BpmnError: Likewise.
        """
        self._begin(token)
        self._enter(token)
        token.phase = WORK
        self.open_scope(token)
        token.hold()

    def start_by_event(
        self, scope: Token, result: Mapping[str, Any], known: Mapping[str, Any]
    ) -> None:
        """Begin an event sub-process because its start event has happened."""
        token = scope.workflow.spawn(self, scope)
        token.notes["begun"] = {"result": dict(result), "known": dict(known)}
        token.make_ready()


class CallActivity(Element):
    """Runs another process (§10.3.6), whose tokens live inside this instance.

    It gets the caller's variables unless the model says otherwise, and its input mappings; what it
    has at its end is the result. What was done in it is undone with it, unless the call itself has
    a handler for compensation (§10.7).
    """

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self._called = compile_text(node.work.called_process)
        self._version = compile_text(node.work.binding_value)

    def work(self, token: Token) -> Waits:
        """Begin the called process."""
        process_id = as_text(self._called.evaluate(Sight(token)), "The called process")
        if call_depth(token) >= MAX_CALL_DEPTH:
            raise StepFailed(f"More than {MAX_CALL_DEPTH} processes call one another.")
        called = token.workflow.host.spec_for(process_id, None, self._binding(token))
        root = token.workflow.spawn(called.root, token)
        root.scope = Scope(self._given(token))
        try:
            called.root.begin(root, called.none_starts)
        except StepFailed:
            root.cancel()
            raise
        token.hold()
        return WAITS

    def child_done(self, token: Token, child: Token) -> None:
        """Take over the called process's variables as the result."""
        assert child.scope is not None  # noqa: S101 - a process always has one
        result = child.scope.to_json()
        if not self.node.outputs and not self.node.work.pass_all_out:
            result = {}
        token.notes["result"] = result
        if done := take_called(child):
            token.notes["called"] = done
        token.make_ready(LEAVE)

    def record_of(self, token: Token) -> dict[str, Any] | None:
        """Return how what was done in the called process can be undone."""
        if self.undone_by is not None or "called" not in token.notes:
            return super().record_of(token)
        return {"activity": self.node.id, **token.notes["called"]}

    def _binding(self, token: Token) -> Binding | None:
        """Return which version is wanted (§10.3.6 leaves that to the engine)."""
        kind = self.node.work.binding
        if kind == "latest":
            return None
        if kind == "deployment":
            return Binding(kind)
        return Binding(kind, as_text(self._version.evaluate(Sight(token)), "The version"))

    def _given(self, token: Token) -> dict[str, Any]:
        if self.node.work.pass_all_in:
            return visible_json(token)
        return own_inputs(token)


class ProcessRoot(ScopeElement):
    """A process itself: its token holds the instance, or a called process inside another."""

    keeps_new_names = True
    is_process = True
    is_drawn = False

    def begin(self, token: Token, starts: tuple[Element, ...]) -> None:
        """Begin the process where it begins when it is called.

        Raises:
            StepFailed: It has none for a caller, or an event it waits for can't be evaluated.
        """
        if not starts:
            raise StepFailed(
                f"The process {self.node.process_id} has no start event to call it by."
            )
        self.open_scope(token)
        token.hold()
        for start in starts:
            token.workflow.arrive(start, token)

    def scope_done(self, token: Token) -> None:
        """End the instance, or give the variables to the call activity."""
        self._end(token, "completed")

    def terminate(self, token: Token) -> None:
        """End the instance early; a caller goes on all the same."""
        self._end(token, "terminated")

    def withdraw(self, token: Token, *, failed: bool) -> None:
        """A process is no element of a diagram: there is nothing to report."""

    def _end(self, token: Token, outcome: Any) -> None:
        interrupt_inside(token)
        token.mark_completed()
        if token.parent is None:
            token.workflow.end(outcome)
        else:
            token.workflow.child_done(token)


def interrupts(element: Element) -> bool:
    """Tell whether it is an event sub-process that interrupts the scope around it."""
    is_handler = isinstance(element, SubProcess) and element.node.is_event_sub_process
    return is_handler and element.start.node.is_interrupting


def call_depth(token: Token) -> int:
    """Return how many processes are around a token."""
    depth = 0
    current: Token | None = token
    while current is not None:
        depth += current.task_spec.is_process
        current = current.parent
    return depth
