"""The extension elements of today's modellers, and those of other engines as fallbacks.

What would change the meaning of an element and is not known here is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from processes.engine.model import EMPTY, Assignment, Mapped
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.foreign import Foreign, read_foreign
from processes.engine.parsing.vocabulary import BPMN, ZEEBE
from processes.engine.parsing.xml_values import split
from processes.engine.xml import Element

# Elements that say nothing about execution, or that are read where they belong.
_HARMLESS = frozenset({"userTask", "versionTag", "modelerTemplate", "conditionalFilter"})
_READ = frozenset(
    {
        "assignmentDefinition",
        "formDefinition",
        "taskSchedule",
        "priorityDefinition",
        "ioMapping",
        "taskDefinition",
        "taskHeaders",
        "calledDecision",
        "script",
        "calledElement",
        "subscription",
        "properties",
        "loopCharacteristics",
    }
)
_REFUSED: Final = {
    "executionListeners": "Put what the listener does into a task of the diagram.",
    "taskListeners": "Put what the listener does into a task of the diagram.",
    "adHoc": "Use a sub-process whose order is drawn.",
    "linkedResources": "Name the resource in a task header.",
}


@dataclass
class Extensions:
    """What stands in one element's extensions, in the model's terms."""

    assignment: Assignment = field(default_factory=Assignment)
    form_id: str = ""
    inputs: tuple[Mapped, ...] = ()
    outputs: tuple[Mapped, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    properties: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: EMPTY)
    foreign: Foreign = field(default_factory=Foreign)
    untouched: tuple[tuple[str, str, Mapping[str, str]], ...] = ()
    own_attributes: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    def get(self, element: str, attribute: str, default: str = "") -> str:
        """Return an attribute of a Zeebe extension element; `default` if either is missing."""
        found: Mapping[str, str] = self.attributes.get(element, EMPTY)
        return found.get(attribute, default)


def read_extensions(element: Element, faults: Faults) -> Extensions:
    """Read an element's extensions and note what can't be executed."""
    found: dict[str, Element] = {}
    untouched: list[tuple[str, str, Mapping[str, str]]] = []
    for child in _children(element):
        namespace, name = split(child.tag)
        untouched.append((namespace, name, MappingProxyType(_attributes(child))))
        if namespace == ZEEBE:
            _check_zeebe(element, name, faults)
            _check_binding(element, child, faults)
            found[name] = child
    foreign = read_foreign(element, faults)
    result = Extensions(
        foreign=foreign,
        attributes={name: _attributes(child) for name, child in found.items()},
        untouched=tuple(untouched),
        own_attributes={
            name: value for name, value in _attributes(element).items() if name.startswith("{")
        },
    )
    result.headers = _pairs(found.get("taskHeaders"), "header", "key")
    own = _pairs(found.get("properties"), "property", "name")
    result.properties = {**foreign.properties, **own}
    result.inputs = (
        *_mappings(element, found.get("ioMapping"), "input", faults),
        *foreign.inputs,
    )
    result.outputs = (
        *_mappings(element, found.get("ioMapping"), "output", faults),
        *foreign.outputs,
    )
    result.assignment = _assignment(result, foreign.attributes)
    result.form_id = (
        result.get("formDefinition", "formId")
        or result.get("formDefinition", "externalReference")
        or result.get("formDefinition", "formKey")
        or foreign.get("formKey")
        or foreign.get("formRef")
    )
    return result


def _children(element: Element) -> Iterator[Element]:
    for holder in element.iterchildren(f"{{{BPMN}}}extensionElements"):
        yield from holder.iterchildren("*")


def _attributes(element: Element) -> dict[str, str]:
    return {str(name): str(value).strip() for name, value in element.attrib.items()}


def _pairs(holder: Element | None, name: str, key: str) -> Mapping[str, str]:
    if holder is None:
        return EMPTY
    return {
        child.get(key, "").strip(): child.get("value", "")
        for child in holder.iterchildren(f"{{{ZEEBE}}}{name}")
        if child.get(key, "").strip()
    }


def _mappings(
    owner: Element, holder: Element | None, name: str, faults: Faults
) -> tuple[Mapped, ...]:
    if holder is None:
        return ()
    found = []
    for child in holder.iterchildren(f"{{{ZEEBE}}}{name}"):
        source, target = child.get("source", ""), child.get("target", "").strip()
        if not target or any(not part for part in target.split(".")):
            faults.error(owner, f"An {name} mapping has no target.", "Name the variable it sets.")
        found.append(Mapped(source.strip(), target))
    return tuple(found)


def _assignment(result: Extensions, foreign: Mapping[str, str]) -> Assignment:
    def either(element: str, attribute: str, fallback: str) -> str:
        return result.get(element, attribute) or foreign.get(fallback, "")

    return Assignment(
        assignee=either("assignmentDefinition", "assignee", "assignee"),
        candidate_groups=either("assignmentDefinition", "candidateGroups", "candidateGroups"),
        candidate_users=either("assignmentDefinition", "candidateUsers", "candidateUsers"),
        due_date=either("taskSchedule", "dueDate", "dueDate"),
        follow_up_date=either("taskSchedule", "followUpDate", "followUpDate"),
        priority=either("priorityDefinition", "priority", "priority"),
    )


def _check_zeebe(element: Element, name: str, faults: Faults) -> None:
    if name in _REFUSED:
        message = f"The extension element {name} can't be executed."
        faults.error(element, message, _REFUSED[name])
    elif name not in _READ and name not in _HARMLESS:
        faults.warn(element, f"The extension element {name} has no effect.")


def _check_binding(owner: Element, element: Element, faults: Faults) -> None:
    """Forms and decisions are those of the deployment; only calls choose among versions."""
    kind = element.get("bindingType", "latest")
    if kind in ("latest", "deployment") or split(element.tag)[1] == "calledElement":
        return
    message = f"The binding {kind} can't be executed here."
    faults.error(owner, message, "Choose the binding latest or deployment.")
