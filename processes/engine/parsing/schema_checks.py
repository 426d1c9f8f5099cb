"""What BPMN's XML schema says of ids, references and choices, element by element."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from processes.engine.parsing.extensions import local_name, split
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.vocabulary import BPMN, NODE_ATTRIBUTES
from processes.engine.xml import Element

_ID = re.compile(r"[^\W\d][\w.\-·]*")
_CHOICES: Final = {
    "gatewayDirection": ("Unspecified", "Converging", "Diverging", "Mixed"),
    "eventGatewayType": ("Exclusive", "Parallel"),
    "processType": ("None", "Public", "Private"),
    "behavior": ("None", "One", "All", "Complex"),
    "associationDirection": ("None", "One", "Both"),
}
_REFERENCES: Final = {
    "sequenceFlow": ("sourceRef", "targetRef"),
    "association": ("sourceRef", "targetRef"),
    "boundaryEvent": ("attachedToRef",),
}


def check_schema(root: Element, faults: Faults) -> None:
    """Note what the schema forbids in the file."""
    elements = [each for each in root.iter("*") if split(each.tag)[0] == BPMN]
    ids = {str(each.get("id")) for each in elements if each.get("id")}
    for element in elements:
        _check_id(element, faults)
        _check_choices(element, faults)
        for message in _dangling(element, ids):
            faults.error(element, message, "Connect it to an element of the file.")
    _check_flow_lists(elements, faults)


def _check_id(element: Element, faults: Faults) -> None:
    identifier = element.get("id")
    if identifier is not None and not _ID.fullmatch(identifier):
        advice = "Begin it with a letter or underscore; use letters, digits, -, _ and . only."
        faults.error(element, f"The id {identifier!r} is none that XML allows.", advice)


def _check_choices(element: Element, faults: Faults) -> None:
    for attribute, choices in _CHOICES.items():
        value = element.get(attribute)
        if value is not None and value not in choices:
            advice = f"Use one of {', '.join(choices)}."
            faults.error(element, f"{attribute} is {value!r}.", advice)


def _dangling(element: Element, ids: set[str]) -> Iterator[str]:
    """Yield what is wrong with references that the schema requires.

    Flows and boundary events are looked at again as parts of their process.
    """
    name = split(element.tag)[1]
    for attribute in _REFERENCES.get(name, ()):
        reference = element.get(attribute)
        if not reference:
            yield f"The {name} has no {attribute}."
        elif name == "association" and local_name(reference) not in ids:
            yield f"The association leads to {reference}, which isn't there."


def _check_flow_lists(elements: list[Element], faults: Faults) -> None:
    """What a node lists as its flows must be flows that lead to it or leave it (§8.4.13)."""
    ends = {
        (end, str(each.get("id"))): local_name(each.get(attribute, ""))
        for each in elements
        if split(each.tag)[1] == "sequenceFlow"
        for end, attribute in (("incoming", "targetRef"), ("outgoing", "sourceRef"))
    }
    for element in elements:
        name, parent = split(element.tag)[1], element.getparent()
        if name not in ("incoming", "outgoing") or parent is None:
            continue
        if split(parent.tag)[1] not in NODE_ATTRIBUTES:
            continue
        flow = local_name((element.text or "").strip())
        if ends.get((name, flow)) != parent.get("id"):
            message = (
                f"It lists {flow or 'nothing'} as {name}, but no such flow is connected to it."
            )
            faults.error(parent, message, "Draw the flow anew, or remove the entry.")
