"""What people call the elements of a diagram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from processes.deploying.definitions import Definition, get_definition
from processes.engine.model import Node
from processes.engine.process_model import Process
from services.unit_of_work import UnitOfWork

_KINDS = {
    "businessRuleTask": "Decision",
    "startEvent": "Start",
    "endEvent": "End",
}


@dataclass(frozen=True)
class ElementChoice:
    """An element as something to be chosen from a list.

    Attributes:
        kind: What it is, such as ``User task``.
        inside: The name of the sub-process that it stands in; empty if in none.
    """

    id: str
    name: str
    kind: str
    inside: str


def kind_of(type_: str) -> str:
    """Return an element's type in words: ``User task`` for ``userTask``."""
    found = _KINDS.get(type_) or re.sub(r"(?<=[a-z])([A-Z])", r" \1", type_).lower()
    return found[:1].upper() + found[1:]


def name_of(process: Process | None, element_id: str) -> str:
    """Return what people call an element: its name, else its kind; its id if it is not there."""
    node = process.nodes.get(element_id) if process is not None else None
    return element_id if node is None else _name(node)


def called_process(uow: UnitOfWork, definition: Definition, process_id: str) -> Process | None:
    """Return a process by its id as seen from a version: its own, or one that it calls."""
    found = definition.model.processes.get(process_id)
    if found is None and process_id in definition.called:
        found = get_definition(uow, definition.called[process_id]).process
    return found


def places_for_tokens(process: Process) -> list[ElementChoice]:
    """Return the elements at which an administrator may put a token, by name."""
    return sorted(_choices(process), key=lambda one: (one.inside, one.name.lower(), one.id))


def _choices(process: Process) -> Iterator[ElementChoice]:
    for node in process.nodes.values():
        if takes_tokens(process, node):
            parent = process.nodes.get(node.parent_id or "")
            inside = "" if parent is None else _name(parent)
            yield ElementChoice(node.id, _name(node), kind_of(node.type), inside)


def takes_tokens(process: Process, node: Node) -> bool:
    """Tell whether a token may be put at an element; the engine decides in the end."""
    parent = process.nodes.get(node.parent_id or "")
    begins = node.type == "startEvent" and parent is not None and parent.is_event_sub_process
    repeats = parent is not None and bool(parent.loop or parent.standard_loop)
    return not (
        node.attached_to
        or node.is_event_sub_process
        or node.is_for_compensation
        or begins
        or repeats
    )


def _name(node: Node) -> str:
    return " ".join(node.name.split()) or f"{kind_of(node.type)} ({node.id})"
