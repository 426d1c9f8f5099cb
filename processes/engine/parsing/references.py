"""References from one element to another: each leads to something of the right kind.

A reference with a prefix for another namespace leads out of the file and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from processes.engine.parsing.faults import Faults
from processes.engine.parsing.schema_tables import GROUPS
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import local_name, split
from processes.engine.xml import Element

_DATA: Final = frozenset(
    {"dataObject", "dataObjectReference", "dataStoreReference", "property", "dataInput"}
    | {"dataOutput", "inputDataItem", "outputDataItem"}
)
_FLOW_NODES: Final = GROUPS["flowElement"] - {
    "sequenceFlow",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
}
_FIRM: Final = {
    ("dataObjectReference", "dataObjectRef"): {"dataObject"},
    ("messageFlow", "messageRef"): {"message"},
    ("correlationPropertyRetrievalExpression", "messageRef"): {"message"},
    ("correlationPropertyBinding", "correlationPropertyRef"): {"correlationProperty"},
    ("correlationKey", "correlationPropertyRef"): {"correlationProperty"},
    ("correlationSubscription", "correlationKeyRef"): {"correlationKey"},
    ("dataInputAssociation", "sourceRef"): _DATA,
    ("dataOutputAssociation", "targetRef"): _DATA,
    ("dataInputAssociation", "targetRef"): _DATA,
    ("dataOutputAssociation", "sourceRef"): _DATA,
    ("inputSet", "dataInputRefs"): {"dataInput"},
    ("inputSet", "optionalInputRefs"): {"dataInput"},
    ("inputSet", "whileExecutingInputRefs"): {"dataInput"},
    ("outputSet", "dataOutputRefs"): {"dataOutput"},
    ("outputSet", "optionalOutputRefs"): {"dataOutput"},
    ("outputSet", "whileExecutingOutputRefs"): {"dataOutput"},
    ("multiInstanceLoopCharacteristics", "loopDataInputRef"): _DATA,
    ("multiInstanceLoopCharacteristics", "loopDataOutputRef"): _DATA,
    ("operation", "inMessageRef"): {"message"},
    ("operation", "outMessageRef"): {"message"},
    ("operation", "errorRef"): {"error"},
    ("serviceTask", "operationRef"): {"operation"},
    ("sendTask", "operationRef"): {"operation"},
    ("receiveTask", "operationRef"): {"operation"},
    ("messageEventDefinition", "operationRef"): {"operation"},
    ("ioBinding", "operationRef"): {"operation"},
    ("lane", "flowNodeRef"): _FLOW_NODES | {"sequenceFlow", *_DATA},
    ("conversationLink", "sourceRef"): None,
    ("conversationLink", "targetRef"): None,
    ("conversation", "participantRef"): {"participant"},
    ("choreographyTask", "participantRef"): {"participant"},
    ("resourceRole", "resourceRef"): {"resource"},
    ("performer", "resourceRef"): {"resource"},
    ("humanPerformer", "resourceRef"): {"resource"},
    ("potentialOwner", "resourceRef"): {"resource"},
    ("association", "sourceRef"): None,
    ("association", "targetRef"): None,
}
"""What has to be there, by element and reference; None for anything."""
_LOOSE: Final = {
    ("dataStoreReference", "dataStoreRef"): {"dataStore"},
    ("message", "itemRef"): {"itemDefinition"},
    ("group", "categoryValueRef"): {"categoryValue"},
    ("process", "definitionalCollaborationRef"): {"collaboration", "choreography"},
    ("participant", "interfaceRef"): {"interface"},
    ("process", "supportedInterfaceRef"): {"interface"},
}
"""References without any effect here: only warned about."""
_FREE: Final = {
    ("callActivity", "calledElement"): {
        "process",
        "globalTask",
        "globalUserTask",
        "globalManualTask",
        "globalScriptTask",
        "globalBusinessRuleTask",
    },
}
"""References to what may also be outside of the file."""


def check_references(root: Element, elements: list[Element], faults: Faults) -> None:
    """Note references that lead nowhere, or to something of the wrong kind."""
    kinds = {str(each.get("id")): split(each.tag)[1] for each in elements if each.get("id")}
    namespace = root.get("targetNamespace", "")
    for element, owner, attribute, reference in _references(elements):
        key = (owner, attribute)
        wanted = _FIRM.get(key, _LOOSE.get(key, _FREE.get(key)))
        found = kinds.get(local_name(reference))
        is_free = found is None and key in _FREE
        if is_free or _leads_outside(element, reference, namespace):
            continue
        if found is not None and (wanted is None or found in wanted):
            continue
        note = faults.warn if key in _LOOSE else faults.error
        if found is None:
            message = f"The {owner} refers by {attribute} to {reference}, which isn't there."
        else:
            message = f"The {owner} refers by {attribute} to {reference}, which is a {found}."
        note(element, message, "Connect it to the right element of the file, or remove it.")


def _references(elements: list[Element]) -> Iterator[tuple[Element, str, str, str]]:
    """Yield each reference that is looked at: its element, that element's name, and its own."""
    known = {*_FIRM, *_LOOSE, *_FREE}
    for element in elements:
        owner = split(element.tag)[1]
        for attribute, value in element.attrib.items():
            if (owner, str(attribute)) in known and str(value).strip():
                yield element, owner, str(attribute), str(value).strip()
        for child in element.iterchildren(f"{{{BPMN}}}*"):
            name, text = split(child.tag)[1], (child.text or "").strip()
            if (owner, name) in known and text:
                yield element, owner, name, text


def _leads_outside(element: Element, reference: str, namespace: str) -> bool:
    prefix, colon, _ = reference.rpartition(":")
    return bool(colon) and element.nsmap.get(prefix, namespace) not in (namespace, BPMN)
