"""Multi-instances: what they run over, when they are done, what they throw."""

from __future__ import annotations

from typing import Final

from processes.engine.model import Event, ImplicitThrow, MultiInstance
from processes.engine.parsing.data_reader import DataNames
from processes.engine.parsing.event_reader import Declared, read_events
from processes.engine.parsing.extensions import read_extensions
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import (
    expression_in,
    expression_of,
    is_true,
    local_name,
    text_of,
)
from processes.engine.xml import Element

_THROWN: Final = ("message", "signal", "escalation", "error")


def read_multi_instance(element: Element, declared: Declared) -> MultiInstance | None:
    """Read the multi-instance of an activity; None if it is none."""
    loop, faults = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics"), declared.faults
    if loop is None:
        return None
    extensions = read_extensions(loop, faults)
    get, foreign, data = extensions.get, extensions.foreign.get, declared.data
    reference, item = text_of(loop, "loopDataInputRef"), _item_of(loop, "inputDataItem", data)
    result, part = text_of(loop, "loopDataOutputRef"), _item_of(loop, "outputDataItem", data)
    return MultiInstance(
        is_sequential=is_true(loop, "isSequential", default=False),
        collection=(
            get("loopCharacteristics", "inputCollection")
            or _collection(foreign("collection"))
            or (f"={data.name_of(reference)}" if reference else "")
        ),
        item_name=(
            get("loopCharacteristics", "inputElement") or foreign("elementVariable") or item
        ),
        output_collection=(
            get("loopCharacteristics", "outputCollection")
            or (data.name_of(result) if result and part else "")
        ),
        output_element=(
            get("loopCharacteristics", "outputElement") or (f"={part}" if result and part else "")
        ),
        cardinality=expression_in(loop, "loopCardinality"),
        completion_condition=expression_in(loop, "completionCondition"),
        throws=_read_throws(element, loop, declared),
    )


def _item_of(loop: Element, name: str, data: DataNames) -> str:
    item = loop.find(f"{{{BPMN}}}{name}")
    return "" if item is None else data.name_of(str(item.get("id") or item.get("name", "")))


def _collection(text: str) -> str:
    """Return a collection of Camunda 7, which names a variable, as an expression."""
    return f"={text}" if text and not text.startswith("=") else text


def _read_throws(element: Element, loop: Element, declared: Declared) -> tuple[ImplicitThrow, ...]:
    """Read the events that its behavior has it throw (BPMN 2.0.2 table 10.30)."""
    behavior = loop.get("behavior", "All")
    if behavior == "Complex":
        return _read_complex(element, loop, declared)
    attribute = {"None": "noneBehaviorEventRef", "One": "oneBehaviorEventRef"}.get(behavior)
    if attribute is None:
        return ()
    reference = loop.get(attribute)
    if not reference:
        return ()
    definition = declared.definitions.get(local_name(reference))
    if definition is None:
        message = f"The multi-instance throws {reference}, which the file does not declare."
        declared.faults.error(element, message, "Declare the event definition beside the process.")
        return ()
    # The definition stands for an event that holds just it.
    holder = loop.makeelement(f"{{{BPMN}}}intermediateThrowEvent", {"id": element.get("id", "")})
    found = holder.makeelement(f"{{{BPMN}}}eventDefinitionRef")
    found.text = reference
    holder.append(found)
    events = read_events(holder, "intermediateThrowEvent", declared)
    return _checked(element, events, "", declared, only_first=behavior == "One")


def _read_complex(element: Element, loop: Element, declared: Declared) -> tuple[ImplicitThrow, ...]:
    found: list[ImplicitThrow] = []
    for definition in loop.iterchildren(f"{{{BPMN}}}complexBehaviorDefinition"):
        condition = expression_of(definition.find(f"{{{BPMN}}}condition"))
        if not condition:
            message = "A complex behavior of the multi-instance has no condition."
            declared.faults.error(element, message, "Write when its event is thrown.")
        for event in definition.iterchildren(f"{{{BPMN}}}event"):
            events = read_events(event, "intermediateThrowEvent", declared)
            found += _checked(element, events, condition, declared)
    return tuple(found)


def _checked(
    element: Element,
    events: tuple[Event, ...],
    condition: str,
    declared: Declared,
    *,
    only_first: bool = False,
) -> tuple[ImplicitThrow, ...]:
    for event in events:
        if event.kind not in _THROWN:
            message = f"A multi-instance can't throw a {event.kind} event."
            declared.faults.error(element, message, f"It may be: {', '.join(_THROWN)}.")
    return tuple(
        ImplicitThrow(event, condition, only_first) for event in events if event.kind in _THROWN
    )
