"""What BPMN's XML schema lets stand where (BPMN 2.0.2, BPMN20.xsd and Semantic.xsd).

A row is `type: base | attributes | children`. An attribute is `name:kind`, with `!` where it is
required; children stand in their order, with `?`, `*`, `+` or nothing (exactly one) as in a DTD,
`2+` for two and more, and `@group` for any element of a group. What a type extends comes first.
"""

from __future__ import annotations

from typing import Final

TYPES: Final = """
definitions: | id:ID name targetNamespace:URI expressionLanguage:URI typeLanguage:URI exporter exporterVersion | documentation* extensionElements? import* extension* @root* relationship*
base: | id:ID | documentation* extensionElements?
documentation: | id:ID textFormat | #mixed
extensionElements: | | #any
extension: | definition:QName mustUnderstand:boolean | documentation*
import: | namespace:URI! location! importType:URI! |
relationship: base | type! direction:RelationshipDirection | source+ target+

flowElement: base | name | auditing? monitoring? categoryValueRef*
flowNode: flowElement | | incoming* outgoing*
activity: flowNode | isForCompensation:boolean startQuantity:integer completionQuantity:integer default:IDREF | ioSpecification? property* dataInputAssociation* dataOutputAssociation* @resourceRole* @loop?
task: activity | |
manualTask: task | |
userTask: task | implementation | rendering*
scriptTask: task | scriptFormat | script?
serviceTask: task | implementation operationRef:QName |
businessRuleTask: task | implementation |
sendTask: task | implementation messageRef:QName operationRef:QName |
receiveTask: task | implementation instantiate:boolean messageRef:QName operationRef:QName |
subProcess: activity | triggeredByEvent:boolean | laneSet* @flowElement* @artifact*
transaction: subProcess | method |
adHocSubProcess: subProcess | cancelRemainingInstances:boolean ordering:Ordering | completionCondition?
callActivity: activity | calledElement:QName |
gateway: flowNode | gatewayDirection:GatewayDirection |
exclusiveGateway: gateway | default:IDREF |
inclusiveGateway: gateway | default:IDREF |
parallelGateway: gateway | |
complexGateway: gateway | default:IDREF | activationCondition?
eventBasedGateway: gateway | instantiate:boolean eventGatewayType:EventGatewayType |
anyEvent: flowNode | | property*
catchEvent: anyEvent | parallelMultiple:boolean | dataOutput* dataOutputAssociation* outputSet? @eventDefinition* eventDefinitionRef*
throwEvent: anyEvent | | dataInput* dataInputAssociation* inputSet? @eventDefinition* eventDefinitionRef*
startEvent: catchEvent | isInterrupting:boolean |
intermediateCatchEvent: catchEvent | |
boundaryEvent: catchEvent | cancelActivity:boolean attachedToRef:QName! |
intermediateThrowEvent: throwEvent | |
implicitThrowEvent: throwEvent | |
event: throwEvent | |
endEvent: throwEvent | |
sequenceFlow: flowElement | sourceRef:IDREF! targetRef:IDREF! isImmediate:boolean | conditionExpression?
dataObject: flowElement | itemSubjectRef:QName isCollection:boolean | dataState?
dataObjectReference: flowElement | itemSubjectRef:QName dataObjectRef:IDREF | dataState?
dataStoreReference: flowElement | itemSubjectRef:QName dataStoreRef:QName | dataState?

callable: base | name | supportedInterfaceRef* ioSpecification? ioBinding*
process: callable | processType:ProcessType isClosed:boolean isExecutable:boolean definitionalCollaborationRef:QName | auditing? monitoring? property* laneSet* @flowElement* @artifact* @resourceRole* correlationSubscription* supports*
globalTask: callable | | @resourceRole*
globalManualTask: globalTask | |
globalBusinessRuleTask: globalTask | implementation |
globalScriptTask: globalTask | scriptLanguage | script?
globalUserTask: globalTask | implementation | rendering*
script: | | #mixed

ioSpecification: base | | dataInput* dataOutput* inputSet+ outputSet+
ioBinding: base | operationRef:QName! inputDataRef:IDREF! outputDataRef:IDREF! |
dataItem: base | name itemSubjectRef:QName isCollection:boolean | dataState?
dataInput: dataItem | |
dataOutput: dataItem | |
inputDataItem: dataItem | |
outputDataItem: dataItem | |
inputSet: base | name | dataInputRefs* optionalInputRefs* whileExecutingInputRefs* outputSetRefs*
outputSet: base | name | dataOutputRefs* optionalOutputRefs* whileExecutingOutputRefs* inputSetRefs*
property: base | name itemSubjectRef:QName | dataState?
dataState: base | name |
dataAssociation: base | | sourceRef* targetRef transformation? assignment*
dataInputAssociation: dataAssociation | |
dataOutputAssociation: dataAssociation | |
assignment: base | | from to
dataStore: base | name capacity:integer isUnlimited:boolean itemSubjectRef:QName | dataState?
itemDefinition: base | structureRef isCollection:boolean itemKind:ItemKind |

resourceRole: base | name | resourceRef? resourceParameterBinding* resourceAssignmentExpression?
performer: resourceRole | |
humanPerformer: resourceRole | |
potentialOwner: resourceRole | |
resource: base | name! | resourceParameter*
resourceParameter: base | name type:QName isRequired:boolean |
resourceParameterBinding: base | parameterRef:QName! | @expression
resourceAssignmentExpression: base | | @expression

loopCharacteristics: base | |
standardLoopCharacteristics: loopCharacteristics | testBefore:boolean loopMaximum:integer | loopCondition?
multiInstanceLoopCharacteristics: loopCharacteristics | isSequential:boolean behavior:MultiInstanceFlowCondition oneBehaviorEventRef:QName noneBehaviorEventRef:QName | loopCardinality? loopDataInputRef? loopDataOutputRef? inputDataItem? outputDataItem? complexBehaviorDefinition* completionCondition?
complexBehaviorDefinition: base | | condition event?

messageEventDefinition: base | messageRef:QName | operationRef?
timerEventDefinition: base | | timeDate? timeDuration? timeCycle?
signalEventDefinition: base | signalRef:QName |
errorEventDefinition: base | errorRef:QName |
escalationEventDefinition: base | escalationRef:QName |
conditionalEventDefinition: base | | condition
compensateEventDefinition: base | waitForCompletion:boolean activityRef:QName |
linkEventDefinition: base | name! | source* target?
cancelEventDefinition: base | |
terminateEventDefinition: base | |
message: base | name itemRef:QName |
signal: base | name structureRef |
error: base | name errorCode structureRef |
escalation: base | name escalationCode structureRef |

expression: base | language:URI evaluatesToTypeRef:QName | #mixed
formalExpression: expression | |

laneSet: base | name | lane*
childLaneSet: laneSet | |
lane: base | name partitionElementRef:QName | partitionElement? flowNodeRef* childLaneSet?
partitionElement: base | | #any

artifactBase: base | |
association: artifactBase | sourceRef:QName! targetRef:QName! associationDirection:AssociationDirection |
group: artifactBase | categoryValueRef:QName |
textAnnotation: artifactBase | textFormat | text?
text: | | #mixed
category: base | name | categoryValue*
categoryValue: base | value |
auditing: base | |
monitoring: base | |
rendering: base | |

interface: base | name! implementationRef:QName | operation+
operation: base | name! implementationRef:QName | inMessageRef outMessageRef? errorRef*
endPoint: base | |
partnerEntity: base | name | participantRef*
partnerRole: base | name | participantRef*

collaboration: base | name isClosed:boolean | participant* messageFlow* @artifact* @conversationNode* conversationAssociation* participantAssociation* messageFlowAssociation* correlationKey* choreographyRef* conversationLink*
globalConversation: collaboration | |
participant: base | name processRef:QName | interfaceRef* endPointRef* participantMultiplicity?
participantMultiplicity: base | minimum:integer maximum:integer |
participantAssociation: base | | innerParticipantRef outerParticipantRef
messageFlow: base | name sourceRef:QName! targetRef:QName! messageRef:QName |
messageFlowAssociation: base | innerMessageFlowRef:QName! outerMessageFlowRef:QName! |
conversationAny: base | name | participantRef* messageFlowRef* correlationKey*
conversation: conversationAny | |
subConversation: conversationAny | | @conversationNode*
callConversation: conversationAny | calledCollaborationRef:QName | participantAssociation*
conversationAssociation: base | innerConversationNodeRef:QName! outerConversationNodeRef:QName! |
conversationLink: base | name sourceRef:QName! targetRef:QName! |
correlationKey: base | name | correlationPropertyRef*
correlationProperty: base | name type:QName | correlationPropertyRetrievalExpression+
correlationPropertyRetrievalExpression: base | messageRef:QName! | messagePath
correlationSubscription: base | correlationKeyRef:QName! | correlationPropertyBinding*
correlationPropertyBinding: base | correlationPropertyRef:QName! | dataPath

choreography: collaboration | | @flowElement*
choreographyActivity: flowNode | initiatingParticipantRef:QName! loopType:ChoreographyLoopType | participantRef2+ correlationKey*
choreographyTask: choreographyActivity | | messageFlowRef+
subChoreography: choreographyActivity | | @flowElement* @artifact*
callChoreography: choreographyActivity | calledChoreographyRef:QName | participantAssociation*
globalChoreographyTask: choreography | initiatingParticipantRef:QName |
"""  # noqa: E501 - a row is a line

