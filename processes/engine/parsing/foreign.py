"""What models of Camunda 7, Activiti, Flowable and SpiffWorkflow carry, where it has an equal here.

What would run something that has no equal is refused; what only describes is left aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from processes.engine.model import EMPTY, Mapped
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.juel import is_foreign, to_feel
from processes.engine.parsing.spiff import SPIFF, Spiff, read_spiff
from processes.engine.parsing.vocabulary import BPMN, EVENT_DEFINITIONS, FOREIGN_ENGINES
from processes.engine.parsing.xml_values import split
from processes.engine.xml import Element

_RUNS: Final = frozenset({"class", "delegateExpression", "resource", "formHandlerClass"})
_READ: Final = frozenset(
    [
        "assignee",
        "candidateGroups",
        "candidateUsers",
        "dueDate",
        "followUpDate",
        "priority",
        "formKey",
        "formRef",
        "topic",
        "decisionRef",
        "resultVariable",
        "resultVariableName",
        "collection",
        "elementVariable",
        "elementIndexVariable",
        "calledElementBinding",
        "calledElementVersion",
        "calledElementVersionTag",
        "expression",
        "versionTag",
        "asyncBefore",
        "asyncAfter",
        "async",
        "errorCodeVariable",
        "errorMessageVariable",
        "escalationCodeVariable",
    ]
)
_REFUSED: Final = {
    "executionListener": "Put what the listener does into a task of the diagram.",
    "taskListener": "Put what the listener does into a task of the diagram.",
    "eventListener": "Put what the listener does into a task of the diagram.",
    "connector": "Give the task a task definition.",
    "mapException": "Use a boundary error event.",
}
_WARNED: Final = {
    "formData": "Draw a form and name it in the task.",
    "formProperty": "Draw a form and name it in the task.",
    "field": "Give the task input mappings.",
    "errorEventDefinition": "Use a boundary error event.",
}


_CAUGHT: Final = {
    "errorCodeVariable": "errorCode",
    "errorMessageVariable": "errorMessage",
    "escalationCodeVariable": "escalationCode",
}
"""Where a caught code goes, by the name that the output mappings of an event see."""


@dataclass
class Foreign:
    """What stands at one element, in the model's terms: expressions are FEEL.

    Attributes:
        attributes: By name, whichever of the engines' namespaces they are in.
        passes_all: Whether a call gives all variables in, and out; None where it does not say.
        keeps_result: Output mappings come on top of the result instead of choosing from it.
        retry_cycle: Such as `R3/PT10M`.
    """

    attributes: dict[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    inputs: tuple[Mapped, ...] = ()
    outputs: tuple[Mapped, ...] = ()
    passes_all: dict[str, bool] = field(default_factory=dict)
    keeps_result: bool = False
    retry_cycle: str = ""
    spiff: Spiff = field(default_factory=Spiff)

    def get(self, name: str) -> str:
        """Return an attribute; empty if there is none."""
        return self.attributes.get(name, "")


def read_foreign(element: Element, faults: Faults) -> Foreign:
    """Read what other engines' namespaces say of an element, and note what can't be executed."""
    found = Foreign(attributes=_read_attributes(element, faults))
    for child in element.iterchildren(f"{{{BPMN}}}extensionElements"):
        for extension in child.iterchildren("*"):
            namespace, name = split(extension.tag)
            if namespace in FOREIGN_ENGINES:
                _read_element(element, extension, name, found, faults)
            elif namespace == SPIFF:
                read_spiff(element, extension, name, found.spiff, faults)
    found.inputs += found.spiff.inputs
    _read_definitions(element, found, faults)
    return found


def _read_definitions(element: Element, found: Foreign, faults: Faults) -> None:
    """Read what Camunda 7 writes into the event definitions of an event."""
    for child in element.iterchildren(f"{{{BPMN}}}*"):
        if split(child.tag)[1] not in EVENT_DEFINITIONS:
            continue
        attributes = _read_attributes(child, faults)
        for attribute, known in _CAUGHT.items():
            if name := attributes.get(attribute):
                found.outputs += (Mapped(f"={known}", name),)
                found.keeps_result = True
        if topic := attributes.get("topic"):
            found.attributes.setdefault("topic", topic)


def _read_attributes(element: Element, faults: Faults) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag, value in element.attrib.items():
        namespace, name = split(tag)
        if namespace in FOREIGN_ENGINES:
            found[name] = str(value).strip()
    is_worker = found.get("type") == "external"
    for name in list(found):
        runs = name in _RUNS or (name == "type" and not is_worker and "topic" not in found)
        if runs and split(element.tag)[1] != "process":
            faults.unrunnable(
                element,
                f"What the attribute {name} of another engine names can't be run here.",
                "Give the task a task definition, a called decision or a script.",
            )
        elif name in _READ:
            found[name] = _feel(element, name, found[name], faults)
    return found


def _feel(element: Element, name: str, text: str, faults: Faults) -> str:
    if not is_foreign(text):
        return text
    try:
        return to_feel(text)
    except ValueError as problem:
        faults.unrunnable(
            element,
            f"The {name} is an expression of another engine: {text}; {problem}.",
            "Write it as FEEL, beginning with =.",
        )
        return ""


def _read_element(
    owner: Element, extension: Element, name: str, found: Foreign, faults: Faults
) -> None:
    if name in _REFUSED:
        message = f"The extension element {name} of another engine can't be executed."
        faults.unrunnable(owner, message, _REFUSED[name])
    elif name in _WARNED:
        message = f"The extension element {name} of another engine has no effect."
        faults.warn(owner, message, _WARNED[name])
    elif name == "properties":
        found.properties = {
            str(each.get("name")): str(each.get("value", ""))
            for each in extension.iterchildren("*")
            if each.get("name")
        }
    elif name == "failedJobRetryTimeCycle":
        found.retry_cycle = (extension.text or "").strip()
    elif name == "inputOutput":
        _read_input_output(owner, extension, found, faults)
    elif name in ("in", "out"):
        _read_passed(owner, extension, name, found, faults)


def _read_input_output(owner: Element, extension: Element, found: Foreign, faults: Faults) -> None:
    for parameter in extension.iterchildren("*"):
        name, target = split(parameter.tag)[1], parameter.get("name", "")
        source = _parameter(owner, parameter, faults)
        if name == "inputParameter":
            found.inputs += (Mapped(source, target),)
        elif name == "outputParameter":
            found.outputs += (Mapped(source, target),)
            found.keeps_result = True


def _parameter(owner: Element, parameter: Element, faults: Faults) -> str:
    inner = next(iter(parameter.iterchildren("*")), None)
    if inner is None:
        return _feel(owner, "parameter", (parameter.text or "").strip(), faults)
    kind = split(inner.tag)[1]
    if kind not in ("list", "map") or any(len(each) for each in inner):
        message = f"The {kind} of the parameter {parameter.get('name')} can't be executed."
        faults.unrunnable(owner, message, "Give the task input mappings in FEEL.")
        return ""
    values = [(each.get("key", ""), _item(owner, each, faults)) for each in inner]
    if kind == "list":
        return f"=[{', '.join(value for _, value in values)}]"
    return f"={{{', '.join(f'{_quoted(key)}: {value}' for key, value in values)}}}"


def _item(owner: Element, element: Element, faults: Faults) -> str:
    text = (element.text or "").strip()
    feel = _feel(owner, "parameter", text, faults)
    return feel.removeprefix("=") if feel.startswith("=") else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_passed(
    owner: Element, extension: Element, name: str, found: Foreign, faults: Faults
) -> None:
    """Read what a call activity gives to the called process, or takes from it."""
    is_all = extension.get("variables") == "all"
    found.passes_all[name] = found.passes_all.get(name, False) or is_all
    target = extension.get("target", "")
    expression = extension.get("sourceExpression", "")
    source = extension.get("source", "")
    if is_all or not target or not (source or expression):
        return
    text = _feel(owner, "source", expression, faults) if expression else f"={source}"
    mapped = Mapped(text, target)
    if name == "in":
        found.inputs += (mapped,)
    else:
        found.outputs += (mapped,)
