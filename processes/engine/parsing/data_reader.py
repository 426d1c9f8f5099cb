"""Data objects, properties, inputs and outputs, and the associations between them (§10.4).

A data object, data store or property is a variable by its name, or by its id where its name could
not be one. An activity's inputs are variables of its own; its outputs are taken from its result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from processes.engine.model import DataLine, Node
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import expression_in, expression_of, local_name, split
from processes.engine.xml import Element

_NAME: Final = re.compile(r"[^\W\d]\w*")
_ITEMS: Final = (
    "dataObject",
    "dataStore",
    "property",
    "dataInput",
    "dataOutput",
    "inputDataItem",
    "outputDataItem",
)


@dataclass
class DataNames:
    """What the data of a file are called as variables, by id, and the states of references."""

    names: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def name_of(self, reference: str) -> str:
        """Return the variable that a reference means; the reference itself if it is none."""
        return self.names.get(local_name(reference), local_name(reference))

    def path_of(self, text: str) -> str | None:
        """Return a text as a path that begins at a variable; None if it is none."""
        first, _, rest = text.partition(".")
        found = self.names.get(first, first if first in self.names.values() else None)
        if found is None or not all(_NAME.fullmatch(part) for part in rest.split(".") if rest):
            return None
        return f"{found}.{rest}" if rest else found


def read_data_names(root: Element) -> DataNames:
    """Return what all data in a file are called."""
    found = DataNames()
    references = []
    for element in root.iter(f"{{{BPMN}}}*"):
        kind, identifier = split(element.tag)[1], element.get("id", "")
        if kind in _ITEMS and identifier:
            found.names[identifier] = _variable(element) or identifier
        elif kind in ("dataObjectReference", "dataStoreReference"):
            references.append(element)
    for element in references:
        target = local_name(element.get("dataObjectRef") or element.get("dataStoreRef") or "")
        known = found.names.get(target, target)
        if known == target:  # it has no name of its own: that of its reference is the one drawn
            known = _variable(element) or target or str(element.get("id", ""))
            found.names[target or known] = known
        found.names[element.get("id", "")] = known
        state = element.find(f"{{{BPMN}}}dataState")
        if state is not None and state.get("name"):
            found.states[element.get("id", "")] = state.get("name", "")
    return found


def names_inside(element: Element, data: DataNames) -> tuple[str, ...]:
    """Return the variables that a sub-process has of its own."""
    return tuple(
        data.name_of(child.get("id", ""))
        for child in element.iterchildren(f"{{{BPMN}}}*")
        if split(child.tag)[1] in ("dataObject", "property")
    )


def read_inputs(element: Element, data: DataNames) -> tuple[DataLine, ...]:
    """Return what an element's associations bring in."""
    return tuple(_lines(element, "dataInputAssociation", data))


def read_outputs(element: Element, data: DataNames) -> tuple[DataLine, ...]:
    """Return what an element's associations bring out."""
    return tuple(_lines(element, "dataOutputAssociation", data))


def read_input_sets(element: Element, data: DataNames) -> tuple[tuple[str, ...], ...]:
    """Return the inputs that each input set needs; empty without any (§10.4.2)."""
    found = []
    for holder in element.iterchildren(f"{{{BPMN}}}ioSpecification"):
        for each in holder.iterchildren(f"{{{BPMN}}}inputSet"):
            needed = _references(each, "dataInputRefs")
            free = {
                *_references(each, "optionalInputRefs"),
                *_references(each, "whileExecutingInputRefs"),
            }
            found.append(tuple(data.name_of(name) for name in needed if name not in free))
    return tuple(found)


def settle_data(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Let inputs be waited for only where something of the process brings them."""
    brought = {
        (line.target.partition(".")[0], line.state)
        for node in nodes.values()
        for line in node.data_outputs
    }
    names = {name for name, _ in brought}
    return {key: _settled(node, brought, names) for key, node in nodes.items()}


def _settled(node: Node, brought: set[tuple[str, str]], names: set[str]) -> Node:
    if not node.data_inputs:
        return node
    lines = tuple(
        replace(
            line,
            awaited=tuple(name for name in line.sources if name in names),
            state=line.state if any((name, line.state) in brought for name in line.sources) else "",
        )
        for line in node.data_inputs
    )
    return replace(node, data_inputs=lines)


def _lines(element: Element, kind: str, data: DataNames) -> Iterator[DataLine]:
    for association in element.iterchildren(f"{{{BPMN}}}{kind}"):
        references = _references(association, "sourceRef")
        target = next(iter(_references(association, "targetRef")), "")
        if data.name_of(target).startswith("__"):
            continue  # a modeller's stand-in where nothing is named
        sources = tuple(data.name_of(name) for name in references)
        states = [data.states.get(name, "") for name in (*references, target)]
        line = DataLine(
            sources,
            data.name_of(target),
            transformation=expression_in(association, "transformation"),
            state=next((state for state in states if state), ""),
        )
        assignments = list(association.iterchildren(f"{{{BPMN}}}assignment"))
        if assignments:
            yield from _assigned(line, assignments, data)
        else:
            yield line


def _assigned(
    line: DataLine, assignments: Iterable[Element], data: DataNames
) -> Iterator[DataLine]:
    for assignment in assignments:
        source = expression_of(assignment.find(f"{{{BPMN}}}from"))
        target = expression_of(assignment.find(f"{{{BPMN}}}to")).removeprefix("=").strip()
        path = None if source.startswith("=") else data.path_of(source)
        yield replace(
            line,
            source=f"={path}" if path else source,
            target=data.path_of(target) or line.target,
            transformation="",
        )


def _references(element: Element, name: str) -> list[str]:
    found = (local_name(each.text or "") for each in element.iterchildren(f"{{{BPMN}}}{name}"))
    return [reference for reference in found if reference]


def _variable(element: Element) -> str | None:
    name = element.get("name", "").strip()
    return name if _NAME.fullmatch(name) else None