EXPRESSIONS: Final = frozenset(
    [
        "condition",
        "activationCondition",
        "completionCondition",
        "conditionExpression",
        "loopCardinality",
        "loopCondition",
        "timeDate",
        "timeDuration",
        "timeCycle",
        "from",
        "to",
        "transformation",
        "messagePath",
        "dataPath",
    ]
)
"""Elements of the type of expressions."""

REFERENCES: Final = frozenset(
    [
        "categoryValueRef",
        "incoming",
        "outgoing",
        "supportedInterfaceRef",
        "supports",
        "eventDefinitionRef",
        "dataInputRefs",
        "optionalInputRefs",
        "whileExecutingInputRefs",
        "outputSetRefs",
        "dataOutputRefs",
        "optionalOutputRefs",
        "whileExecutingOutputRefs",
        "inputSetRefs",
        "sourceRef",
        "targetRef",
        "resourceRef",
        "loopDataInputRef",
        "loopDataOutputRef",
        "operationRef",
        "source",
        "target",
        "flowNodeRef",
        "inMessageRef",
        "outMessageRef",
        "errorRef",
        "participantRef",
        "choreographyRef",
        "interfaceRef",
        "endPointRef",
        "innerParticipantRef",
        "outerParticipantRef",
        "messageFlowRef",
        "correlationPropertyRef",
    ]
)
"""Elements that hold nothing but the name of another."""

