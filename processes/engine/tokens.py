"""Tokens: SpiffWorkflow's tasks, kept only while they can still matter.

The tree of tasks is the nesting of scopes: a process or sub-process holds the tokens inside it, an
activity the events at its border. A finished token leaves the tree at once, so the tree is never
deeper than the diagram is nested (SpiffWorkflow looks at 1,000 levels only, and would call a longer
loop completed), and a step costs the same however long the history is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from SpiffWorkflow.task import Task, TaskState

from processes.engine.scopes import Scope

if TYPE_CHECKING:
    from processes.engine.elements.base import Element, Way
    from processes.engine.instance import Instance

Role = Literal["token", "event"]
Phase = Literal["new", "enter", "work", "triggered", "leave", "route"]

NEW: Final = "new"
ENTER: Final = "enter"
WORK: Final = "work"
TRIGGERED: Final = "triggered"
LEAVE: Final = "leave"
ROUTE: Final = "route"


class Token(Task):  # type: ignore[misc]  # SpiffWorkflow has no types
    """Where an instance stands, or an event that is waited for at the border of an activity.

    Attributes:
        role: `event` for what waits beside an activity, gateway or scope and goes with it.
        phase: How far it is at its element, so that a retry repeats only what failed.
        flow: Id of the flow it came by; None if it was not by one.
        scope: The variables it holds; None if it holds none.
        chosen: The flows it takes when it completes.
    """

    task_spec: Element
    workflow: Instance

    def __init__(
        self, instance: Instance, element: Element, parent: Token | None, token_id: str
    ) -> None:
        super().__init__(instance, element, parent, TaskState.FUTURE, token_id)
        self._children: dict[str, None] = {}  # ordered, and quick to remove from
        self.role: Role = "token"
        self.phase: Phase = NEW
        self.flow: str | None = None
        self.scope: Scope | None = None
        self.chosen: list[Way] = []
        self.last_state_change = instance.now.timestamp()

    @property
    def notes(self) -> dict[str, Any]:
        """What its element wants remembered, as JSON values."""
        found: dict[str, Any] = self.internal_data
        return found

    @property
    def since(self) -> datetime:
        """When it came to its present state, aware UTC."""
        return datetime.fromtimestamp(self.last_state_change, UTC)

    @property
    def is_ready(self) -> bool:
        """Whether it is to be run."""
        return bool(self._state == TaskState.READY)

    @property
    def is_waiting(self) -> bool:
        """Whether it stands until something outside, or another token, comes."""
        return bool(self._state == TaskState.WAITING)

    @property
    def waits_for_others(self) -> bool:
        """Whether it stands at its beginning until other tokens come."""
        return self.is_waiting and self.phase == NEW and "wait" not in self.notes

    @property
    def is_holding(self) -> bool:
        """Whether it stands for a scope in which others run, or for events that are waited for."""
        return bool(self._state == TaskState.STARTED)

    @property
    def has_failed(self) -> bool:
        """Whether it stands at an incident."""
        return bool(self._state == TaskState.ERROR)

    @property
    def is_over(self) -> bool:
        """Whether it is completed or cancelled and so no longer in the tree."""
        return self._state in (TaskState.COMPLETED, TaskState.CANCELLED)

    @property
    def inner(self) -> list[Token]:
        """The tokens inside the scope that it stands for, without events."""
        return [child for child in self.children if child.role == "token"]

    @property
    def has_inner(self) -> bool:
        """Whether a token is inside the scope that it stands for."""
        tasks = self.workflow.tasks
        return any(tasks[child].role == "token" for child in self._children)

    def make_ready(self, phase: Phase | None = None) -> None:
        """Have it run when its turn comes, from a phase on if one is given."""
        if phase is not None:
            self.phase = phase
        self._set_state(TaskState.READY)
        self.task_spec._on_ready(self)  # noqa: SLF001 - SpiffWorkflow's own protocol

    def wait(self) -> None:
        """Have it stand until something outside happens."""
        self._set_state(TaskState.WAITING)

    def hold(self) -> None:
        """Have it stand for a scope in which others run."""
        self._set_state(TaskState.STARTED)

    def run(self) -> bool | None:
        """Do what its element does now; complete it if that was all."""
        outcome: bool | None = self.task_spec._run(self)  # noqa: SLF001 - SpiffWorkflow's protocol
        if outcome:
            self.complete()
        return outcome

    def cancel(self) -> None:
        """Take it and all that depends on it out of the instance."""
        subtree = [self]
        for token in subtree:
            subtree.extend(token.children)
        for token in reversed(subtree):
            failed = token.has_failed
            if not token.is_over:
                token.mark_cancelled()
                token.task_spec.withdraw(token, failed=failed)
            token.leave_tree()

    def leave_tree(self) -> None:
        """Forget it; what is left below it must be gone already."""
        if self.workflow.tasks.pop(self.id, None) is not None and self.parent is not None:
            self.parent.forget_child(self.id)

    def mark_cancelled(self) -> None:
        """Note that it is cancelled, without any of the consequences."""
        self._set_state(TaskState.CANCELLED)

    def restore(self, state: int, since: float, notes: dict[str, Any]) -> None:
        """Take up the state of a snapshot."""
        self._state = state
        self.last_state_change = since
        self.internal_data = notes

    def mark_completed(self) -> None:
        """Note that it is completed, without any of the consequences."""
        self._set_state(TaskState.COMPLETED)

    def mark_failed(self) -> None:
        """Note that it stands at an incident."""
        self._set_state(TaskState.ERROR)

    def forget_child(self, token_id: str) -> None:
        """Take a token out of those below it."""
        self._children.pop(token_id, None)

    def _child_added_notify(self, child: Token) -> None:
        self._children[child.id] = None

    def _set_state(self, value: int) -> None:
        # SpiffWorkflow's reads the clock and collects what a log line would say, each time.
        if value != self._state:
            self._state = value
            self.last_state_change = self.workflow.now.timestamp()
