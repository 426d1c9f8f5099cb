"""What a step did, in order, as facts that the layer above writes to its tables.

A `token_id` is unique within the instance and stays the same across snapshots. Within one step a
thing may be opened and closed again: facts are applied in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True)
class UserTaskOpened:
    """A user task waits for somebody.

    Attributes:
        assignee: The user named by the diagram; None if it names nobody.
        due_at: Aware UTC, like `follow_up_at`.
        priority: 0 to 100; None where the diagram says nothing.
        variables: The task's input mappings as plain JSON.
    """

    token_id: str
    process_id: str
    element_id: str
    name: str
    form_id: str | None
    assignee: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int | None
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class UserTaskClosed:
    """A user task waits no longer."""

    token_id: str
    reason: Literal["completed", "cancelled"]


@dataclass(frozen=True)
class TimerSet:
    """A timer is to be fired by `fire_timer` at `due_at`, also when it was set before.

    Attributes:
        due_at: Aware UTC; may be past, then it is due at once.
        repeat: What remains of a cycle after this firing (`R2/PT10M`, `R/PT1H`); None if nothing.
            For information: the next TimerSet comes from `fire_timer`, later than its time.
    """

    token_id: str
    process_id: str
    element_id: str
    due_at: datetime
    repeat: str | None


@dataclass(frozen=True)
class TimerFired:
    """A timer did what it was set for; a TimerSet follows if it repeats."""

    token_id: str


@dataclass(frozen=True)
class TimerCancelled:
    """A timer must not fire any more."""

    token_id: str


@dataclass(frozen=True)
class SubscriptionOpened:
    """A message or signal by this name is to be brought by `receive`.

    A `condition` has no name: the instance is to be advanced when what it reads has changed.

    Attributes:
        correlation_key: Text that the message must carry; None if any will do, and for signals.
    """

    token_id: str
    process_id: str
    element_id: str
    kind: Literal["message", "signal", "condition"]
    name: str
    correlation_key: str | None


@dataclass(frozen=True)
class SubscriptionClosed:
    """A message or signal is not waited for any longer, received or not."""

    token_id: str


@dataclass(frozen=True)
class CallPending:
    """`Host.call` answered PENDING: `answer_call` or `fail_call` is due for this token."""

    token_id: str
    process_id: str
    element_id: str
    name: str
    type: str
    retries: int | None


@dataclass(frozen=True)
class CallCancelled:
    """A pending call's answer is not wanted any more."""

    token_id: str


@dataclass(frozen=True)
class JobWanted:
    """A token stops before or after its element until `run_job`, in a transaction of its own."""

    token_id: str
    process_id: str
    element_id: str
    phase: Literal["before", "after"]


@dataclass(frozen=True)
class JobCancelled:
    """A token's job must not be run any more."""

    token_id: str


@dataclass(frozen=True)
class StepFailedAt:
    """The token stands still until `retry`, or until its scope is left.

    Attributes:
        code: The code of a BPMN error that nothing caught; None for any other failure.
        retry_in: When `retry` is due by itself, as the element's retry plan says; None for an
            incident.
        attempts: How often the step was tried, 1 at the first failure.
    """

    token_id: str
    process_id: str
    element_id: str
    message: str
    detail: str
    code: str | None = None
    retry_in: timedelta | None = None
    attempts: int = 1


@dataclass(frozen=True)
class Warned:
    """A step went on, though something in it is hardly meant.

    Attributes:
        messages: Why, in order.
    """

    token_id: str
    process_id: str
    element_id: str
    messages: tuple[str, ...]


@dataclass(frozen=True)
class IncidentResolved:
    """The token stands at its failure no longer: retried, or its scope was left.

    That is told of a failure that is retried by itself, too: then no retry is due any more.
    """

    token_id: str


@dataclass(frozen=True)
class ElementEntered:
    """A token arrived and its element began.

    Attributes:
        type: The element's name in BPMN: `userTask`, `exclusiveGateway`, `boundaryEvent`, …
        scope_id: The token of the surrounding sub-process, iteration or process.
    """

    token_id: str
    process_id: str
    element_id: str
    name: str
    type: str
    scope_id: str


@dataclass(frozen=True)
class ElementCompleted:
    """The element is done and left by its outgoing flows."""

    token_id: str
    process_id: str
    element_id: str
    name: str
    type: str


@dataclass(frozen=True)
class ElementCancelled:
    """The element was begun and interrupted."""

    token_id: str
    process_id: str
    element_id: str
    name: str
    type: str


@dataclass(frozen=True)
class FlowTaken:
    """A token went along a sequence flow."""

    process_id: str
    flow_id: str


@dataclass(frozen=True)
class VariablesChanged:
    """Variables were written.

    Attributes:
        scope_id: The token that holds them: the process, a sub-process, an iteration or a task.
        is_process: They belong to the instance's own process (not a called one, nor inside).
        values: Only what was written, in the JSON form of `feel.to_json`.
    """

    scope_id: str
    is_process: bool
    values: Mapping[str, Any]


@dataclass(frozen=True)
class InstanceEnded:
    """The instance is over; its snapshot is only of interest for its variables."""

    state: Literal["completed", "terminated"]


Change: TypeAlias = (
    UserTaskOpened
    | UserTaskClosed
    | TimerSet
    | TimerFired
    | TimerCancelled
    | SubscriptionOpened
    | SubscriptionClosed
    | CallPending
    | CallCancelled
    | JobWanted
    | JobCancelled
    | StepFailedAt
    | Warned
    | IncidentResolved
    | ElementEntered
    | ElementCompleted
    | ElementCancelled
    | FlowTaken
    | VariablesChanged
    | InstanceEnded
)
