"""The extension elements of today's modellers, and Camunda 7's attributes as fallbacks.

What would change the meaning of an element and is not known here is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from lxml import etree

from processes.engine.model import EMPTY, Assignment, Mapped
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.vocabulary import BPMN, CAMUNDA, FOREIGN_ENGINES, ZEEBE
from processes.engine.xml import Element

# Elements that say nothing about execution, or that are read where they belong.
_HARMLESS = frozenset({"userTask", "versionTag", "modelerTemplate"})
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
    "conditionalFilter": "Use a timer that repeats and an exclusive gateway.",
}
# What other engines run on a task, as attributes of Camunda 7, Activiti and Flowable.
_FOREIGN_WORK = frozenset(
    {"class", "delegateExpression", "expression", "topic", "type", "decisionRef", "resource"}
)
_FOREIGN_HARMLESS = frozenset({"properties", "potentialStarter", "formProperty"})


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


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
        elif namespace in FOREIGN_ENGINES:
            _check_foreign_element(element, name, faults)
    foreign = _foreign_attributes(element, faults)
    result = Extensions(
        attributes={name: _attributes(child) for name, child in found.items()},
        untouched=tuple(untouched),
        own_attributes={
            name: value for name, value in _attributes(element).items() if name.startswith("{")
        },
    )
    result.headers = _pairs(found.get("taskHeaders"), "header", "key")
    result.properties = _pairs(found.get("properties"), "property", "name")
    result.inputs = _mappings(element, found.get("ioMapping"), "input", faults)
    result.outputs = _mappings(element, found.get("ioMapping"), "output", faults)
    result.assignment = _assignment(result, foreign)
    result.form_id = (
        result.get("formDefinition", "formId")
        or result.get("formDefinition", "externalReference")
        or result.get("formDefinition", "formKey")
        or foreign.get("formKey", "")
        or foreign.get("formRef", "")
    )
    return result


def split(tag: object) -> tuple[str, str]:
    """Return the namespace (empty if none) and the name of a tag or attribute."""
    qualified = etree.QName(str(tag))
    return qualified.namespace or "", qualified.localname


def is_true(element: Element, attribute: str, faults: Faults, *, default: bool) -> bool:
    """Return a boolean attribute, refusing what is no boolean."""
    text = element.get(attribute)
    if text is None:
        return default
    value = _BOOLEANS.get(text.strip())
    if value is None:
        faults.error(element, f"{attribute} is {text!r}, not true or false.")
        return default
    return value


def text_of(element: Element, child: str) -> str:
    """Return the text of a BPMN child element; empty if there is none."""
    return str(element.findtext(f"{{{BPMN}}}{child}", "")).strip()


def expression_of(element: Element | None) -> str:
    """Return an expression as it is to be read: one whose language is FEEL begins with `=`."""
    if element is None:
        return ""
    text = str(element.text or "").strip()
    is_feel = "feel" in element.get("language", "").lower()
    return f"={text}" if is_feel and text and not text.startswith("=") else text


def local_name(reference: str) -> str:
    """Return a reference without the namespace prefix that some tools write."""
    return reference.rpartition(":")[2]


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


def _foreign_attributes(element: Element, faults: Faults) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag, value in _attributes(element).items():
        namespace, name = split(tag)
        if namespace not in FOREIGN_ENGINES:
            continue
        if name in _FOREIGN_WORK:
            faults.error(
                element,
                f"What the attribute {name} of another engine names can't be run here.",
                "Give the task a task definition, a called decision or a script.",
            )
        elif "${" in value or "#{" in value:
            faults.error(
                element,
                f"The attribute {name} holds an expression of another engine: {value}",
                "Write it as FEEL, beginning with =.",
            )
        elif namespace == CAMUNDA:
            found[name] = value
    return found


def _check_zeebe(element: Element, name: str, faults: Faults) -> None:
    if name in _READ or name in _HARMLESS:
        return
    faults.error(
        element,
        f"The extension element {name} can't be executed.",
        _REFUSED.get(name, "Remove it."),
    )


def _check_binding(owner: Element, element: Element, faults: Faults) -> None:
    if element.get("bindingType", "latest") != "latest":
        faults.error(
            owner,
            f"The binding {element.get('bindingType')} can't be executed.",
            "Choose the binding latest.",
        )


def _check_foreign_element(element: Element, name: str, faults: Faults) -> None:
    if name in _FOREIGN_HARMLESS:
        return
    faults.error(
        element,
        f"The extension element {name} of another engine can't be executed.",
        "Say the same with the properties panel of today's modellers, or remove it.",
    )
