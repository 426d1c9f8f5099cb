"""From a checked process to SpiffWorkflow's specs, element by element, without recursion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from processes.engine.elements.activities import (
    DecisionTask,
    PassTask,
    ReceiveTask,
    ScriptTask,
    ServiceTask,
    ThrowTask,
    UserTask,
)
from processes.engine.elements.ad_hoc import AdHocSubProcess
from processes.engine.elements.base import Element, Way, condition_of
from processes.engine.elements.compensation import CompensationThrow, Undoing
from processes.engine.elements.complex_gateway import ComplexGateway
from processes.engine.elements.events import (
    CatchEvent,
    ErrorEnd,
    EscalationThrow,
    LinkThrow,
    PassEvent,
    TerminateEnd,
)
from processes.engine.elements.gateways import (
    EventGateway,
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
)
from processes.engine.elements.loops import LoopBody, LoopItem
from processes.engine.elements.multi_instance import MultiInstanceBody, MultiInstanceItem
from processes.engine.elements.repeated import RepeatedBody, RepeatedItem
from processes.engine.elements.scopes import CallActivity, ProcessRoot, ScopeElement, SubProcess
from processes.engine.elements.several import SeveralCatch, SeveralEvent, SeveralThrow
from processes.engine.elements.transactions import CancelEnd, Transaction
from processes.engine.errors import EngineError
from processes.engine.model import SUB_PROCESSES, Node
from processes.engine.process_model import Model
from processes.engine.process_spec import ProcessSpec, root_node

Kind = Callable[[ProcessSpec, Node, "str | None"], Element]

_KINDS: dict[str, Kind] = {
    "task": PassTask,
    "manualTask": PassTask,
    "userTask": UserTask,
    "receiveTask": ReceiveTask,
    "subProcess": SubProcess,
    "transaction": Transaction,
    "adHocSubProcess": AdHocSubProcess,
    "complexGateway": ComplexGateway,
    "callActivity": CallActivity,
    "exclusiveGateway": ExclusiveGateway,
    "parallelGateway": ParallelGateway,
    "inclusiveGateway": InclusiveGateway,
    "eventBasedGateway": EventGateway,
    "startEvent": PassEvent,
    "boundaryEvent": PassEvent,
}


def compile_process(model: Model, process_id: str, version: str | None = None) -> ProcessSpec:
    """Make a process of a checked file ready to run.

    Args:
        model: From `parse_model`.
        process_id: Which of its processes.
        version: What tells this version from others when a running call is loaded again; the
            file's digest if None.

    Raises:
        EngineError: The file has no such process, or says that it is not executable.
    """
    process = model.processes.get(process_id)
    if process is None:
        raise EngineError(f"The file has no process {process_id}.")
    if not process.is_executable:
        raise EngineError(f"The process {process_id} is not marked as executable.")
    spec = ProcessSpec(process, version or model.digest)
    name = f"{process.id}#process" if process.is_global_task else None
    spec.root = ProcessRoot(spec, root_node(process), name)
    spec.undoing = Undoing(spec, root_node(process), f"{process.id}#undo")
    for node in process.nodes.values():
        _add(spec, node)
    _connect(spec)
    _nest(spec)
    spec.freeze()
    return spec


def _add(spec: ProcessSpec, node: Node) -> None:
    if node.events:
        _add_several(spec, node)
        return
    kind = _kind_of(node)
    body: RepeatedBody
    item: RepeatedItem
    if node.loop is not None:
        body = MultiInstanceBody(spec, node, node.loop)
        item = MultiInstanceItem(spec, node, f"{node.id}#item")
    elif node.standard_loop is not None:
        body = LoopBody(spec, node, node.standard_loop)
        item = LoopItem(spec, node, f"{node.id}#item")
    else:
        kind(spec, node, None)
        return
    body.item, item.body = item, body
    item.activity = kind(spec, node, f"{node.id}#activity")


def _add_several(spec: ProcessSpec, node: Node) -> None:
    """Add an event with several definitions, and one part for each of them."""
    begins = node.type == "startEvent" and node.parent_id is None and node.needs_all
    if node.type == "intermediateCatchEvent" or begins:
        whole: Element = SeveralCatch(spec, node)
    elif node.type in ("startEvent", "boundaryEvent"):
        whole = SeveralEvent(spec, node)
    else:
        whole = SeveralThrow(spec, node)
    nodes = [replace(node, event=event, events=()) for event in node.parts]
    is_throw = isinstance(whole, SeveralThrow)
    whole.parts = tuple(
        (_throwing_kind(part) if is_throw else PassEvent)(spec, part, f"{node.id}#{number}")
        for number, part in enumerate(nodes)
    )
    for element in whole.parts:
        element.whole = whole


def _kind_of(node: Node) -> Kind:
    kind = node.event.kind
    if node.type in _KINDS:
        return _KINDS[node.type]
    if node.work.type and kind in ("none", "message"):
        return ServiceTask  # also a script, decision or message event that a worker does
    if node.type == "scriptTask" or (node.work.script and not node.work.decision_id):
        return ScriptTask  # also what Camunda 7 evaluates in a service task
    if node.type == "serviceTask":
        return ServiceTask
    if node.type == "businessRuleTask":
        return DecisionTask if node.work.decision_id else ServiceTask
    if node.type == "sendTask":
        return ThrowTask if kind == "message" else ServiceTask
    if node.type == "intermediateCatchEvent":
        return PassEvent if kind == "link" else CatchEvent
    return _throwing_kind(node)


def _throwing_kind(node: Node) -> Kind:
    kinds: dict[str, Kind] = {
        "none": PassEvent,
        "message": ThrowTask,
        "signal": ThrowTask,
        "escalation": EscalationThrow,
        "error": ErrorEnd,
        "terminate": TerminateEnd,
        "link": LinkThrow,
        "compensate": CompensationThrow,
        "cancel": CancelEnd,
    }
    return kinds[node.event.kind]


def _connect(spec: ProcessSpec) -> None:
    process = spec.process
    conditions = {flow.id: condition_of(flow.condition) for flow in process.flows.values()}
    for node in process.nodes.values():
        element = spec.element(node.id)
        ways = []
        for identifier in node.outgoing:
            target = spec.element(process.flows[identifier].target)
            element.connect(target)
            ways.append(Way(identifier, target, conditions[identifier]))
        element.ways = tuple(ways)
        element.default_way = next((way for way in ways if way.id == node.default_flow), None)
    _connect_links(spec)
    _tell_inclusive_gateways(spec)


def _connect_links(spec: ProcessSpec) -> None:
    catches = {
        (node.parent_id, node.event.name): spec.element(node.id)
        for node in spec.process.nodes.values()
        if node.type == "intermediateCatchEvent" and node.event.kind == "link"
    }
    for element in spec.task_specs.values():
        if isinstance(element, LinkThrow):
            element.target = catches[element.node.parent_id, element.node.event.name]


def _tell_inclusive_gateways(spec: ProcessSpec) -> None:
    """Give the inclusive gateways the diagram backwards: what can lead to each element."""
    gateways = [each for each in spec.task_specs.values() if isinstance(each, InclusiveGateway)]
    if not gateways:
        return
    neighbours: dict[str, list[str]] = {}
    for flow in spec.process.flows.values():
        neighbours.setdefault(flow.target, []).append(flow.source)
    for node in spec.process.nodes.values():
        if node.attached_to:
            neighbours.setdefault(node.id, []).append(node.attached_to)
    for element in spec.task_specs.values():
        if isinstance(element, LinkThrow):
            neighbours.setdefault(element.target.node.id, []).append(element.node.id)
    sources = {flow.id: flow.source for flow in spec.process.flows.values()}
    for gateway in gateways:
        gateway.neighbours = neighbours
        gateway.flow_sources = sources


def _nest(spec: ProcessSpec) -> None:
    """Tell scopes what begins in them, and activities what is at their border."""
    process = spec.process
    border: dict[str, list[Element]] = {}
    started_by_event: dict[str | None, list[SubProcess]] = {}
    for node in process.nodes.values():
        if node.attached_to:
            border.setdefault(node.attached_to, []).append(spec.element(node.id))
        elif node.is_event_sub_process:
            element = spec.element(node.id)
            assert isinstance(element, SubProcess)  # noqa: S101 - the reader lets nothing else be
            started_by_event.setdefault(node.parent_id, []).append(element)
        elif node.type == "startEvent":
            _note_start(spec, node)
    for identifier, events in border.items():
        spec.element(identifier).boundary = tuple(events)
    _note_handlers(spec)
    _note_implicit_starts(spec)
    for parent, elements in started_by_event.items():
        scope = spec.root if parent is None else _scope_of(spec, parent)
        scope.event_sub_processes = tuple(elements)


def _note_start(spec: ProcessSpec, node: Node) -> None:
    element = spec.element(node.id)
    if node.parent_id is not None:
        _scope_of(spec, node.parent_id).starts = (element,)
    elif node.event.kind == "none" and not spec.none_starts:
        spec.none_starts = (element,)


def _note_implicit_starts(spec: ProcessSpec) -> None:
    process = spec.process
    names = process.implicit_starts
    spec.none_starts = spec.none_starts or tuple(spec.element(name) for name in names)
    for node in process.nodes.values():
        if node.type in SUB_PROCESSES and not _scope_of(spec, node.id).starts:
            names = process.implicit_starts_in(node.id)
            _scope_of(spec, node.id).starts = tuple(spec.element(name) for name in names)


def _note_handlers(spec: ProcessSpec) -> None:
    for node in spec.process.nodes.values():
        if node.attached_to and node.handler:
            spec.element(node.attached_to).undone_by = (node.id, node.handler)


def _scope_of(spec: ProcessSpec, identifier: str) -> ScopeElement:
    """Return the element in whose token the elements of a sub-process run."""
    element = spec.element(identifier)
    if isinstance(element, RepeatedBody):
        element = element.item.activity
    assert isinstance(element, ScopeElement)  # noqa: S101 - only sub-processes are parents
    return element
