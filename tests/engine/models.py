"""Small BPMN files for tests, written element by element, and a host that remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from feel import Calendars, WorkingCalendar
from processes.engine import (
    Binding,
    Call,
    Execution,
    ProcessSpec,
    StepFailed,
    ThrownMessage,
    changes,
    compile_process,
    load,
    parse_model,
    start,
)

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)


def attributes(values: Mapping[str, Any]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())


class Drawing:
    """A file with one process; elements are added in the order of the calls."""

    def __init__(self, process_id: str = "p", **settings: Any) -> None:
        self.process_id = process_id
        self.settings = {"isExecutable": "true", **settings}
        self.parts: list[str] = []
        self.declared: list[str] = []
        self.others: list[str] = []
        self.flow_count = 0

    def node(self, type_: str, id_: str, inner: str = "", **settings: Any) -> Drawing:
        """Add a flow node; `inner` is the XML inside it."""
        self.parts.append(f'<{type_} id="{id_}"{attributes(settings)}>{inner}</{type_}>')
        return self

    def flow(
        self, source: str, target: str, condition: str | None = None, id_: str | None = None
    ) -> Drawing:
        """Add a sequence flow; its id is `source-target` unless given."""
        inner = ""
        if condition is not None:
            inner = (
                '<conditionExpression xsi:type="tFormalExpression">'
                f"{escape(condition)}</conditionExpression>"
            )
        name = id_ or f"{source}-{target}"
        self.parts.append(
            f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}'
            "</sequenceFlow>"
        )
        return self

    def path(self, *names: str) -> Drawing:
        """Add flows from each element to the next."""
        for source, target in pairwise(names):
            self.flow(source, target)
        return self

    def start(self, id_: str = "start", inner: str = "", **settings: Any) -> Drawing:
        return self.node("startEvent", id_, inner, **settings)

    def end(self, id_: str = "end", inner: str = "") -> Drawing:
        return self.node("endEvent", id_, inner)

    def task(self, id_: str, **extension: str) -> Drawing:
        """Add a user task."""
        return self.node("userTask", id_, assigned(**extension) if extension else "")

    def service(self, id_: str, type_: str = "do", inner: str = "", **settings: Any) -> Drawing:
        return self.node("serviceTask", id_, service(type_, inner), **settings)

    def script(self, id_: str, text: str) -> Drawing:
        return self.node("scriptTask", id_, f"<script>{escape(text)}</script>")

    def sub(self, id_: str, inner: Drawing, extra: str = "", **settings: Any) -> Drawing:
        """Add a sub-process that holds another drawing's parts."""
        return self.node("subProcess", id_, extra + inner.inside(), **settings)

    def boundary(self, id_: str, host: str, inner: str, **settings: Any) -> Drawing:
        return self.node("boundaryEvent", id_, inner, attachedToRef=host, **settings)

    def undo(self, id_: str, host: str, handler: str, type_: str = "task") -> Drawing:
        """Add a compensation event at the border of an activity, and what it leads to."""
        self.node(type_, handler, isForCompensation="true")
        return self.boundary(id_, host, on("compensate")).associate(id_, handler)

    def associate(self, source: str, target: str) -> Drawing:
        name = f"{source}.{target}"
        self.parts.append(f'<association id="{name}" sourceRef="{source}" targetRef="{target}"/>')
        return self

    def message(self, id_: str, name: str, key: str | None = None) -> Drawing:
        inner = extension(f"<zeebe:subscription correlationKey={quoteattr(key)}/>") if key else ""
        self.declared.append(f'<message id="{id_}" name="{name}">{inner}</message>')
        return self

    def declare(self, xml: str) -> Drawing:
        """Add something beside the process: a signal, an error, another process."""
        self.declared.append(xml)
        return self

    def with_process(self, other: Drawing) -> Drawing:
        """Add another drawing's process to the same file."""
        self.others.append(other.process_xml())
        return self

    def process_xml(self) -> str:
        settings = attributes(self.settings)
        return f'<process id="{self.process_id}"{settings}>{self.inside()}</process>'

    def inside(self) -> str:
        """Return the parts in the order of the schema: artifacts come last."""
        return "".join(sorted(self.parts, key=lambda part: part.startswith("<association")))

    def xml(self) -> bytes:
        parts = [*self.declared, self.process_xml(), *self.others]
        return "\n".join([HEAD, *parts, "</definitions>"]).encode()

    def spec(self) -> ProcessSpec:
        return compile_process(parse_model(self.xml()), self.process_id)


def extension(xml: str) -> str:
    return f"<extensionElements>{xml}</extensionElements>"


def assigned(**settings: str) -> str:
    return extension(f"<zeebe:assignmentDefinition{attributes(settings)}/>")


def service(type_: str = "do", inner: str = "") -> str:
    return extension(f'<zeebe:taskDefinition type="{type_}"/>{inner}')


def mapped(
    inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None
) -> str:
    lines = [
        f"<zeebe:{kind} source={quoteattr(source)} target={quoteattr(target)}/>"
        for kind, given in (("input", inputs), ("output", outputs))
        for target, source in (given or {}).items()
    ]
    return f"<zeebe:ioMapping>{''.join(lines)}</zeebe:ioMapping>"


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{escape(text)}</{kind}></timerEventDefinition>"


