"""The words of BPMN 2.0 that we read: what is executed, what is only drawn, what is refused.

An attribute without a namespace that BPMN's schema does not know on an element is a mistake that
may change what the author meant (`cancelactivity`), so it is refused; attributes and elements of
other namespaces are the tools' own (see `schema_checks`).
"""

from __future__ import annotations

from typing import Final

from processes.engine.model import SUB_PROCESSES
from processes.engine.parsing.schema import ELEMENTS

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
FOREIGN_ENGINES: Final = frozenset(
    {
        CAMUNDA,
        "http://activiti.org/bpmn",
        "http://flowable.org/bpmn",
        "http://www.activiti.org/bpmn",
    }
)

NODE_ATTRIBUTES: Final = {
    name: frozenset(ELEMENTS[name].attributes)
    for name in (
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
        *sorted(SUB_PROCESSES),
        "callActivity",
        "complexGateway",
        "exclusiveGateway",
        "inclusiveGateway",
        "parallelGateway",
        "eventBasedGateway",
        "startEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "implicitThrowEvent",
        "boundaryEvent",
        "endEvent",
    )
}
"""The flow nodes that are executed, each with the attributes that BPMN's schema gives it."""

GLOBAL_TASKS: Final = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
"""Tasks beside the processes of a file, each with the task that it is (BPMN 2.0.2 §10.3.6)."""

ACTIVITIES: Final = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
        "callActivity",
        *SUB_PROCESSES,
    }
)

EVENT_DEFINITIONS: Final = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "terminateEventDefinition": "terminate",
    "linkEventDefinition": "link",
    "conditionalEventDefinition": "conditional",
    "compensateEventDefinition": "compensate",
    "cancelEventDefinition": "cancel",
}

REFUSED_NODES: Final = {
    "choreographyTask": "Use a send or a receive task.",
    "subChoreography": "Use a sub-process.",
    "callChoreography": "Use a call activity.",
}

_OUTSIDE = frozenset({"message", "timer", "signal", "conditional"})

# What the schema lets stand where (BPMN 2.0.2 §10.5.2 to §10.5.4).
EVENTS_ALLOWED: Final = {
    "start": _OUTSIDE | {"none"},
    "inner start": frozenset({"none"}),
    "event sub-process start": _OUTSIDE | {"error", "escalation", "compensate"},
    "intermediateCatchEvent": _OUTSIDE | {"link"},
    "intermediateThrowEvent": frozenset(
        {"none", "message", "signal", "escalation", "link", "compensate"}
    ),
    "implicitThrowEvent": frozenset({"none", "message", "signal", "escalation", "compensate"}),
    "boundaryEvent": _OUTSIDE | {"error", "escalation", "compensate", "cancel"},
    "endEvent": frozenset(
        {"none", "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"}
    ),
}

SEVERAL_ALLOWED: Final = {
    "start": _OUTSIDE,
    "event sub-process start": _OUTSIDE | {"error", "escalation"},
    "intermediateCatchEvent": _OUTSIDE,
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation"}),
    "implicitThrowEvent": frozenset({"message", "signal", "escalation"}),
    "boundaryEvent": _OUTSIDE | {"error", "escalation"},
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate"}),
}
"""What an event with several definitions may hold."""

ALL_ALLOWED: Final = _OUTSIDE
"""What it may hold if all of them are needed."""
