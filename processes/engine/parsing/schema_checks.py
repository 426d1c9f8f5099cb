"""What BPMN's XML schema says of each element: its children, its attributes, its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from processes.engine.parsing.faults import Faults
from processes.engine.parsing.references import check_references
from processes.engine.parsing.schema import ElementType, type_of
from processes.engine.parsing.schema_tables import CHOICES
from processes.engine.parsing.vocabulary import BPMN, NODE_ATTRIBUTES
from processes.engine.parsing.xml_values import local_name, split
from processes.engine.xml import Element

_ID: Final = re.compile(r"[^\W\d][\w.\-·]*")
_NAME: Final = re.compile(r"(?:[^\W\d][\w.\-·]*:)?[^\W\d][\w.\-·]*")
_INTEGER: Final = re.compile(r"[+-]?\d+")
_BOOLEANS: Final = ("true", "false", "1", "0")
_MERELY_ADVISED: Final = frozenset({"targetNamespace"})
"""Required by the schema, but of no consequence: many files are written by hand without it."""
_FREE: Final = frozenset({"calledElement", "structureRef", "implementationRef", "itemSubjectRef"})
"""References to what may be outside of the file, written by tools in many ways."""


def check_schema(root: Element, faults: Faults) -> None:
    """Note what the schema forbids in the file."""
    elements = [each for each in root.iter("*") if split(each.tag)[0] == BPMN]
    _check_ids(elements, faults)
    for element in elements:
        name, parent = split(element.tag)[1], _parent_name(element)
        kind = type_of(name, parent)
        if kind is None or _is_extension(element):
            continue
        _check_attributes(element, name, kind, faults)
        if not kind.is_open:
            _check_children(element, name, kind, faults)
        if name == "extension" and element.get("mustUnderstand", "").strip() in ("true", "1"):
            what = element.get("definition")
            message = f"The file needs an extension that isn't known: {what}."
            faults.error(element, message, "Remove it, if the model means the same without it.")
    check_references(root, elements, faults)
    _check_flow_lists(elements, faults)


def _parent_name(element: Element) -> str:
    parent = element.getparent()
    return "" if parent is None else split(parent.tag)[1]


def _is_extension(element: Element) -> bool:
    return any(split(each.tag)[0] != BPMN for each in element.iterancestors())


def _check_ids(elements: list[Element], faults: Faults) -> None:
    seen: set[str] = set()
    for element in elements:
        identifier = element.get("id")
        if identifier is None:
            continue
        if identifier in seen:
            faults.error(element, f"The id {identifier} is used twice.", "Give each its own id.")
        seen.add(identifier)


def _check_attributes(element: Element, name: str, kind: ElementType, faults: Faults) -> None:
    for attribute, value in element.attrib.items():
        if str(attribute).startswith("{"):
            continue
        known = kind.attributes.get(str(attribute))
        if known is None:
            faults.error(
                element,
                f"BPMN knows no attribute {attribute!s} on {name}.",
                "Remove it, or correct its spelling (case matters).",
            )
        elif problem := _problem_of(str(attribute), str(value).strip(), known):
            faults.error(element, *problem)
    for attribute in kind.required:
        if attribute in element.attrib and (element.get(attribute) or kind.attributes[attribute]):
            continue
        note = faults.warn if attribute in _MERELY_ADVISED else faults.error
        note(element, f"The {name} has no {attribute}.", "Add it: the schema of BPMN requires it.")


def _problem_of(attribute: str, value: str, kind: str) -> tuple[str, str] | None:
    """Return what is wrong with the value of an attribute, and what to do; None if nothing is."""
    if kind in CHOICES and value not in CHOICES[kind]:
        return f"{attribute} is {value!r}.", f"Use one of {', '.join(CHOICES[kind])}."
    if kind == "boolean" and value not in _BOOLEANS:
        return f"{attribute} is {value!r}, not true or false.", "Write true or false."
    if kind == "integer" and not _INTEGER.fullmatch(value):
        return f"{attribute} is {value!r}, not a whole number.", "Write it in digits."
    if kind == "ID" and not _ID.fullmatch(value):
        advice = "Begin it with a letter or underscore; use letters, digits, -, _ and . only."
        return f"The id {value!r} is none that XML allows.", advice
    if kind in ("QName", "IDREF") and value and attribute not in _FREE:
        pattern = _NAME if kind == "QName" else _ID
        if not pattern.fullmatch(value):
            return f"{attribute} is {value!r}, which can't be the id of anything.", "Correct it."
    return None


def _check_children(element: Element, name: str, kind: ElementType, faults: Faults) -> None:
    """Children stand in the order of the schema, as often as it says."""
    texts = (element.text, *(child.tail for child in element))
    if any((text or "").strip() for text in texts):
        faults.error(element, f"A {name} can't hold text.", "Remove it, or write a documentation.")
    counts = [0] * len(kind.slots)
    reached, last = 0, ""
    for child in element.iterchildren(f"{{{BPMN}}}*"):
        inner = split(child.tag)[1]
        place = kind.places.get(inner)
        if place is None:
            faults.error(child, _misplaced(name, inner), "Remove it, or put it where it belongs.")
            continue
        if place < reached:
            message = f"In a {name} the element {inner} can't stand behind {last}."
            faults.error(child, message, f"Put it before {last}, in the order of the schema.")
        else:
            reached, last = place, inner
        counts[place] += 1
    for message in _miscounted(name, kind, counts):
        faults.error(element, message, "Add or remove what the schema of BPMN does not allow.")


def _misplaced(name: str, inner: str) -> str:
    if type_of(inner, name) is None:
        return f"The element {inner} is not known."
    return f"A {name} can't hold an element {inner}."


def _miscounted(name: str, kind: ElementType, counts: list[int]) -> Iterator[str]:
    for slot, count in zip(kind.slots, counts, strict=True):
        if slot.most is not None and count > slot.most:
            yield f"A {name} has {count} elements {slot.name}, but may have {slot.most}."
        elif count < slot.least:
            yield f"A {name} has no element {slot.name}, but needs one."


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
