"""What the directions of gateways say of their flows, and ends that are hardly meant."""

from __future__ import annotations

from collections.abc import Callable

from processes.engine.model import Node
from processes.engine.parsing.graph import Graph


def _check_direction(graph: Graph, node: Node) -> None:
    """A gateway has the flows that its direction says (BPMN 2.0.2 §10.6.1)."""
    merges, splits = len(node.incoming) > 1, len(node.outgoing) > 1
    expected = {
        "Converging": (True, False),
        "Diverging": (False, True),
        "Mixed": (True, True),
    }.get(node.direction)
    if expected is not None and (merges, splits) != expected:
        found = f"{len(node.incoming)} flows in and {len(node.outgoing)} out"
        message = f"The gateway is marked as {node.direction}, but has {found}."
        graph.note(node, message, "Change its direction to Unspecified, or its flows.")


def _warn_of_ends(graph: Graph, node: Node) -> None:
    if node.outgoing or node.handler:
        return
    is_link = node.event.kind == "link"
    if node.type == "startEvent":
        graph.faults.warn_at(node.id, node.line, "No flow leaves the start event.", "Connect it.")
    elif node.type.startswith("intermediate") and not is_link:
        message = "No flow leaves the intermediate event."
        graph.faults.warn_at(node.id, node.line, message, "Use an end event, or connect it.")
    elif node.type.endswith("Gateway"):
        message = "No flow leaves the gateway."
        graph.faults.warn_at(node.id, node.line, message, "Connect it, or remove it.")


GATEWAY_RULES: tuple[Callable[[Graph, Node], None], ...] = (_check_direction, _warn_of_ends)
