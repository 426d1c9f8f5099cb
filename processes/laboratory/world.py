"""Instances in one engine on a virtual clock, each saved and loaded at every wait state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from processes.engine import (
    Binding,
    Call,
    Due,
    EngineError,
    Execution,
    Model,
    ProcessSpec,
    StepFailed,
    ThrownMessage,
    changes,
    compile_process,
    load,
    next_due,
    start,
    start_timer,
)
from services.calendar_stock import StockCalendars

MAX_ROUNDS = 10_000
"""How many messages and timers may follow one another at the same moment."""


@dataclass(frozen=True)
class Parcel:
    """A message or signal on its way; a message with ``keys`` also finds who waits for one."""

    kind: str
    name: str
    payload: Mapping[str, Any]
    keys: frozenset[str] = frozenset()
    sender: int | None = None


@dataclass
class Running:
    """An instance between two steps: nothing but its bytes is kept of the engine's objects."""

    number: int
    spec: ProcessSpec
    snapshot: bytes = b""
    last: Execution = field(init=False)
    subscriptions: dict[str, changes.SubscriptionOpened] = field(default_factory=dict)
    timers: dict[str, datetime] = field(default_factory=dict)
    incidents: dict[str, changes.StepFailedAt] = field(default_factory=dict)


class World:
    """An engine with the processes of one file.

    Attributes:
        trace: Ids of elements in the order of completion, of all instances.
        instances: In the order in which they began.
        given: Results of service tasks by element, the first one first.
    """

    def __init__(self, model: Model, now: datetime) -> None:
        self.time = now
        self.specs = {
            name: compile_process(model, name)
            for name, process in model.processes.items()
            if process.is_executable
        }
        self.trace: list[str] = []
        self.instances: list[Running] = []
        self.given: dict[str, list[Mapping[str, Any]]] = {}
        self.failures: list[tuple[str, str]] = []
        self._parcels: list[Parcel] = []
        self._kept: list[Parcel] = []
        self._starts: dict[tuple[str, str], Due] = {}

    # What the engine asks for ------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the virtual time."""
        return self.time

    def zone(self) -> tzinfo:
        """Return UTC: dates without a zone mean the same on every machine."""
        return UTC

    def calendars(self) -> StockCalendars:
        """Return the calendars that every installation begins with."""
        return StockCalendars(insists=True)

    def live_names(self) -> Mapping[str, Any]:
        """Return nothing: there are no records here."""
        return {}

    def call(self, call: Call) -> Mapping[str, Any] | None:
        """Return the next result that the request gives for this task, or an empty one."""
        results = self.given.get(call.element_id)
        return results.pop(0) if results else None

    def decide(self, decision_id: str, inputs: Mapping[str, Any]) -> Any:  # noqa: ARG002 - the host's interface
        """Return the next result that the request gives for a task with this decision, or null."""
        for spec in self.specs.values():
            for node in spec.process.nodes.values():
                results = self.given.get(node.id)
                if node.work.decision_id == decision_id and results:
                    return results.pop(0)
        return None

    def spec_for(
        self,
        process_id: str,
        version: str | None,  # noqa: ARG002 - only one
        binding: Binding | None = None,  # noqa: ARG002 - likewise
    ) -> ProcessSpec:
        """Return a process of the same file."""
        if process_id not in self.specs:
            raise StepFailed(f"The file has no process {process_id}.")
        return self.specs[process_id]

    def publish(self, message: ThrownMessage) -> None:
        """Take a thrown message or signal; it is delivered when the step is over."""
        keys = frozenset({message.correlation_key} if message.correlation_key is not None else ())
        self._parcels.append(
            Parcel(message.kind, message.name, message.payload, keys, self._acting)
        )

    # What requests ask for ---------------------------------------------------------------------

    def begin(
        self,
        process_id: str,
        variables: Mapping[str, Any] | None = None,
        *,
        start_event: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Start an instance; one that can't begin is noted among the failures."""
        spec = self.specs[process_id]
        instance = Running(len(self.instances), spec)
        self._acting = instance.number
        try:
            execution = start(spec, self, variables, start_event=start_event, payload=payload)
        except StepFailed as problem:
            self.failures.append((start_event or process_id, problem.message))
            return
        self.instances.append(instance)
        self._absorb(instance, execution)

    def do(self, instance: Running, command: Callable[[Execution], None]) -> None:
        """Load an instance, carry out a command and save it.

        Raises:
            EngineError: The command can't be carried out.
        """
        self._acting = instance.number
        execution = load(instance.spec, instance.snapshot, self)
        command(execution)
        self._absorb(instance, execution)

    def send(self, parcel: Parcel) -> None:
        """Bring a message or signal from outside."""
        self._parcels.append(parcel)

    def set_start_timers(self) -> None:
        """Set the timers that start a process."""
        for name, spec in self.specs.items():
            for event in spec.process.start_events:
                if event.kind == "timer":
                    self._starts[name, event.id] = start_timer(spec, event.id, self)

    def advance_to(self, moment: datetime) -> None:
        """Let time pass; each timer fires when it is due."""
        self.settle()
        while (due := self._next_due()) is not None and due <= moment:
            self.time = max(self.time, due)
            self.settle()
        self.time = moment
        self.settle()

    def settle(self) -> None:
        """Deliver what is on its way and fire what is due until nothing more happens.

        Raises:
            EngineError: It does not come to an end.
        """
        for _ in range(MAX_ROUNDS):
            if not (self._deliver_next() or self._fire_next()):
                return
        raise EngineError(f"More than {MAX_ROUNDS} messages and timers followed one another.")

    # How it is done ----------------------------------------------------------------------------

    def _absorb(self, instance: Running, execution: Execution) -> None:
        for change in execution.changes:
            self._note(instance, change)
        instance.snapshot = execution.snapshot()
        instance.last = execution
        waiting = instance.subscriptions.values()
        for parcel in list(self._kept):
            if any(_fits(parcel, one) for one in waiting):
                self._kept.remove(parcel)
                self._parcels.append(parcel)

    def _note(self, instance: Running, change: changes.Change) -> None:
        match change:
            case changes.ElementCompleted():
                self.trace.append(change.element_id)
            case changes.SubscriptionOpened():
                instance.subscriptions[change.token_id] = change
            case changes.SubscriptionClosed():
                instance.subscriptions.pop(change.token_id, None)
            case changes.TimerSet():
                instance.timers[change.token_id] = change.due_at
            case changes.TimerFired() | changes.TimerCancelled():
                instance.timers.pop(change.token_id, None)
            case changes.StepFailedAt():
                instance.incidents[change.token_id] = change
            case changes.IncidentResolved():
                instance.incidents.pop(change.token_id, None)
            case _:
                pass

    def _deliver_next(self) -> bool:
        if not self._parcels:
            return False
        parcel = self._parcels.pop(0)
        found = self._receivers(parcel)
        if parcel.kind == "signal":
            starts = self._starting(parcel)
        else:
            # A message has one receiver (BPMN 2.0.2 §8.4.2): who waits comes before who begins.
            found, starts = found[:1], [] if found else self._starting(parcel)[:1]
            if not found and not starts:
                self._kept.append(parcel)
        for instance, token in found:
            if token in instance.subscriptions:
                self.do(instance, lambda step, token=token: step.receive(token, parcel.payload))  # type: ignore[misc]
        for process_id, event in starts:
            self.begin(process_id, start_event=event, payload=parcel.payload)
        return True

    def _receivers(self, parcel: Parcel) -> list[tuple[Running, str]]:
        found = [
            (instance, token)
            for instance in self.instances
            for token, one in instance.subscriptions.items()
            if _fits(parcel, one)
        ]
        # A message is meant for another participant; who sent it is the last to be looked at.
        return sorted(found, key=lambda pair: pair[0].number == parcel.sender)

    def _starting(self, parcel: Parcel) -> list[tuple[str, str]]:
        return [
            (name, event.id)
            for name, spec in self.specs.items()
            for event in spec.process.start_events
            if (event.kind, event.name) == (parcel.kind, parcel.name)
        ]

    def _fire_next(self) -> bool:
        due = [
            (at, instance, token)
            for instance in self.instances
            for token, at in instance.timers.items()
            if at <= self.time
        ]
        if due:
            _, instance, token = min(due, key=lambda entry: entry[0])
            self.do(instance, lambda step: step.fire_timer(token))
            return True
        for (process_id, event), timer in self._starts.items():
            if timer.at <= self.time:
                self._fire_start(process_id, event, timer)
                return True
        return False

    def _fire_start(self, process_id: str, event: str, timer: Due) -> None:
        following = next_due(timer, self.zone(), self.calendars())
        if following is None:
            del self._starts[process_id, event]
        else:
            self._starts[process_id, event] = following
        self.begin(process_id, start_event=event)

    def _next_due(self) -> datetime | None:
        moments = [at for instance in self.instances for at in instance.timers.values()]
        moments += [timer.at for timer in self._starts.values()]
        return min(moments, default=None)

    _acting: int | None = None


def _fits(parcel: Parcel, waiting: changes.SubscriptionOpened) -> bool:
    if (waiting.kind, waiting.name) != (parcel.kind, parcel.name):
        return False
    return waiting.correlation_key is None or waiting.correlation_key in parcel.keys
