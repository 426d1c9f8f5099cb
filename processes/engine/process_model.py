"""The processes of a BPMN file as plain values, and the ways to begin them.

Everything is immutable, as in `model`, which holds the elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from processes.engine.errors import ModelError
from processes.engine.model import EMPTY, Event, Flow, Node, TimerKind


@dataclass(frozen=True)
class StartEvent:
    """A way to begin a process from outside.

    Attributes:
        id: Of the event; of one of its parts (`id#0`) where all of them are needed: the first
            that happens begins the instance, which then waits for the others.
        name: Of the message or signal; empty otherwise.
        expression: Of the timer, or the condition; `start_condition` evaluates it.
        timer: Which timer `expression` is; `start_timer` tells when it fires.
        form_id: The form in which a person starts the process; None if there is none.
    """

    id: str
    kind: Literal["none", "message", "timer", "signal", "conditional"]
    name: str = ""
    timer: TimerKind | None = None
    expression: str = ""
    form_id: str | None = None


@dataclass(frozen=True)
class UserTask:
    """A user task as the deployment looks at it; `form_id` is None if it has none."""

    id: str
    name: str
    form_id: str | None
    documentation: str


@dataclass(frozen=True)
class Participant:
    """A pool; `process_id` is None for one that hides what happens inside."""

    id: str
    name: str
    process_id: str | None


@dataclass(frozen=True)
class Process:
    """One process of a file, with all elements at any depth.

    Attributes:
        is_executable: False only where the file says so.
        is_marked: The file says that it is executable.
        version_tag: Empty if none.
        properties: From `zeebe:properties`, name to value.
        is_global_task: It is a task that processes of this file share, and call.
        nodes: By id, in the order of the file, those inside sub-processes included.
        flows: By id.
    """

    id: str
    name: str
    is_executable: bool
    is_marked: bool = True
    version_tag: str = ""
    is_global_task: bool = False
    documentation: str = ""
    line: int | None = None
    properties: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    nodes: Mapping[str, Node] = field(default_factory=lambda: EMPTY)
    flows: Mapping[str, Flow] = field(default_factory=lambda: EMPTY)

    @property
    def start_events(self) -> tuple[StartEvent, ...]:
        """The ways to begin this process, in the order of the file.

        One without a trigger that is no start event stands for all elements of `implicit_starts`.
        """
        found = [
            _start_of(node, event, number)
            for node in self.nodes.values()
            if node.parent_id is None and (node.type == "startEvent" or node.id in self.openers)
            for number, event in enumerate(node.parts or (node.event,))
        ]
        return tuple(found or [StartEvent(name, "none") for name in self.implicit_starts[:1]])

    @cached_property
    def openers(self) -> Mapping[str, str | None]:
        """Events and receive tasks that begin the process, with their event gateway, by id.

        The gateway is None for a receive task.
        """
        found: dict[str, str | None] = {}
        for node in self.nodes.values():
            if node.instantiates and node.type == "receiveTask":
                found[node.id] = None
            elif node.instantiates:
                targets = (self.flows[flow].target for flow in node.outgoing)
                found.update(dict.fromkeys(targets, node.id))
        return found

    @cached_property
    def implicit_starts(self) -> tuple[str, ...]:
        """Where the process begins if nothing says so (BPMN 2.0.2 §13.2)."""
        return self.implicit_starts_in(None)

    def implicit_starts_in(self, parent: str | None) -> tuple[str, ...]:
        """Return the elements that nothing leads to, of a scope without any start event."""
        inside = [node for node in self.nodes.values() if node.parent_id == parent]
        if any(node.type == "startEvent" or node.instantiates for node in inside):
            return ()
        return tuple(node.id for node in inside if _is_implicit_start(node))

    @property
    def user_tasks(self) -> tuple[UserTask, ...]:
        """Its user tasks, in the order of the file."""
        return tuple(
            UserTask(node.id, node.name, node.form_id or None, node.documentation)
            for node in self.nodes.values()
            if node.type == "userTask"
        )

    @property
    def form_ids(self) -> frozenset[str]:
        """The forms it names; those that an expression chooses are not among them."""
        return frozenset(_literals(node.form_id for node in self.nodes.values()))

    @property
    def decision_ids(self) -> frozenset[str]:
        """The decisions it names, like `form_ids`."""
        return frozenset(_literals(node.work.decision_id for node in self.nodes.values()))

    @property
    def service_types(self) -> frozenset[str]:
        """The types of its task definitions, like `form_ids`."""
        return frozenset(_literals(node.work.type for node in self.nodes.values()))

    @property
    def called_process_ids(self) -> frozenset[str]:
        """The processes it calls, like `form_ids`."""
        return frozenset(_literals(node.work.called_process for node in self.nodes.values()))


@dataclass(frozen=True)
class Model:
    """A BPMN file that can be executed.

    Attributes:
        id: The file's `definitions` id; empty if it has none.
        processes: By id, in the order of the file.
        warnings: What was found but does not keep the file from running.
        digest: SHA-256 of the file, hexadecimal.
    """

    id: str
    processes: Mapping[str, Process]
    participants: tuple[Participant, ...] = ()
    warnings: tuple[ModelError, ...] = ()
    digest: str = ""


def _start_of(node: Node, event: Event, number: int) -> StartEvent:
    return StartEvent(
        f"{node.id}#{number}" if node.needs_all else node.id,
        event.kind,  # type: ignore[arg-type]  # checked when the file is read
        event.name,
        event.timer,
        event.expression,
        node.form_id or None,
    )


def _is_implicit_start(node: Node) -> bool:
    stands_apart = node.attached_to or node.is_event_sub_process or node.is_for_compensation
    is_link = node.type == "intermediateCatchEvent" and node.event.kind == "link"
    return not (node.incoming or stands_apart or is_link)


def _literals(texts: Any) -> list[str]:
    return [text for text in texts if text and not text.startswith("=")]
