"""The graph of a process: who stands where, what leads where, what is never reached."""

from __future__ import annotations

from collections.abc import Iterator

from processes.engine.model import SUB_PROCESSES, Flow, Node
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.vocabulary import ACTIVITIES
from processes.engine.process_model import Process

CONDITIONAL_SOURCES = ACTIVITIES | {"exclusiveGateway", "inclusiveGateway", "complexGateway"}


class Graph:
    """A process with its neighbourhoods indexed, and the faults found in it so far."""

    def __init__(self, process: Process, faults: Faults) -> None:
        self.process = process
        self.faults = faults
        self.attached: dict[str, list[Node]] = {}
        self.inside: dict[str | None, list[Node]] = {}
        self.links: dict[tuple[str | None, str], list[Node]] = {}
        for node in process.nodes.values():
            if node.attached_to:
                self.attached.setdefault(node.attached_to, []).append(node)
            self.inside.setdefault(node.parent_id, []).append(node)
            if node.event.kind == "link" and node.type == "intermediateCatchEvent":
                self.links.setdefault((node.parent_id, node.event.name), []).append(node)

    def note(self, node: Node, message: str, advice: str | None = None) -> None:
        """Note an error of a node."""
        self.faults.error_at(node.id, node.line, message, advice)

    def need(self, node: Node, message: str, advice: str | None = None) -> None:
        """Note that a node lacks what an executable process needs."""
        self.faults.need_at(node.id, node.line, message, advice)

    def note_flow(self, flow: Flow, message: str, advice: str | None = None) -> None:
        """Note an error of a flow."""
        self.faults.error_at(flow.id, flow.line, message, advice)

    def targets(self, node: Node) -> list[Node]:
        """Return the nodes that a node's flows lead to, as far as they exist."""
        ends = (self.process.flows[identifier].target for identifier in node.outgoing)
        return [self.process.nodes[end] for end in ends if end in self.process.nodes]


def check_flow(graph: Graph, flow: Flow) -> None:
    """Check the ends and the condition of a flow (BPMN 2.0.2 §8.4.13)."""
    source = graph.process.nodes.get(flow.source)
    target = graph.process.nodes.get(flow.target)
    if source is None or target is None:
        end = "begins" if source is None else "ends"
        graph.note_flow(flow, f"The flow {end} at nothing.", "Connect both of its ends.")
        return
    if source.parent_id != target.parent_id:
        advice = "Connect the sub-process itself, or use a boundary event."
        graph.note_flow(flow, "The flow crosses the border of a sub-process.", advice)
    if problem := _source_problem(source) or _target_problem(target):
        graph.note_flow(flow, *problem)
    if flow.condition and source.type not in CONDITIONAL_SOURCES:
        advice = "Put an exclusive gateway between them."
        graph.note_flow(flow, f"A flow that leaves a {source.type} can't have a condition.", advice)
    if flow.condition and source.type in ACTIVITIES and len(source.outgoing) == 1:
        message = "The only flow that leaves the activity has a condition."
        advice = "It stops with an incident if that does not hold: draw where it goes then."
        graph.faults.warn_at(flow.id, flow.line, message, advice)
    if flow.condition and source.default_flow == flow.id:
        graph.faults.warn_at(flow.id, flow.line, "The condition of a default flow has no effect.")


def _source_problem(source: Node) -> tuple[str, str] | None:
    if source.is_for_compensation:
        return "A flow leaves an activity that compensates.", "It ends by itself; remove the flow."
    if source.type == "boundaryEvent" and source.event.kind == "compensate":
        return (
            "A sequence flow leaves a compensation event.",
            "Connect it to the compensating activity with an association instead.",
        )
    if source.type == "endEvent":
        return "A flow leaves an end event.", "Remove it."
    if source.is_event_sub_process:
        return "A flow leaves an event sub-process.", "Its inside ends by itself; remove the flow."
    if source.type == "intermediateThrowEvent" and source.event.kind == "link":
        return "A flow leaves a throwing link event.", "Continue at the catching link event."
    return None


def _target_problem(target: Node) -> tuple[str, str] | None:
    if target.is_for_compensation:
        return "A flow leads to an activity that compensates.", "Use an association instead."
    if target.instantiates:
        return "A flow leads to an element that begins the process.", "Remove it."
    if target.type == "startEvent":
        return "A flow leads to a start event.", "Lead it to the element after it."
    if target.type == "boundaryEvent":
        return "A flow leads to a boundary event.", "Lead it to the activity."
    if target.is_event_sub_process:
        return (
            "A flow leads to an event sub-process.",
            "Its start event starts it; remove the flow.",
        )
    if target.type == "intermediateCatchEvent" and target.event.kind == "link":
        return "A flow leads to a catching link event.", "Lead it to a throwing link event."
    return None


def check_reachable(graph: Graph) -> None:
    """Note the nodes that no path leads to; what stands inside one is not named again."""
    pending = list(_entrances(graph, None))
    reached: set[str] = set()
    while pending:
        node = pending.pop()
        if node.id in reached:
            continue
        reached.add(node.id)
        pending.extend(_next_nodes(graph, node))
    for node in graph.process.nodes.values():
        is_inside_unreached = node.parent_id is not None and node.parent_id not in reached
        if node.id not in reached and not is_inside_unreached:
            graph.note(node, "No path leads to this element.", "Connect it, or remove it.")


def _entrances(graph: Graph, scope: str | None) -> Iterator[Node]:
    implicit = graph.process.implicit_starts_in(scope)
    for node in graph.inside.get(scope, ()):
        stands_apart = node.is_event_sub_process or node.is_for_compensation
        if node.type == "startEvent" or node.instantiates or stands_apart or node.id in implicit:
            yield node


def _next_nodes(graph: Graph, node: Node) -> Iterator[Node]:
    yield from graph.targets(node)
    yield from graph.attached.get(node.id, ())
    if node.type in SUB_PROCESSES:
        yield from _entrances(graph, node.id)
    if node.type == "intermediateThrowEvent" and node.event.kind == "link":
        yield from graph.links.get((node.parent_id, node.event.name), ())
