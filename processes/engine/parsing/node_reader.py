"""The details of one flow node: its event, its loop, its work."""

from __future__ import annotations

from processes.engine.model import (
    SUB_PROCESSES,
    AdHoc,
    BindingKind,
    Event,
    Node,
    StandardLoop,
    Work,
)
from processes.engine.parsing.asynchrony import is_async, read_retries
from processes.engine.parsing.data_reader import (
    names_inside,
    read_input_sets,
    read_inputs,
    read_outputs,
)
from processes.engine.parsing.event_reader import Declared, read_events
from processes.engine.parsing.extensions import Extensions, read_extensions
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.juel import to_feel_if_possible
from processes.engine.parsing.loop_reader import read_multi_instance
from processes.engine.parsing.roles import with_roles
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import expression_of, is_true, local_name, split, text_of
from processes.engine.xml import Element, line_of


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
            element, "isInterrupting" if is_start else "cancelActivity", default=True
        ),
        is_event_sub_process=is_true(element, "triggeredByEvent", default=False),
        event=_single(events),
        events=events if len(events) > 1 else (),
        needs_all=is_true(element, "parallelMultiple", default=False) and len(events) > 1,
        instantiates=is_true(element, "instantiate", default=False),
        is_parallel=element.get("eventGatewayType", "Exclusive") == "Parallel",
        direction=element.get("gatewayDirection", ""),
        activation=expression_of(element.find(f"{{{BPMN}}}activationCondition")),
        ad_hoc=_read_ad_hoc(element) if type_ == "adHocSubProcess" else None,
        is_for_compensation=is_true(element, "isForCompensation", default=False),
        loop=read_multi_instance(element, declared),
        standard_loop=_read_standard_loop(element, faults),
        start_quantity=_quantity(element, "startQuantity", faults),
        completion_quantity=_quantity(element, "completionQuantity", faults),
        async_before=is_async(element, extensions, "asyncBefore", faults),
        async_after=is_async(element, extensions, "asyncAfter", faults),
        retries=read_retries(element, extensions, faults),
        data_inputs=read_inputs(element, declared.data),
        data_outputs=read_outputs(element, declared.data),
        input_sets=read_input_sets(element, declared.data),
        own_names=names_inside(element, declared.data) if type_ in SUB_PROCESSES else (),
        inputs=extensions.inputs,
        outputs=extensions.outputs,
        work=_read_work(element, type_, extensions),
        assignment=with_roles(extensions.assignment, element, declared.resources),
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


def _read_ad_hoc(element: Element) -> AdHoc:
    ordering = element.get("ordering", "Parallel")
    return AdHoc(
        is_sequential=ordering == "Sequential",
        condition=expression_of(element.find(f"{{{BPMN}}}completionCondition")),
        cancels_rest=is_true(element, "cancelRemainingInstances", default=True),
    )


def _read_standard_loop(element: Element, faults: Faults) -> StandardLoop | None:
    loop = element.find(f"{{{BPMN}}}standardLoopCharacteristics")
    if loop is None:
        return None
    condition = expression_of(loop.find(f"{{{BPMN}}}loopCondition"))
    maximum = _whole(loop, "loopMaximum", faults)
    if not condition and maximum is None:
        advice = "Write the condition under which it runs again, or how often it runs at most."
        faults.need(element, "The loop does not say when it ends.", advice)
        maximum = 1  # drawn, but not to be executed formally (§10.3.8.1)
    is_before = is_true(loop, "testBefore", default=False)
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
    try:
        number = int(text)
    except ValueError:
        return None  # the check of the schema has said so
    if number < 0:
        faults.error(element, f"{attribute} is {number}.", "It can't be negative.")
        return None
    return number


def _read_work(element: Element, type_: str, extensions: Extensions) -> Work:
    get, foreign = extensions.get, extensions.foreign
    worker = foreign.get("topic") or foreign.spiff.operator
    called, (binding, value) = _called(element, type_, extensions), _binding(extensions)
    return Work(
        type=get("taskDefinition", "type") or worker,
        retries=get("taskDefinition", "retries"),
        headers=extensions.headers,
        script=_script(element, extensions),
        script_format=(element.get("scriptFormat") or element.get("scriptLanguage") or "").strip(),
        decision_id=(
            get("calledDecision", "decisionId")
            or foreign.get("decisionRef")
            or foreign.spiff.decision_id
        ),
        result_variable=_result_variable(extensions),
        called_process=called,
        binding=binding,
        binding_value=value,
        pass_all_in=_passes_all(extensions, "in", "propagateAllParentVariables"),
        pass_all_out=_passes_all(extensions, "out", "propagateAllChildVariables"),
        keeps_result=foreign.keeps_result,
        pre_script=foreign.spiff.pre_script,
        post_script=foreign.spiff.post_script,
    )


def _script(element: Element, extensions: Extensions) -> str:
    """Return the script of a task, or the expression that Camunda 7 has a service task evaluate."""
    own = extensions.get("script", "expression") or text_of(element, "script")
    return own or (extensions.foreign.get("expression") if _result_variable(extensions) else "")


def _result_variable(extensions: Extensions) -> str:
    get, foreign = extensions.get, extensions.foreign
    return (
        get("script", "resultVariable")
        or get("calledDecision", "resultVariable")
        or extensions.headers.get("resultVariable", "").strip()
        or foreign.get("resultVariable")
        or foreign.get("resultVariableName")
        or foreign.spiff.result_variable
        or foreign.spiff.message_variable
    )


def _passes_all(extensions: Extensions, way: str, attribute: str) -> bool:
    given = extensions.get("calledElement", attribute)
    return given != "false" if given else extensions.foreign.passes_all.get(way, True)


def _called(element: Element, type_: str, extensions: Extensions) -> str:
    if type_ != "callActivity":
        return ""
    written = to_feel_if_possible(element.get("calledElement", "").strip())
    own = extensions.get("calledElement", "processId")
    return own or (written if written.startswith("=") else local_name(written))


def _binding(extensions: Extensions) -> tuple[BindingKind, str]:
    """Return which version of a process is called: its kind, and the version or tag it names."""
    get, foreign = extensions.get, extensions.foreign
    kind = get("calledElement", "bindingType") or foreign.get("calledElementBinding")
    if kind == "version":
        return "version", foreign.get("calledElementVersion")
    if kind == "versionTag":
        tag = get("calledElement", "versionTag")
        return "versionTag", tag or foreign.get("calledElementVersionTag")
    return ("deployment" if kind == "deployment" else "latest"), ""