GROUPS: Final = {
    "flowElement": frozenset(
        [
            "adHocSubProcess",
            "boundaryEvent",
            "businessRuleTask",
            "callActivity",
            "callChoreography",
            "choreographyTask",
            "complexGateway",
            "dataObject",
            "dataObjectReference",
            "dataStoreReference",
            "endEvent",
            "eventBasedGateway",
            "exclusiveGateway",
            "implicitThrowEvent",
            "inclusiveGateway",
            "intermediateCatchEvent",
            "intermediateThrowEvent",
            "manualTask",
            "parallelGateway",
            "receiveTask",
            "scriptTask",
            "sendTask",
            "sequenceFlow",
            "serviceTask",
            "startEvent",
            "subChoreography",
            "subProcess",
            "task",
            "transaction",
            "userTask",
        ]
    ),
    "artifact": frozenset({"association", "group", "textAnnotation"}),
    "resourceRole": frozenset({"resourceRole", "performer", "humanPerformer", "potentialOwner"}),
    "loop": frozenset({"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"}),
    "expression": frozenset({"expression", "formalExpression"}),
    "conversationNode": frozenset({"conversation", "subConversation", "callConversation"}),
    "eventDefinition": frozenset(
        [
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "errorEventDefinition",
            "escalationEventDefinition",
            "conditionalEventDefinition",
            "compensateEventDefinition",
            "linkEventDefinition",
            "cancelEventDefinition",
            "terminateEventDefinition",
        ]
    ),
    "root": frozenset(
        [
            "category",
            "choreography",
            "collaboration",
            "correlationProperty",
            "dataStore",
            "endPoint",
            "error",
            "escalation",
            "globalBusinessRuleTask",
            "globalChoreographyTask",
            "globalConversation",
            "globalManualTask",
            "globalScriptTask",
            "globalTask",
            "globalUserTask",
            "interface",
            "itemDefinition",
            "message",
            "partnerEntity",
            "partnerRole",
            "process",
            "resource",
            "signal",
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "errorEventDefinition",
            "escalationEventDefinition",
            "conditionalEventDefinition",
            "compensateEventDefinition",
            "linkEventDefinition",
            "cancelEventDefinition",
            "terminateEventDefinition",
        ]
    ),
}

CHOICES: Final = {
    "RelationshipDirection": ("None", "Forward", "Backward", "Both"),
    "Ordering": ("Parallel", "Sequential"),
    "GatewayDirection": ("Unspecified", "Converging", "Diverging", "Mixed"),
    "EventGatewayType": ("Exclusive", "Parallel"),
    "ProcessType": ("None", "Public", "Private"),
    "ItemKind": ("Information", "Physical"),
    "MultiInstanceFlowCondition": ("None", "One", "All", "Complex"),
    "AssociationDirection": ("None", "One", "Both"),
    "ChoreographyLoopType": (
        "None",
        "Standard",
        "MultiInstanceSequential",
        "MultiInstanceParallel",
    ),
}
