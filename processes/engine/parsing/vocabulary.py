"""The words of BPMN 2.0 that we read: what is executed, what is only drawn, what is refused.

An attribute without a namespace that BPMN's schema does not know on an element is a mistake that
may change what the author meant (`cancelactivity`), so it is refused; attributes and elements of
other namespaces are the tools' own.
"""

from __future__ import annotations

from typing import Final

from processes.engine.model import SUB_PROCESSES

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

_ELEMENT = frozenset({"id", "name"})
_ACTIVITY = _ELEMENT | {"isForCompensation", "startQuantity", "completionQuantity", "default"}
_GATEWAY = _ELEMENT | {"gatewayDirection"}

NODE_ATTRIBUTES: Final = {
    "task": _ACTIVITY,
    "userTask": _ACTIVITY | {"implementation"},
    "manualTask": _ACTIVITY,
    "scriptTask": _ACTIVITY | {"scriptFormat"},
    "serviceTask": _ACTIVITY | {"implementation", "operationRef"},
    "businessRuleTask": _ACTIVITY | {"implementation"},
    "sendTask": _ACTIVITY | {"implementation", "operationRef", "messageRef"},
    "receiveTask": _ACTIVITY | {"implementation", "operationRef", "messageRef", "instantiate"},
    "subProcess": _ACTIVITY | {"triggeredByEvent"},
    "transaction": _ACTIVITY | {"triggeredByEvent", "method"},
    "adHocSubProcess": _ACTIVITY | {"triggeredByEvent", "ordering", "cancelRemainingInstances"},
    "callActivity": _ACTIVITY | {"calledElement"},
    "complexGateway": _GATEWAY | {"default"},
    "exclusiveGateway": _GATEWAY | {"default"},
    "inclusiveGateway": _GATEWAY | {"default"},
    "parallelGateway": _GATEWAY,
    "eventBasedGateway": _GATEWAY | {"instantiate", "eventGatewayType"},
    "startEvent": _ELEMENT | {"isInterrupting", "parallelMultiple"},
    "intermediateCatchEvent": _ELEMENT | {"parallelMultiple"},
    "intermediateThrowEvent": _ELEMENT,
    "boundaryEvent": _ELEMENT | {"attachedToRef", "cancelActivity", "parallelMultiple"},
    "endEvent": _ELEMENT,
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

ATTRIBUTES: Final = {
    **{name: _ELEMENT | {"implementation", "scriptLanguage"} for name in GLOBAL_TASKS},
    "definitions": _ELEMENT
    | {"targetNamespace", "expressionLanguage", "typeLanguage", "exporter", "exporterVersion"},
    "process": _ELEMENT
    | {"processType", "isClosed", "isExecutable", "definitionalCollaborationRef"},
    "sequenceFlow": _ELEMENT | {"sourceRef", "targetRef", "isImmediate"},
    "multiInstanceLoopCharacteristics": _ELEMENT
    | {"isSequential", "behavior", "oneBehaviorEventRef", "noneBehaviorEventRef"},
    "standardLoopCharacteristics": _ELEMENT | {"testBefore", "loopMaximum"},
    "message": _ELEMENT | {"itemRef"},
    "signal": _ELEMENT | {"structureRef"},
    "error": _ELEMENT | {"errorCode", "structureRef"},
    "escalation": _ELEMENT | {"escalationCode", "structureRef"},
}

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
    "implicitThrowEvent": "Use an intermediate throw event.",
    "choreographyTask": "Use a send or a receive task.",
    "subChoreography": "Use a sub-process.",
    "callChoreography": "Use a call activity.",
}

DRAWN_ONLY: Final = frozenset(
    {
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "laneSet",
        "association",
        "textAnnotation",
        "group",
        "auditing",
        "monitoring",
        "supports",
        "categoryValueRef",
        "rendering",
        "artifact",
        "ioBinding",
        "supportedInterfaceRef",
    }
)
"""Children of processes and nodes that change nothing when left aside."""

NOT_EXECUTED: Final = frozenset(
    {
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "ioSpecification",
        "property",
        "dataInputAssociation",
        "dataOutputAssociation",
        "dataInput",
        "dataOutput",
        "inputSet",
        "outputSet",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "correlationSubscription",
    }
)
"""Children that mean something to a reader, but nothing to the engine: a warning each."""

READ_ELSEWHERE: Final = frozenset(
    {
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "completionCondition",
        "script",
        "eventDefinitionRef",
    }
)
"""Children of nodes that the readers of details look at."""

_OUTSIDE = frozenset({"message", "timer", "signal", "conditional"})

# What the schema lets stand where (BPMN 2.0.2 §10.5.2 to §10.5.4), less what is not executed yet:
# nothing looks at the condition of a process that has not begun.
EVENTS_ALLOWED: Final = {
    "start": frozenset({"none", "message", "timer", "signal"}),
    "inner start": frozenset({"none"}),
    "event sub-process start": _OUTSIDE | {"error", "escalation", "compensate"},
    "intermediateCatchEvent": _OUTSIDE | {"link"},
    "intermediateThrowEvent": frozenset(
        {"none", "message", "signal", "escalation", "link", "compensate"}
    ),
    "boundaryEvent": _OUTSIDE | {"error", "escalation", "compensate", "cancel"},
    "endEvent": frozenset(
        {"none", "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"}
    ),
}

SEVERAL_ALLOWED: Final = {
    "start": frozenset({"message", "timer", "signal"}),
    "event sub-process start": _OUTSIDE | {"error", "escalation"},
    "intermediateCatchEvent": _OUTSIDE,
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation"}),
    "boundaryEvent": _OUTSIDE | {"error", "escalation"},
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate"}),
}
"""What an event with several definitions may hold."""

ALL_ALLOWED: Final = _OUTSIDE
"""What it may hold if all of them are needed."""
