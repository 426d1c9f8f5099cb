"""What an event waits for or throws."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from processes.engine.model import SUB_PROCESSES, THROWING, Event, TimerKind
from processes.engine.parsing.data_reader import DataNames
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.vocabulary import BPMN, EVENT_DEFINITIONS
from processes.engine.parsing.xml_values import expression_of, is_true, local_name, split, text_of
from processes.engine.xml import Element

_TIMERS: dict[str, TimerKind] = {
    "timeDate": "date",
    "timeDuration": "duration",
    "timeCycle": "cycle",
}
_ISO = re.compile(r"-?P|R\d*/|\d{4}-")
_DEFINITIONS = {*EVENT_DEFINITIONS, "eventDefinitionRef"}


@dataclass
class Declared:
    """What the file declares for its events to refer to, each by id, and the faults so far.

    Attributes:
        flow_messages: Names of messages by the element at either end of their message flow.
        payloads: What thrown messages carry, and where caught ones go, as SpiffWorkflow's models
            say it: Python syntax and the name of a variable, by message.
        operations: The message that an operation takes, by operation.
        paths: The correlation properties of a message, each with the path to its value.
        labels: The names of correlation properties.
        data: What the file's data are called.
        resources: The names of the file's resources.
        bindings: The path to a property's value in a process, by process and property.
    """

    faults: Faults
    messages: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    escalations: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Element] = field(default_factory=dict)
    flow_messages: dict[str, str] = field(default_factory=dict)
    payloads: dict[str, tuple[str, str]] = field(default_factory=dict)
    operations: dict[str, str] = field(default_factory=dict)
    paths: dict[str, dict[str, str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    data: DataNames = field(default_factory=DataNames)
    resources: dict[str, str] = field(default_factory=dict)
    bindings: dict[tuple[str, str], str] = field(default_factory=dict)


def read_events(element: Element, type_: str, declared: Declared) -> tuple[Event, ...]:
    """Read what an event waits for or throws; a task's message too."""
    if type_ in ("sendTask", "receiveTask"):
        has_message = (
            element.get("messageRef")
            or element.get("operationRef")
            or element.get("id") in declared.flow_messages
        )
        return (_message(element, element, declared),) if has_message else ()
    definitions = [
        child
        for child in element.iterchildren(f"{{{BPMN}}}*")
        if split(child.tag)[1] in _DEFINITIONS
    ]
    if not definitions or type_ in SUB_PROCESSES:
        return ()
    if not type_.endswith("Event"):
        declared.faults.error(element, f"A {type_} can't hold an event definition.", "Remove it.")
        return ()
    found = [_resolved(definition, element, declared) for definition in definitions]
    return tuple(_read_definition(one, element, declared) for one in found if one is not None)


def _resolved(definition: Element, element: Element, declared: Declared) -> Element | None:
    """Return an event definition, or the shared one that a reference names (§10.5.5)."""
    if split(definition.tag)[1] != "eventDefinitionRef":
        return definition
    reference = (definition.text or "").strip()
    found = declared.definitions.get(local_name(reference))
    if found is None:
        message = f"The event refers to a definition {reference} that the file does not declare."
        declared.faults.error(element, message, "Put the definition into the event.")
    return found


def _read_definition(definition: Element, element: Element, declared: Declared) -> Event:
    return _READERS[split(definition.tag)[1]](definition, element, declared)


def _message(definition: Element, element: Element, declared: Declared) -> Event:
    names = {identifier: name for identifier, (name, _) in declared.messages.items()}
    reference = definition.get("messageRef") or _message_of_operation(definition, declared)
    if reference is None and element.get("id") in declared.flow_messages:
        return Event("message", name=declared.flow_messages[element.get("id", "")])
    name = _referred(element, reference, names, "message", declared.faults)
    if not name or reference is None:
        return Event("message", name=name)
    message = local_name(reference)
    paths = _paths_to_keys(element, message, declared)
    key, (payload, variable) = declared.messages[message][1], declared.payloads[message]
    if key is None and len(paths) == 1:
        key = paths[0][1]
    return Event(
        "message",
        name=name,
        correlation_key=key,
        correlation=() if key is not None else paths,
        is_keyed_by_path=declared.messages[message][1] is None,
        payload=payload,
        variable=variable,
    )


def _message_of_operation(definition: Element, declared: Declared) -> str | None:
    """Return the message that the operation of a task or event takes (§8.4.3)."""
    operation = definition.get("operationRef") or text_of(definition, "operationRef")
    return declared.operations.get(local_name(operation)) if operation else None


