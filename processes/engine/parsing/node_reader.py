"""The details of one flow node: its event, its loop, its work."""

from __future__ import annotations

from processes.engine.model import (
    SUB_PROCESSES,
    AdHoc,
    Event,
    Node,
    StandardLoop,
    Work,
)
from processes.engine.parsing.event_reader import Declared, read_events
from processes.engine.parsing.extensions import (
    Extensions,
    expression_of,
    is_true,
    local_name,
    read_extensions,
    split,
    text_of,
)
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.loop_reader import read_multi_instance
from processes.engine.parsing.vocabulary import (
    BPMN,
    EVENT_DEFINITIONS,
    NOT_EXECUTED,
)
from processes.engine.xml import Element, line_of

_CHILDREN = {"scriptTask": {"script"}, "complexGateway": {"activationCondition"}}


def read_node(
    element: Element,
    process_id: str,
    parent: str | None,
    declared: Declared,
    type_: str | None = None,
) -> Node:
    """Read a flow node whose type is one that is executed.

    Args:
        element: Where it stands in the file.
        process_id: Of its process.
        parent: The sub-process around it, if any.
        declared: What the file declares.
        type_: What it is, if that is not what its element is called.
    """
    faults, type_ = declared.faults, type_ or split(element.tag)[1]
    extensions = read_extensions(element, faults)
    _refuse_unknown_children(element, type_, faults)
    is_start = type_ == "startEvent"
    events = read_events(element, type_, declared)
    return Node(
        id=element.get("id", ""),
        name=" ".join(element.get("name", "").split()),
        type=type_,
        process_id=process_id,
        line=line_of(element),
        parent_id=parent,
        default_flow=element.get("default"),
        attached_to=element.get("attachedToRef"),
        is_interrupting=is_true(
            element, "isInterrupting" if is_start else "cancelActivity", faults, default=True
        ),
        is_event_sub_process=is_true(element, "triggeredByEvent", faults, default=False),
        event=_single(events),
        events=events if len(events) > 1 else (),
        needs_all=is_true(element, "parallelMultiple", faults, default=False) and len(events) > 1,
        instantiates=is_true(element, "instantiate", faults, default=False),
        is_parallel=element.get("eventGatewayType", "Exclusive") == "Parallel",
        direction=element.get("gatewayDirection", ""),
        activation=expression_of(element.find(f"{{{BPMN}}}activationCondition")),
        ad_hoc=_read_ad_hoc(element, faults) if type_ == "adHocSubProcess" else None,
        is_for_compensation=is_true(element, "isForCompensation", faults, default=False),
        loop=read_multi_instance(element, declared),
        standard_loop=_read_standard_loop(element, faults),
        start_quantity=_quantity(element, "startQuantity", faults),
        completion_quantity=_quantity(element, "completionQuantity", faults),
        inputs=extensions.inputs,
        outputs=extensions.outputs,
        work=_read_work(element, type_, extensions),
        assignment=extensions.assignment,
        form_id=extensions.form_id,
        documentation=text_of(element, "documentation"),
        properties=extensions.properties,
        extensions=extensions.untouched,
        attributes=extensions.own_attributes,
    )


def _single(events: tuple[Event, ...]) -> Event:
    if len(events) > 1:
        return Event("multiple")
    return events[0] if events else Event()


def _refuse_unknown_children(element: Element, type_: str, faults: Faults) -> None:
    if type_ in SUB_PROCESSES:
        return  # its children are read like those of a process
    known = {
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "auditing",
        "categoryValueRef",
        "monitoring",
        "rendering",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "eventDefinitionRef",
        *EVENT_DEFINITIONS,
        "supportedInterfaceRef",
        "ioBinding",
    } | _CHILDREN.get(type_, set())
    for child in element.iterchildren(f"{{{BPMN}}}*"):
        name = split(child.tag)[1]
        if name in NOT_EXECUTED:
            faults.warn(child, f"The element {name} has no effect when the process runs.")
        elif name not in known:
            faults.error(child, f"A {type_} can't hold an element {name}.", "Remove it.")


def _read_ad_hoc(element: Element, faults: Faults) -> AdHoc:
    ordering = element.get("ordering", "Parallel")
    if ordering not in ("Parallel", "Sequential"):
        faults.error(element, f"The ordering {ordering} is neither Parallel nor Sequential.")
    return AdHoc(
        is_sequential=ordering == "Sequential",
        condition=expression_of(element.find(f"{{{BPMN}}}completionCondition")),
        cancels_rest=is_true(element, "cancelRemainingInstances", faults, default=True),
    )


def _read_standard_loop(element: Element, faults: Faults) -> StandardLoop | None:
    loop = element.find(f"{{{BPMN}}}standardLoopCharacteristics")
    if loop is None:
        return None
    condition = expression_of(loop.find(f"{{{BPMN}}}loopCondition"))
    maximum = _whole(loop, "loopMaximum", faults)
    if not condition and maximum is None:
        advice = "Write the condition under which it runs again, or how often it runs at most."
        faults.error(element, "The loop does not say when it ends.", advice)
    is_before = is_true(loop, "testBefore", faults, default=False)
    return StandardLoop(condition, is_before, maximum)


def _quantity(element: Element, attribute: str, faults: Faults) -> int:
    number = _whole(element, attribute, faults)
    if number == 0:
        faults.error(element, f"{attribute} is 0.", "It must be 1 or more (BPMN 2.0.2 §10.3.1).")
    return number or 1


def _whole(element: Element, attribute: str, faults: Faults) -> int | None:
    """Return an attribute that is a whole number from 0; None if it is not there."""
    text = element.get(attribute)
    if text is None:
        return None
    if not text.strip().isdecimal():
        faults.error(element, f"{attribute} is {text!r}, not a whole number.")
        return None
    return int(text)


def _read_work(element: Element, type_: str, extensions: Extensions) -> Work:
    get = extensions.get
    return Work(
        type=get("taskDefinition", "type"),
        retries=get("taskDefinition", "retries"),
        headers=extensions.headers,
        script=get("script", "expression") or text_of(element, "script"),
        script_format=(element.get("scriptFormat") or element.get("scriptLanguage") or "").strip(),
        decision_id=get("calledDecision", "decisionId"),
        result_variable=(
            get("script", "resultVariable")
            or get("calledDecision", "resultVariable")
            or extensions.headers.get("resultVariable", "").strip()
        ),
        called_process=_called(element, type_, extensions),
        pass_all_in=get("calledElement", "propagateAllParentVariables", "true") != "false",
        pass_all_out=get("calledElement", "propagateAllChildVariables", "true") != "false",
    )


def _called(element: Element, type_: str, extensions: Extensions) -> str:
    if type_ != "callActivity":
        return ""
    return extensions.get("calledElement", "processId") or local_name(
        element.get("calledElement", "")
    )
