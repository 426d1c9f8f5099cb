"""A running instance: its tokens, the queue of those that are ready, and what has happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from SpiffWorkflow.workflow import Workflow

from processes.engine import changes, scopes
from processes.engine.catching import trigger
from processes.engine.changes import Change
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.host import Host
from processes.engine.tokens import Phase, Role, Token
from processes.engine.waits import close_wait, comes_to_hold

if TYPE_CHECKING:
    from processes.engine.elements.base import Element
    from processes.engine.process_spec import ProcessSpec

MAX_STEPS = 50_000
"""How many elements may follow one another without waiting for anything."""

MAX_TOKENS = 50_000
"""How many tokens an instance may have at a time: more would fill the memory."""

Outcome = Literal["running", "completed", "terminated"]


class Instance(Workflow):  # type: ignore[misc]  # SpiffWorkflow has no types
    """SpiffWorkflow's workflow, driven from a queue instead of by looking at its whole tree.

    Attributes:
        now: The time of this step, aware UTC: all that happens in one step happens at once.
        changes: What the step did, in order.
        queue: Tokens that are ready, in the order in which they became so.
        arrivals: Tokens that wait at a joining gateway, by scope and gateway, then by flow; nothing
            in it is empty.
    """

    def __init__(self, spec: ProcessSpec, host: Host) -> None:
        super().__init__(spec, deserializing=True)
        self.host = host
        self.now: datetime = host.now()
        self.changes: list[Change] = []
        self.queue: deque[Token] = deque()
        self.arrivals: dict[tuple[str, str], dict[str, list[Token]]] = {}
        self._watched: dict[str, Token] = {}
        self._has_news = False
        self.last_id = 0
        self.outcome: Outcome = "running"
        self.task_tree: Token

    @cached_property
    def local_now(self) -> datetime:
        """The time of this step in the host's zone."""
        return self.now.astimezone(self.host.zone())

    @cached_property
    def records(self) -> Mapping[str, Any]:
        """The host's live records."""
        return self.host.live_names()

    def emit(self, change: Change) -> None:
        """Report something that happened."""
        self.changes.append(change)

    def spawn(self, element: Element, parent: Token | None, role: Role = "token") -> Token:
        """Add a token that is not ready yet."""
        self.last_id += 1
        token = Token(self, element, parent, str(self.last_id))
        token.role = role
        return token

    def arrive(self, element: Element, scope: Token, flow: str | None = None) -> None:
        """Put a new token at an element of a scope."""
        token = self.spawn(element, scope)
        token.flow = flow
        element._update(token)  # noqa: SLF001 - SpiffWorkflow's own protocol

    def begin_at(
        self, element: Element, scope: Token, result: Mapping[str, Any], phase: Phase
    ) -> Token:
        """Put a ready token at an event that has just happened."""
        token = self.spawn(element, scope)
        token.notes["result"] = dict(result)
        token.make_ready(phase)
        return token

    def write(self, token: Token, values: Mapping[str, Any]) -> None:
        """Write variables (JSON values) as seen from a token, and report them."""
        for holder, written in scopes.write(token, values).items():
            is_process = holder is self.task_tree
            self.emit(changes.VariablesChanged(holder.id, is_process, written))
        self._has_news = True

    def watch(self, token: Token) -> None:
        """Have the condition that a token waits for looked at, first before anything else runs."""
        self._watched[token.id] = token
        self._has_news = True

    def forget_watch(self, token: Token) -> None:
        """Look at a token's condition no longer."""
        self._watched.pop(token.id, None)

    def see_conditions(self) -> bool:
        """Let the conditional events happen whose conditions have come to hold; say if any has.

        That is done whenever something was written, before anything more runs.
        """
        if not (self._has_news and self._watched):
            return False
        self._has_news = False
        has_happened = False
        for token in list(self._watched.values()):
            if token.id in self._watched and comes_to_hold(token):
                has_happened = True
                if token.role == "token" or token.task_spec.node.is_interrupting:
                    close_wait(token, cancelled=False)
                trigger(token, {})
        return has_happened

    def drain(self) -> None:
        """Run ready tokens until all wait or are done."""
        steps = 0
        self._has_news = True  # a record may have changed since the step before
        while True:
            while self.see_conditions() or self.queue:
                if not self.queue:
                    continue
                token = self.queue.popleft()
                if not token.is_ready:
                    continue
                steps += 1
                problem = self._limit_after(steps)
                if problem is None:
                    token.run()
                else:
                    self.park(token, problem, is_final=True)
            if not self._release_inclusive_joins():
                return

    def make_room(self, count: int) -> None:
        """See that some more tokens may be added.

        Raises:
            StepFailed: The instance would have more than `MAX_TOKENS`.
        """
        if len(self.tasks) + count > MAX_TOKENS:
            raise StepFailed(f"The instance would stand at more than {MAX_TOKENS} places at once.")

    def _limit_after(self, steps: int) -> StepFailed | None:
        """Return why nothing more is to run in this step; None if it may."""
        if steps > MAX_STEPS:
            limit = f"More than {MAX_STEPS} elements ran without waiting for anything."
            return StepFailed(limit, "A loop without an end?")
        if len(self.tasks) > MAX_TOKENS:
            limit = f"The instance stands at more than {MAX_TOKENS} places at once."
            return StepFailed(limit, "A loop that splits each time?")
        return None

    def park(
        self,
        token: Token,
        problem: StepFailed,
        code: str | None = None,
        *,
        is_final: bool = False,
    ) -> None:
        """Let a token stand at a failure: until a retry that its element plans, or an incident.

        Args:
            token: Whose step failed.
            problem: The cause.
            code: Of a BPMN error that nothing caught.
            is_final: It is an incident, whatever the element's retry plan says.
        """
        token.mark_failed()
        node, attempts = token.task_spec.node, token.notes.pop("attempts", 0) + 1
        wait = None if is_final or node.retries is None else node.retries.wait_after(attempts)
        if wait is not None:
            token.notes["attempts"] = attempts
            token.notes["retry_at"] = (self.now + wait).isoformat()
        self.emit(
            changes.StepFailedAt(
                token.id,
                node.process_id,
                node.id,
                problem.message,
                problem.detail,
                code,
                wait,
                attempts,
            )
        )

    def park_uncaught(self, token: Token, problem: BpmnError) -> None:
        """Let a token stand at a BPMN error that no event catches."""
        # What happened comes first: most readers can mend that, not the diagram.
        message = f"{problem.message} No boundary event catches the error {problem.code}.".strip()
        # An end event throws what it throws, however often it is tried.
        is_final = token.task_spec.node.type == "endEvent"
        self.park(token, StepFailed(message), problem.code, is_final=is_final)

    def finish(self, token: Token) -> None:
        """Take a completed token out of the tree, with the events at its border."""
        for child in token.children:
            child.cancel()
        token.leave_tree()

    def child_done(self, token: Token) -> None:
        """Take a completed token out and let its scope see whether that was all."""
        scope = token.parent
        self.finish(token)
        if scope is not None:
            scope.task_spec.child_done(scope, token)

    def end(self, outcome: Literal["completed", "terminated"]) -> None:
        """Note that the instance is over."""
        self.outcome = outcome
        self.completed = True
        self.success = outcome == "completed"
        self.emit(changes.InstanceEnded(outcome))

    def reopen(self) -> None:
        """Let an instance that is over run again, without any token in it."""
        self.outcome = "running"
        self.completed = self.success = False
        self.task_tree.hold()

    def is_completed(self) -> bool:
        """Whether the instance is over; never found by walking a tree."""
        return bool(self.completed)

    def _release_inclusive_joins(self) -> bool:
        """Let inclusive gateways go on that nothing can reach any more."""
        for flows in list(self.arrivals.values()):
            token = next(iter(flows.values()))[0]
            if token.task_spec.release(token, flows):
                return True
        return False

    def _task_completed_notify(self, task: Token) -> None:
        # SpiffWorkflow's looks for waiting tasks in the whole tree, each time.
        self.last_task = task

    def _task_removed_notify(self, task: Token) -> None:
        pass
