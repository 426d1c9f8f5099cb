"""What of one version of a process takes the place of what in another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from processes.engine.elements.base import Element
from processes.engine.errors import EngineError
from processes.engine.model import EMPTY
from processes.engine.process_spec import ProcessSpec


@dataclass(frozen=True)
class MigrationPlan:
    """How the elements of two versions go together.

    Attributes:
        mapping: By the id of an element of the old version, the one that takes its place; also the
            sequence flows that were mapped by hand.
        unmapped: Elements of the old version without any, in the order of the file. An instance
            that stands at one of them can't be migrated.
    """

    mapping: dict[str, str]
    unmapped: list[str]


def plan_migration(
    old: ProcessSpec, new: ProcessSpec, mapping: Mapping[str, str] = EMPTY
) -> MigrationPlan:
    """Return what becomes of each element: what stands in both versions stays what it is.

    Args:
        old: The version that instances run on.
        new: The one that they are to run on.
        mapping: Other ids, old to new, of elements and of sequence flows.

    Raises:
        EngineError: An id of the mapping is not there, or maps an element to a flow.
    """
    for source, target in mapping.items():
        _check_pair(old, new, source, target)
    found: dict[str, str] = {}
    unmapped: list[str] = []
    for name in old.process.nodes:
        target = mapping.get(name, name)
        if target in new.process.nodes:
            found[name] = target
        else:
            unmapped.append(name)
    found.update((name, flow) for name, flow in mapping.items() if name in old.process.flows)
    return MigrationPlan(found, unmapped)


def _check_pair(old: ProcessSpec, new: ProcessSpec, source: str, target: str) -> None:
    is_node, is_flow = source in old.process.nodes, source in old.process.flows
    if not (is_node or is_flow):
        raise EngineError(f"The old version has no element {source} to be mapped.")
    known = new.process.nodes if is_node else new.process.flows
    if target not in known:
        what = "element" if is_node else "sequence flow"
        raise EngineError(f"The new version has no {what} {target} to take the place of {source}.")


class Names:
    """The names of one version in the terms of another; None for what has no counterpart."""

    def __init__(self, old: ProcessSpec, new: ProcessSpec, mapping: Mapping[str, str]) -> None:
        self.old = old
        self.new = new
        self._mapping = plan_migration(old, new, mapping).mapping
        flows = new.process.flows.values()
        counts = Counter((flow.source, flow.target) for flow in flows)
        self._ends = {
            (flow.source, flow.target): flow.id
            for flow in flows
            if counts[flow.source, flow.target] == 1
        }

    def node(self, identifier: str) -> str | None:
        """Return the id of an element."""
        return self._mapping.get(identifier)

    def scope(self, parent_id: str | None) -> str | None:
        """Return the id of a sub-process; None also for the process itself."""
        return None if parent_id is None else self.node(parent_id)

    def element(self, element: Element) -> Element | None:
        """Return what takes the place of an element, or of a part of one."""
        if element is self.old.root:
            return self.new.root
        if element is self.old.undoing:
            return self.new.undoing
        identifier, mark, part = element.name.partition("#")
        found = self.node(identifier)
        return None if found is None else self.new.task_specs.get(f"{found}{mark}{part}")

    def flow(self, identifier: str) -> str | None:
        """Return the id of a flow: as it was mapped, or that with the same ends, or the same."""
        if identifier in self._mapping:
            return self._mapping[identifier]
        flow, same = (spec.process.flows.get(identifier) for spec in (self.old, self.new))
        if flow is None:
            return None
        ends = self.node(flow.source) or "", self.node(flow.target) or ""
        if same is not None and ends == (same.source, same.target):
            return identifier
        return self._ends.get(ends, None if same is None else identifier)