def looped(
    collection: str = "=items",
    item: str = "item",
    output: tuple[str, str] | None = None,
    until: str | None = None,
    *,
    sequential: bool = False,
) -> str:
    settings = {"inputCollection": collection, "inputElement": item}
    if output:
        settings |= {"outputCollection": output[0], "outputElement": output[1]}
    done = f"<completionCondition>{escape(until)}</completionCondition>" if until else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"{extension(f'<zeebe:loopCharacteristics{attributes(settings)}/>')}{done}"
        "</multiInstanceLoopCharacteristics>"
    )


def again(condition: str = "", *, before: str = "false", **settings: Any) -> str:
    """Return a standard loop; `loopMaximum` is a setting."""
    inner = f"<loopCondition>{escape(condition)}</loopCondition>" if condition else ""
    return (
        f'<standardLoopCharacteristics testBefore="{before}"{attributes(settings)}>{inner}'
        "</standardLoopCharacteristics>"
    )


def on(kind: str, reference: str | None = None) -> str:
    """Return an event definition: `on("message", "m")`."""
    settings = {f"{kind}Ref": reference} if reference else {}
    return f"<{kind}EventDefinition{attributes(settings)}/>"


Answer = Callable[[Call], Any]


class NoCalendars:
    """An empty book of working calendars."""

    def find(self, name: str | None) -> WorkingCalendar | None:
        return None


@dataclass
class FakeHost:
    """Answers calls by their type and remembers what it was asked."""

    time: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)
    local: tzinfo = UTC
    records: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    specs: dict[str, ProcessSpec] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    thrown: list[ThrownMessage] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    book: Calendars = field(default_factory=NoCalendars)

    def now(self) -> datetime:
        return self.time

    def zone(self) -> tzinfo:
        return self.local

    def calendars(self) -> Calendars:
        return self.book

    def live_names(self) -> Mapping[str, Any]:
        return self.records

    def call(self, call: Call) -> Any:
        self.calls.append(call)
        answer = self.answers.get(call.type)
        return answer(call) if callable(answer) else answer

    def decide(self, decision_id: str, inputs: Mapping[str, Any]) -> Any:
        if decision_id not in self.decisions:
            raise StepFailed(f"There is no decision {decision_id}.")
        return self.decisions[decision_id](inputs)

    def spec_for(
        self, process_id: str, version: str | None, binding: Binding | None = None
    ) -> ProcessSpec:
        if binding is not None:
            self.bindings.append(binding)
        if process_id not in self.specs:
            raise StepFailed(f"There is no process {process_id}.")
        return self.specs[process_id]

    def publish(self, message: ThrownMessage) -> None:
        self.thrown.append(message)

    def later(self, **span: float) -> None:
        self.time += timedelta(**span)


class Play:
    """Plays an instance as the layer above does: saved and loaded again before each step."""

    def __init__(
        self,
        drawing: Drawing | ProcessSpec,
        variables: Mapping[str, Any] | None = None,
        host: FakeHost | None = None,
        **settings: Any,
    ) -> None:
        self.spec = drawing if isinstance(drawing, ProcessSpec) else drawing.spec()
        self.host = host or FakeHost()
        self.changes: list[changes.Change] = []
        self._take(start(self.spec, self.host, variables, **settings))

    def _take(self, execution: Execution) -> None:
        self.last = execution.changes
        self.changes += execution.changes
        self.snapshot = execution.snapshot()
        self.state = execution.state
        self.variables = execution.variables
        self.tokens = execution.tokens()
        self.execution = execution

    def do(self, command: str, *arguments: Any, **settings: Any) -> Play:
        """Carry out a command of `Execution` on the loaded snapshot."""
        execution = load(self.spec, self.snapshot, self.host)
        getattr(execution, command)(*arguments, **settings)
        self._take(execution)
        return self

    def complete(self, element: str, **variables: Any) -> Play:
        return self.do("complete", self.at(element), variables)

    def fire(self, element: str) -> Play:
        return self.do("fire_timer", self.at(element))

    def receive(self, element: str, **payload: Any) -> Play:
        return self.do("receive", self.at(element), payload)

    def at(self, element: str) -> str:
        """Return the token that waits or failed at an element (the first, if several)."""
        found = [
            token.token_id
            for token in self.tokens
            if token.element_id == element and (token.waits_for or token.state == "failed")
        ]
        assert found, f"nothing waits at {element}, only at {self.waiting}"
        return found[0]

    @property
    def waiting(self) -> list[str]:
        """The elements at which something is waited for, in the order of the tokens."""
        return [token.element_id for token in self.tokens if token.waits_for]

    @property
    def failed(self) -> list[str]:
        return [token.element_id for token in self.tokens if token.state == "failed"]

    @property
    def trace(self) -> list[str]:
        """The elements in the order of their completion."""
        return [
            change.element_id
            for change in self.changes
            if isinstance(change, changes.ElementCompleted)
        ]

    def of(self, kind: type) -> list[Any]:
        """Return all changes of a kind so far."""
        return [change for change in self.changes if isinstance(change, kind)]