def _paths_to_keys(
    element: Element, message: str, declared: Declared
) -> tuple[tuple[str, str], ...]:
    """Return the properties of a message's key where an element throws or catches it (§8.4.2)."""
    paths = declared.paths.get(message, {})
    if split(element.tag)[1] not in THROWING:
        process = next(element.iterancestors(f"{{{BPMN}}}process"), None)
        owner = "" if process is None else process.get("id", "")
        paths = {name: declared.bindings.get((owner, name), path) for name, path in paths.items()}
    return tuple(sorted((declared.labels.get(name, name), path) for name, path in paths.items()))


def _signal(definition: Element, element: Element, declared: Declared) -> Event:
    reference = definition.get("signalRef")
    name = _referred(element, reference, declared.signals, "signal", declared.faults)
    return Event("signal", name=name)


def _error(definition: Element, element: Element, declared: Declared) -> Event:
    reference = definition.get("errorRef")
    return Event("error", code=_code(element, reference, declared.errors, "error", declared.faults))


def _escalation(definition: Element, element: Element, declared: Declared) -> Event:
    reference, codes = definition.get("escalationRef"), declared.escalations
    return Event("escalation", code=_code(element, reference, codes, "escalation", declared.faults))


def _link(definition: Element, element: Element, declared: Declared) -> Event:
    name = definition.get("name", "").strip() or element.get("name", "").strip()
    if not name:
        declared.faults.error(element, "A link event has no name.", "Name it like its counterpart.")
    return Event("link", name=name)


def _terminate(_definition: Element, _element: Element, _declared: Declared) -> Event:
    return Event("terminate")


def _compensate(definition: Element, _element: Element, _declared: Declared) -> Event:
    activity = local_name(definition.get("activityRef", ""))
    waits = is_true(definition, "waitForCompletion", default=True)
    return Event("compensate", activity=activity, waits=waits)


def _cancel(_definition: Element, _element: Element, _declared: Declared) -> Event:
    return Event("cancel")


def _conditional(definition: Element, element: Element, declared: Declared) -> Event:
    text = expression_of(definition.find(f"{{{BPMN}}}condition"))
    if not text:
        advice = "Write when it is to happen, such as =amount > 100."
        declared.faults.error(element, "The conditional event has no condition.", advice)
    return Event("conditional", expression=text)


def _timer(definition: Element, element: Element, declared: Declared) -> Event:
    found = [
        (kind, _time_of(child))
        for name, kind in _TIMERS.items()
        for child in definition.iterchildren(f"{{{BPMN}}}{name}")
    ]
    if len(found) != 1 or not found[0][1]:
        declared.faults.need(
            element,
            "The timer event must have exactly one date, duration or cycle.",
            "Write one, such as PT15M or =deal.due_at.",
        )
        is_start = split(element.tag)[1] == "startEvent"
        return Event() if is_start else Event("timer", timer="duration")
    return Event("timer", timer=found[0][0], expression=found[0][1])


def _time_of(element: Element) -> str:
    """Return the text of a timer; one that is no ISO 8601 text may be in the file's language."""
    written = str(element.text or "").strip()
    return written if _ISO.match(written) else expression_of(element)


def _code(
    element: Element, reference: str | None, declared: dict[str, str], kind: str, faults: Faults
) -> str:
    if reference is None:
        return ""  # catches every code; that a throwing event has one is checked with the rest
    return _referred(element, reference, declared, kind, faults)


def _referred(
    element: Element, reference: str | None, declared: dict[str, str], kind: str, faults: Faults
) -> str:
    if reference is None:
        faults.need(element, f"The event names no {kind}.", f"Choose or create its {kind}.")
        return " ".join(element.get("name", "").split()) or element.get("id", "")
    found = declared.get(local_name(reference))
    if found is None:
        faults.error(
            element,
            f"The event refers to a {kind} {reference} that the file does not declare.",
            f"Choose or create its {kind}.",
        )
    return found or ""


_READERS = {
    "messageEventDefinition": _message,
    "timerEventDefinition": _timer,
    "signalEventDefinition": _signal,
    "errorEventDefinition": _error,
    "escalationEventDefinition": _escalation,
    "terminateEventDefinition": _terminate,
    "linkEventDefinition": _link,
    "conditionalEventDefinition": _conditional,
    "compensateEventDefinition": _compensate,
    "cancelEventDefinition": _cancel,
}
