"""The written constraints of compensation and of transactions (BPMN 2.0.2 §10.5, §10.7)."""

from __future__ import annotations

from collections.abc import Callable

from processes.engine.model import SUB_PROCESSES, Node
from processes.engine.parsing.graph import Graph
from processes.engine.parsing.vocabulary import ACTIVITIES


def _check_handler(graph: Graph, node: Node) -> None:
    """A compensation event at a border leads to one activity, which is marked for it (§10.7.1)."""
    if node.type != "boundaryEvent" or node.event.kind != "compensate":
        return
    handler = graph.process.nodes.get(node.handler or "")
    advice = "Connect it by an association to an activity that is marked for compensation."
    if handler is None or handler.type not in ACTIVITIES:
        graph.note(node, "The compensation event leads to no activity.", advice)
    elif not handler.is_for_compensation:
        message = "The compensation event leads to an activity of the normal flow."
        graph.note(node, message, advice)
    elif handler.parent_id != node.parent_id:
        message = "The compensation event leads across the border of a sub-process."
        graph.note(node, message, "Put both into the same process or sub-process.")


def _check_is_used(graph: Graph, node: Node) -> None:
    if not node.is_for_compensation:
        return
    events = graph.process.nodes.values()
    if not any(event.handler == node.id for event in events):
        message = "The activity is marked for compensation, but no compensation event leads to it."
        graph.faults.warn_at(node.id, node.line, message)


def _check_activity(graph: Graph, node: Node) -> None:
    """What a compensation event names has to be in its sight (§10.5.5)."""
    name = node.event.activity
    if not name or node.type in ("boundaryEvent", "startEvent"):
        return
    activity = graph.process.nodes.get(name)
    if activity is None or activity.type not in ACTIVITIES:
        graph.note(node, f"There is no activity {name} to compensate.", "Choose another one.")
    elif activity.parent_id not in _places_in_sight(graph, node):
        message = f"The activity {name} can't be compensated from here."
        advice = "Name one beside the event, or the sub-process that it is in."
        graph.note(node, message, advice)


def _places_in_sight(graph: Graph, node: Node) -> list[str | None]:
    around = graph.process.nodes.get(node.parent_id or "")
    if around is not None and around.is_event_sub_process:
        return [node.parent_id, around.parent_id]
    return [node.parent_id]


def _check_compensation_start(graph: Graph, node: Node) -> None:
    """Only a sub-process is compensated by an event sub-process inside it (§10.7.1)."""
    if node.type != "startEvent" or node.event.kind != "compensate":
        return
    around = graph.process.nodes.get(node.parent_id or "")
    if around is not None and around.parent_id is None:
        message = "A process can't be compensated by an event sub-process of its own."
        graph.note(node, message, "Put it into the sub-process that it compensates.")


def _check_cancel(graph: Graph, node: Node) -> None:
    """Cancel events belong to transactions (§10.5.3, §10.5.4)."""
    if node.event.kind != "cancel":
        return
    if node.type == "boundaryEvent":
        host = graph.process.nodes.get(node.attached_to or "")
        if host is not None and host.type != "transaction":
            message = "A cancel event can only be at the border of a transaction."
            graph.note(node, message, "Make the sub-process a transaction.")
    elif not _is_in_transaction(graph, node):
        message = "A cancel end event can only be in a transaction."
        graph.note(node, message, "Make the sub-process around it a transaction.")


def _is_in_transaction(graph: Graph, node: Node) -> bool:
    current = graph.process.nodes.get(node.parent_id or "")
    while current is not None and current.type in SUB_PROCESSES:
        if current.type == "transaction":
            return True
        current = graph.process.nodes.get(current.parent_id or "")
    return False


COMPENSATION_RULES: tuple[Callable[[Graph, Node], None], ...] = (
    _check_handler,
    _check_is_used,
    _check_activity,
    _check_compensation_start,
    _check_cancel,
)
