"""The written constraints of sub-processes, loops and what begins a process.

Sections are those of BPMN 2.0.2 (formal/2013-12-09).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processes.engine.model import SUB_PROCESSES, Node
from processes.engine.parsing.graph import Graph


def _check_sub_process(graph: Graph, node: Node) -> None:
    if node.type not in SUB_PROCESSES:
        return
    inside = graph.inside.get(node.id, [])
    if node.ad_hoc is not None:
        _check_ad_hoc(graph, inside)
    starts = [inner for inner in inside if inner.type == "startEvent"]
    if node.is_event_sub_process and len(starts) != 1:
        found = "no start event" if not starts else "several start events"
        graph.note(node, f"The event sub-process has {found}.", "Give it exactly one.")
    elif len(starts) > 1:
        graph.note(node, "The sub-process has several start events.", "Give it one at most.")
    elif node.ad_hoc is None and not inside:
        message = "The sub-process is empty: it is passed at once."
        graph.faults.warn_at(node.id, node.line, message, "Draw what it does.")
    elif not starts and not graph.process.implicit_starts_in(node.id):
        graph.note(node, "The sub-process has nothing to begin with.", "Draw a start event in it.")
    if node.is_event_sub_process and (node.loop or node.standard_loop):
        advice = "Put a loop or multi-instance inside it."
        graph.note(node, "An event sub-process can't be repeated.", advice)


def _check_ad_hoc(graph: Graph, inside: Sequence[Node]) -> None:
    """What an ad-hoc sub-process may not hold (§10.3.5.2)."""
    for inner in inside:
        if inner.type in ("startEvent", "endEvent"):
            message = "An ad-hoc sub-process can't hold start or end events."
            graph.note(inner, message, "Remove it: what nothing leads to begins by itself.")


def _check_loop(graph: Graph, node: Node) -> None:
    loop = node.loop
    if loop is None:
        return
    if not loop.collection and not loop.cardinality:
        advice = "Give it an input collection."
        graph.need(node, "The multi-instance does not say how often it runs.", advice)
    if bool(loop.output_collection) != bool(loop.output_element):
        advice = "Give both an output collection and an output element, or neither."
        graph.need(node, "The multi-instance's output is incomplete.", advice)


def _check_instantiation(graph: Graph, node: Node) -> None:
    """What may begin a process without being a start event (§10.3.3.5, §10.6.6)."""
    if not node.instantiates:
        return
    if node.parent_id is not None:
        message = "Only elements directly in a process can begin it."
        graph.note(node, message, "Move it out of the sub-process.")
    for target in graph.targets(node) if node.type == "eventBasedGateway" else ():
        if target.event.kind not in ("message", "signal", "timer") or target.events:
            message = "After a gateway that begins the process only messages, signals and timers"
            graph.note(target, f"{message} can be waited for.", "Use one of these.")


SCOPE_RULES: tuple[Callable[[Graph, Node], None], ...] = (
    _check_sub_process,
    _check_loop,
    _check_instantiation,
)
