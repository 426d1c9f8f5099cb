"""The elements of a BPMN file as plain values; `process_model` holds the processes they make up.

Everything is immutable. Texts of expressions are kept as written: text that begins with `=` is
FEEL; what other text means depends on its place (see `expressions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

EMPTY: Mapping[str, Any] = MappingProxyType({})

SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
"""The types of nodes that hold others."""

THROWING = ("sendTask", "intermediateThrowEvent", "implicitThrowEvent", "endEvent")
"""The types of nodes that throw their event instead of waiting for it."""

EventKind = Literal[
    "none",
    "message",
    "timer",
    "signal",
    "error",
    "escalation",
    "terminate",
    "link",
    "conditional",
    "compensate",
    "cancel",
    "multiple",
]
TimerKind = Literal["date", "duration", "cycle"]
BindingKind = Literal["latest", "deployment", "version", "versionTag"]


@dataclass(frozen=True)
class Mapped:
    """One line of an input or output mapping.

    Attributes:
        is_python: The source is Python syntax; otherwise FEEL, or the text itself.
    """

    source: str
    target: str
    is_python: bool = False


@dataclass(frozen=True)
class DataLine:
    """One data association, or one assignment of it: from variables to a variable.

    Attributes:
        sources: Names of the variables.
        target: The variable, or a path into it.
        source: An expression or the text itself; empty to copy the variable.
        transformation: An expression that makes the value; empty if none.
        state: That a data object is left in, or that it has to be in.
        awaited: Those of the sources that something else of the process brings.
    """

    sources: tuple[str, ...]
    target: str
    source: str = ""
    transformation: str = ""
    state: str = ""
    awaited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """What an event waits for or throws.

    Attributes:
        name: Of the message, signal or link.
        code: Of the error or escalation; empty catches, or throws, without one.
        correlation_key: An expression; None if the message has none.
        timer: Which of BPMN's three timers `expression` is.
        expression: The timer's or the condition's text.
        correlation: Names and expressions of the properties of a key that has several.
        is_keyed_by_path: Its key is read from variables; one without a value yet fits any message.
        payload: What a thrown message carries, as Python syntax; empty for its input mappings.
        variable: Where a caught message goes as a whole; empty to merge it.
        activity: Id of the activity to be compensated; empty for all in the scope.
        waits: It goes on only when the compensation is over.
    """

    kind: EventKind = "none"
    name: str = ""
    code: str = ""
    correlation_key: str | None = None
    correlation: tuple[tuple[str, str], ...] = ()
    is_keyed_by_path: bool = False
    payload: str = ""
    variable: str = ""
    timer: TimerKind | None = None
    expression: str = ""
    activity: str = ""
    waits: bool = True


@dataclass(frozen=True)
class ImplicitThrow:
    """An event that a multi-instance throws when an instance completes.

    Attributes:
        condition: When it is thrown; empty for always.
        only_first: Only the first instance that completes throws it.
    """

    event: Event
    condition: str = ""
    only_first: bool = False


@dataclass(frozen=True)
class MultiInstance:
    """An activity that runs once for each item of a collection, or a number of times."""

    is_sequential: bool
    collection: str = ""
    item_name: str = ""
    output_collection: str = ""
    output_element: str = ""
    cardinality: str = ""
    completion_condition: str = ""
    throws: tuple[ImplicitThrow, ...] = ()


@dataclass(frozen=True)
class StandardLoop:
    """An activity that runs again as long as a condition holds.

    Attributes:
        maximum: How often it may run at all; None for as often as the condition says.
    """

    condition: str = ""
    tests_before: bool = False
    maximum: int | None = None


@dataclass(frozen=True)
class AdHoc:
    """How the activities of an ad-hoc sub-process go together.

    Attributes:
        is_sequential: One at a time, in the order of the file.
        condition: When it is complete; empty for when all is done.
        cancels_rest: What still runs is stopped then.
    """

    is_sequential: bool = False
    condition: str = ""
    cancels_rest: bool = True


@dataclass(frozen=True)
class Assignment:
    """Who does a user task, by when: texts as written, empty where nothing is."""

    assignee: str = ""
    candidate_groups: str = ""
    candidate_users: str = ""
    due_date: str = ""
    follow_up_date: str = ""
    priority: str = ""


@dataclass(frozen=True)
class Work:
    """What a task has done for it.

    Attributes:
        type: The task definition's type; empty if none.
        script_format: Of a BPMN script, as written.
        keeps_result: Output mappings come on top of the result instead of choosing from it.
        pre_script: Python syntax, run before its input mappings; empty if none.
        post_script: Likewise behind its output mappings.
        decision_id: Of a business rule task; empty if none.
        result_variable: Where the result goes; empty to merge it.
        called_process: Id of the called process; empty if none.
        binding: Which version of the called process is meant.
        binding_value: The version or its tag, where the binding names one.
    """

    type: str = ""
    retries: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    script: str = ""
    script_format: str = ""
    decision_id: str = ""
    result_variable: str = ""
    called_process: str = ""
    binding: BindingKind = "latest"
    binding_value: str = ""
    pass_all_in: bool = True
    pass_all_out: bool = True
    keeps_result: bool = False
    pre_script: str = ""
    post_script: str = ""


@dataclass(frozen=True)
class RetryPlan:
    """How long to wait before each attempt after the first, in order.

    A plan of no waits has a single attempt: its failure is an incident at once.
    """

    waits: tuple[timedelta, ...]

    def wait_after(self, failed: int) -> timedelta | None:
        """Return how long to wait after so many failed attempts (1 after the first).

        None if there is no further attempt.
        """
        return self.waits[failed - 1] if failed <= len(self.waits) else None


@dataclass(frozen=True)
class Flow:
    """A sequence flow; `condition` is empty if it has none."""

    id: str
    source: str
    target: str
    condition: str = ""
    name: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Node:
    """A flow node.

    Attributes:
        type: Its element name in BPMN: `userTask`, `startEvent`, `subProcess`, …
        process_id: The process it stands in.
        parent_id: The sub-process it stands in; None directly in the process.
        incoming: Ids of flows, in the order of the file.
        outgoing: Ids of flows, in the order of the file.
        default_flow: Id of the flow taken when no condition holds.
        attached_to: A boundary event's activity.
        is_interrupting: Of a boundary event, or an event sub-process's start event.
        is_event_sub_process: It is a sub-process that an event starts.
        event: What it waits for or throws; `multiple` if `events` are several.
        needs_all: All of its events have to happen, not one of them.
        instantiates: It begins a process, though it is no start event.
        is_parallel: Of an event gateway that begins a process: it needs all of its events.
        is_for_compensation: It only runs to undo another activity.
        activation: When a complex gateway starts; empty if it does not say.
        direction: Of a gateway, as written; empty if it has none.
        handler: Of a compensation boundary event: the activity it leads to.
        start_quantity: How many tokens an activity needs to begin.
        completion_quantity: How many it sends along each flow at its end.
        async_before: Its token stops before it until a job takes it on.
        async_after: Likewise behind it.
        retries: How often it is tried again by itself when it fails; None for never.
        data_inputs: What data associations bring in.
        data_outputs: What they bring out.
        input_sets: The inputs of which one set has to be there before an activity begins.
        own_names: Variables that a sub-process has of its own.
        form_id: As written; empty if none.
        extensions: Extension elements as (namespace, name, attributes), untouched.
        attributes: Attributes of other namespaces by `{namespace}name`, untouched: the element
            template that a task was made from, for instance.
    """

    id: str
    name: str
    type: str
    process_id: str
    line: int | None = None
    parent_id: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default_flow: str | None = None
    lane: str | None = None
    attached_to: str | None = None
    is_interrupting: bool = True
    is_event_sub_process: bool = False
    event: Event = field(default_factory=Event)
    events: tuple[Event, ...] = ()
    needs_all: bool = False
    instantiates: bool = False
    is_parallel: bool = False
    is_for_compensation: bool = False
    handler: str | None = None
    activation: str = ""
    direction: str = ""
    ad_hoc: AdHoc | None = None
    loop: MultiInstance | None = None
    standard_loop: StandardLoop | None = None
    start_quantity: int = 1
    completion_quantity: int = 1
    async_before: bool = False
    async_after: bool = False
    retries: RetryPlan | None = None
    data_inputs: tuple[DataLine, ...] = ()
    data_outputs: tuple[DataLine, ...] = ()
    input_sets: tuple[tuple[str, ...], ...] = ()
    own_names: tuple[str, ...] = ()
    inputs: tuple[Mapped, ...] = ()
    outputs: tuple[Mapped, ...] = ()
    work: Work = field(default_factory=Work)
    assignment: Assignment = field(default_factory=Assignment)
    form_id: str = ""
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    extensions: tuple[tuple[str, str, Mapping[str, str]], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    @property
    def parts(self) -> tuple[Event, ...]:
        """Its events if they are several, in the order of their parts `id#0` and so on."""
        return tuple(sorted(self.events, key=lambda event: _ENDINGS.index(event.kind)))


_ENDINGS: Final = (
    "message",
    "signal",
    "timer",
    "conditional",
    "escalation",
    "error",
    "terminate",
    "compensate",  # these stand alone; a model is refused that has them among others
    "cancel",
    "link",
    "none",
)
"""Kinds of the events of one element, as they are thrown: what ends its scope comes last."""
