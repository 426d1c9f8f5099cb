"""What makes a process executable, beyond what can be read: one rule a function.

Sections are those of BPMN 2.0.2 (formal/2013-12-09).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from processes.engine.model import Node
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.gateway_checks import GATEWAY_RULES
from processes.engine.parsing.graph import Graph, check_flow, check_reachable
from processes.engine.parsing.scope_checks import SCOPE_RULES
from processes.engine.parsing.undo_checks import COMPENSATION_RULES
from processes.engine.parsing.vocabulary import (
    ACTIVITIES,
    ALL_ALLOWED,
    EVENTS_ALLOWED,
    SEVERAL_ALLOWED,
)
from processes.engine.process_model import Process

_CHOICES = ("exclusiveGateway", "inclusiveGateway")
_CAUGHT = ("error", "escalation", "compensate", "cancel")
_TWO: Final = 2
_PLACES: Final = {
    "start": "start event",
    "inner start": "start event of a sub-process",
    "event sub-process start": "start event of an event sub-process",
    "intermediateCatchEvent": "catching event",
    "intermediateThrowEvent": "throwing event",
    "implicitThrowEvent": "throwing event",
    "boundaryEvent": "boundary event",
    "endEvent": "end event",
}


def check_process(process: Process, faults: Faults) -> None:
    """Note what keeps a process from being executed."""
    graph = Graph(process, faults)
    for flow in process.flows.values():
        check_flow(graph, flow)
    for node in process.nodes.values():
        for rule in _RULES:
            rule(graph, node)
    _check_starts(graph)
    check_reachable(graph)


def _check_default(graph: Graph, node: Node) -> None:
    if node.default_flow is not None and node.default_flow not in node.outgoing:
        message = f"The default flow {node.default_flow} does not leave this element."
        graph.note(node, message, "Choose one of its outgoing flows.")


def _check_choice(graph: Graph, node: Node) -> None:
    """Every way out of a choice needs a condition, but for its default (§10.6.2, §10.6.3)."""
    if node.type not in _CHOICES or len(node.outgoing) < _TWO:
        return
    for identifier in node.outgoing:
        flow = graph.process.flows[identifier]
        if identifier != node.default_flow and not flow.condition:
            where = node.name or node.id
            advice = "Write one, or make the flow the default."
            message = f"The flow leaves the gateway {where} without a condition."
            graph.faults.need_at(flow.id, flow.line, message, advice)
    if node.default_flow is None:
        graph.faults.warn_at(
            node.id,
            node.line,
            "The gateway has no default flow: it stops with an incident if no condition holds.",
        )


def _check_boundary(graph: Graph, node: Node) -> None:
    """Where a boundary event may be, and what it needs (§10.5.4)."""
    if node.type != "boundaryEvent":
        return
    host = graph.process.nodes.get(node.attached_to or "")
    if host is None or host.type not in ACTIVITIES or host.parent_id != node.parent_id:
        advice = "Drop it on the border of a task, a sub-process or a call activity."
        graph.note(node, "The boundary event is attached to nothing.", advice)
        return
    if host.is_event_sub_process:
        graph.note(node, "An event sub-process can't have boundary events.", "Remove it.")
    always = set() if node.is_interrupting else _kinds(node) & {"error", "cancel"}
    for kind in sorted(always):
        advice = "Make it interrupting (a solid line)."
        graph.note(node, f"A boundary event for {kind} always interrupts its activity.", advice)
    if not node.outgoing and node.event.kind != "compensate":
        graph.note(node, "No flow leaves the boundary event.", "Connect it, or remove it.")


def _check_twins(graph: Graph, node: Node) -> None:
    """Of two boundary events for the same error or the like, the first one catches."""
    seen: set[tuple[str, str]] = set()
    for event in graph.attached.get(node.id, ()):
        key = (event.event.kind, event.event.code)
        if event.event.kind in _CAUGHT and key in seen:
            advice = "Remove one, or give it another code."
            message = f"A second boundary event catches the same {key[0]}: it never happens."
            is_sound = key[0] in ("error", "escalation")
            note = graph.faults.warn_at if is_sound else graph.faults.error_at
            note(event.id, event.line, message, advice)
        seen.add(key)


def _check_event_kind(graph: Graph, node: Node) -> None:
    place = _start_place(graph, node) if node.type == "startEvent" else node.type
    if node.events:
        _check_several(graph, node, place)
        return
    allowed = EVENTS_ALLOWED.get(place)
    if allowed is None or node.event.kind in allowed:
        return
    if node.event.kind == "none":
        graph.note(node, f"The {_PLACES[place]} has no trigger.", "Choose what it waits for.")
    else:
        advice = f"It may be: {', '.join(sorted(allowed))}."
        message = f"{_an(_PLACES[place])} can't be {_an(node.event.kind)} event."
        graph.note(node, message[0].upper() + message[1:], advice)


def _check_several(graph: Graph, node: Node, place: str) -> None:
    """What an event with several definitions may hold (§10.5.1)."""
    allowed = SEVERAL_ALLOWED.get(place, frozenset())
    if node.needs_all:
        allowed &= ALL_ALLOWED
    for kind in dict.fromkeys(event.kind for event in node.events):
        if kind not in allowed:
            advice = "Draw an event of its own for it."
            message = f"{_an(_PLACES[place])} with several triggers can't hold {_an(kind)} event."
            graph.note(node, message[0].upper() + message[1:], advice)


def _start_place(graph: Graph, node: Node) -> str:
    if node.parent_id is None:
        return "start"
    parent = graph.process.nodes.get(node.parent_id)
    is_event = parent is not None and parent.is_event_sub_process
    return "event sub-process start" if is_event else "inner start"


def _check_codes(graph: Graph, node: Node) -> None:
    throws = node.type in ("endEvent", "intermediateThrowEvent", "implicitThrowEvent")
    for event in node.events or (node.event,):
        if throws and event.kind in ("error", "escalation") and not event.code:
            advice = f"Choose an {event.kind} with a code."
            graph.need(node, f"The event throws an {event.kind} without a code.", advice)
    if node.type != "startEvent" or node.is_interrupting:
        return
    for kind in sorted(_kinds(node) & {"error", "compensate"}):  # §10.5.2
        graph.note(node, f"A start event for {kind} always interrupts.", "Make it interrupting.")


def _an(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _kinds(node: Node) -> set[str]:
    return {event.kind for event in node.events or (node.event,)}


def _check_event_gateway(graph: Graph, node: Node) -> None:
    """What follows an event-based gateway (§10.6.6)."""
    if node.type != "eventBasedGateway":
        return
    if node.is_parallel and not node.instantiates:
        message = "Only an event-based gateway that begins the process can be parallel."
        graph.note(node, message, "Use a parallel gateway before the events.")
    if len(node.outgoing) < _TWO:
        advice = "Connect it to two or more catching events."
        graph.note(node, "The gateway has fewer than two events to wait for.", advice)
    targets = graph.targets(node)
    for target in targets:
        _check_gateway_target(graph, target)
    kinds = {target.event.kind for target in targets if target.type == "intermediateCatchEvent"}
    if "message" in kinds and any(target.type == "receiveTask" for target in targets):
        advice = "Use one of the two kinds."
        graph.note(node, "Message events and receive tasks can't follow the same gateway.", advice)


def _check_gateway_target(graph: Graph, target: Node) -> None:
    is_event = target.type == "intermediateCatchEvent" and target.event.kind != "link"
    if not is_event and target.type != "receiveTask":
        graph.note(
            target,
            "Only catching events and receive tasks may follow an event-based gateway.",
            "Put a message, timer or signal event between them.",
        )
    elif len(target.incoming) > 1:
        advice = "Draw a second event."
        graph.note(target, "An event after an event-based gateway has other flows in.", advice)
    elif graph.attached.get(target.id):
        advice = "Lead the gateway to one more event instead."
        graph.note(target, "A task after an event-based gateway has boundary events.", advice)


def _check_link(graph: Graph, node: Node) -> None:
    if node.event.kind != "link":
        return
    catches = graph.links.get((node.parent_id, node.event.name), [])
    if node.type == "intermediateThrowEvent" and not catches:
        advice = "Draw one in the same process or sub-process."
        graph.note(node, f"No catching link event is named {node.event.name}.", advice)
    if node.type == "intermediateCatchEvent" and catches[0].id != node.id:
        advice = "Rename one of them."
        graph.note(node, f"A second catching link event is named {node.event.name}.", advice)


def _check_work(graph: Graph, node: Node) -> None:
    """A task that does nothing is sound BPMN, but seldom what its author meant."""
    work = node.work
    if node.type == "callActivity" and not work.called_process:
        graph.need(node, "The call activity names no process.", "Name the one to call.")
    if node.type == "receiveTask" and node.event.kind != "message":
        graph.need(node, "The receive task names no message.", "Choose or create its message.")
    is_idle = {
        "serviceTask": not work.type,
        "businessRuleTask": not (work.type or work.decision_id),
        "sendTask": not work.type and node.event.kind != "message",
        "scriptTask": not (work.script or work.type),
    }.get(node.type, False)
    if is_idle:
        graph.faults.warn_at(
            node.id, node.line, f"The {node.type} does not say what is to be done.", "Choose it."
        )


def _check_starts(graph: Graph) -> None:
    process = graph.process
    starts = process.start_events
    if not starts:
        advice = "Draw a start event at its beginning."
        message = "The process has nothing to begin with."
        graph.faults.need_at(process.id, process.line, message, advice)
    if process.implicit_starts and not process.is_global_task:
        where = ", ".join(process.implicit_starts)
        message = f"The process has no start event; it begins at {where}."
        graph.faults.warn_at(process.id, process.line, message)
    seen: set[tuple[str, str]] = set()
    for start in starts:
        node = process.nodes[start.id.partition("#")[0]]  # one of several that are all needed
        if start.name.startswith("="):
            advice = "Give it a plain name: nothing is known before the process begins."
            graph.note(node, "The name is an expression.", advice)
        key = (start.kind, start.name)
        if start.kind in ("message", "signal") and key in seen:
            what = f"the {start.kind} {start.name}"
            advice = "Use one, and a gateway after it."
            message = f"Two start events wait for {what}."
            graph.faults.warn_at(node.id, node.line, message, advice)
        elif start.kind == "none" and key in seen:
            message = "A second start event without a trigger never begins the process."
            graph.faults.warn_at(node.id, node.line, message)
        seen.add(key)


_RULES: tuple[Callable[[Graph, Node], None], ...] = (
    _check_default,
    _check_choice,
    _check_boundary,
    _check_twins,
    _check_event_kind,
    _check_codes,
    _check_event_gateway,
    _check_link,
    _check_work,
    *GATEWAY_RULES,
    *SCOPE_RULES,
    *COMPENSATION_RULES,
)
