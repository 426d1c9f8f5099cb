"""From the XML of a file to its processes, in one pass and without recursion."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from processes.engine.errors import ModelError, ModelErrors
from processes.engine.model import SUB_PROCESSES, Flow, Node
from processes.engine.parsing.collaboration import (
    check_message_flows,
    declare_messages,
    read_participants,
)
from processes.engine.parsing.data_reader import read_data_names, settle_data
from processes.engine.parsing.event_reader import Declared
from processes.engine.parsing.extensions import read_extensions
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.languages import check_languages
from processes.engine.parsing.node_reader import read_node
from processes.engine.parsing.schema_checks import check_schema
from processes.engine.parsing.vocabulary import (
    BPMN,
    GLOBAL_TASKS,
    NODE_ATTRIBUTES,
    REFUSED_NODES,
)
from processes.engine.parsing.vocabulary import EVENT_DEFINITIONS as EVENTS
from processes.engine.parsing.xml_values import expression_of, is_true, local_name, split, text_of
from processes.engine.process_model import Model, Process
from processes.engine.xml import Element, line_of, parse_xml


@dataclass
class _Draft:
    """A process while it is read; nodes get their flows when all are known."""

    element: Element
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    associations: list[tuple[str, str]] = field(default_factory=list)


def read_file(xml: bytes, faults: Faults) -> Model:
    """Read a file, noting what can't be read; the result is not checked yet.

    Raises:
        ModelErrors: The file is no BPMN at all, so there is nothing to go on with.
    """
    try:
        root = parse_xml(xml)
    except ModelError as problem:
        raise ModelErrors([problem]) from problem
    if split(root.tag) != (BPMN, "definitions"):
        faults.error(
            root,
            "The file is no BPMN 2.0 diagram.",
            "Its root must be <definitions> of the BPMN 2.0 model namespace.",
        )
        raise ModelErrors(faults.errors)
    check_schema(root, faults)
    declared = _read_declared(root, faults)
    declare_messages(root, declared)
    processes = {}
    elements = list(root.iterchildren(f"{{{BPMN}}}process"))
    is_any_executable = any(each.get("isExecutable", "true") != "false" for each in elements)
    for element in elements:
        before = len(faults.errors)
        process = _read_process(element, declared)
        if is_any_executable and not process.is_executable:
            faults.demote_since(before)
        processes[process.id] = process
    faults.is_marked = faults.is_strict = True
    processes |= {task.id: task for task in _read_global_tasks(root, declared)}
    if not elements:
        # A collaboration or a library of messages alone is sound, there is just nothing to run.
        note = faults.warn if len(root) else faults.error
        note(root, "The file has no process.", "Draw a process with a start event.")
    pools = read_participants(root, processes, faults)
    check_message_flows(root, processes, pools, faults)
    return Model(
        id=root.get("id", ""),
        processes=processes,
        participants=pools,
        digest=hashlib.sha256(xml).hexdigest(),
    )


def _read_declared(root: Element, faults: Faults) -> Declared:
    declared = Declared(faults, data=read_data_names(root))
    for element in root.iterchildren(f"{{{BPMN}}}*"):
        name = split(element.tag)[1]
        _declare(element, name, declared)
    return declared


def _declare(element: Element, name: str, declared: Declared) -> None:
    identifier = element.get("id", "")
    label = element.get("name", "").strip() or identifier
    texts = {
        "signal": (declared.signals, label),
        "resource": (declared.resources, label),
        "error": (declared.errors, element.get("errorCode", "").strip()),
        "escalation": (declared.escalations, element.get("escalationCode", "").strip()),
    }
    if name in texts:
        holder, text = texts[name]
        holder[identifier] = text
    elif name == "message":
        _declare_message(element, identifier, label, declared)
    elif name == "interface":
        for operation in element.iterchildren(f"{{{BPMN}}}operation"):
            message = text_of(operation, "inMessageRef")
            declared.operations[operation.get("id", "")] = message
    elif name in EVENTS:
        declared.definitions[identifier] = element


def _declare_message(element: Element, identifier: str, label: str, declared: Declared) -> None:
    extensions = read_extensions(element, declared.faults)
    key = extensions.get("subscription", "correlationKey") or None
    declared.messages[identifier] = (label, key)
    spiff = extensions.foreign.spiff
    declared.payloads[identifier] = (spiff.message_payload, spiff.message_variable)


def _read_global_tasks(root: Element, declared: Declared) -> list[Process]:
    """Read the tasks that processes share, each as a process of nothing else (§10.3.6)."""
    found = []
    for element in root.iterchildren(f"{{{BPMN}}}*"):
        name = split(element.tag)[1]
        if name not in GLOBAL_TASKS:
            continue
        if not element.get("id"):
            declared.faults.error(element, f"A {name} has no id.", "Give it one.")
            continue
        identifier = element.get("id", "")
        node = read_node(element, identifier, None, declared, GLOBAL_TASKS[name])
        process = Process(identifier, node.name, is_executable=True, is_global_task=True)
        found.append(replace(process, line=node.line, nodes={identifier: node}))
    return found


def _read_process(element: Element, declared: Declared) -> Process:
    faults = declared.faults
    identifier = element.get("id", "")
    if not identifier:
        faults.error(element, "A process has no id.", "Give it one; versions are kept by it.")
    is_marked = is_true(element, "isExecutable", default=False)
    faults.is_marked, faults.is_strict = is_marked, is_true(element, "isExecutable", default=True)
    check_languages(element, faults)
    draft = _Draft(element)
    pending: list[tuple[Element, str | None]] = [(element, None)]
    while pending:
        container, parent = pending.pop(0)
        for child in container.iterchildren("*"):
            name = _read_child(child, draft, parent, declared)
            if name in SUB_PROCESSES:
                pending.append((child, child.get("id")))
    _check_lanes(draft, faults)
    extensions = read_extensions(element, faults)
    return Process(
        id=identifier,
        name=element.get("name", ""),
        is_executable=faults.is_strict,
        is_marked=is_marked,
        version_tag=extensions.get("versionTag", "value"),
        documentation=text_of(element, "documentation"),
        line=line_of(element),
        properties=extensions.properties,
        nodes=settle_data(_connect(draft)),
        flows=draft.flows,
    )


def _read_child(child: Element, draft: _Draft, parent: str | None, declared: Declared) -> str:
    """Read one child of a process or sub-process and return its BPMN name."""
    namespace, name = split(child.tag)
    faults = declared.faults
    if namespace != BPMN:
        return ""
    if name in NODE_ATTRIBUTES:
        _read_flow_node(child, draft, parent, declared)
    elif name == "sequenceFlow":
        _read_flow(child, draft, faults)
    elif name == "laneSet":
        _read_lanes(child, draft)
    elif name == "association":
        ends = (child.get("sourceRef", ""), child.get("targetRef", ""))
        draft.associations.append((local_name(ends[0]), local_name(ends[1])))
    else:
        _note_other(child, name, faults)
    return name


def _read_flow_node(child: Element, draft: _Draft, parent: str | None, declared: Declared) -> None:
    name = split(child.tag)[1]
    if not child.get("id"):
        declared.faults.error(child, f"A {name} has no id.", "Give it one.")
        return
    node = read_node(child, draft.element.get("id", ""), parent, declared)
    draft.nodes[node.id] = node


def _note_other(child: Element, name: str, faults: Faults) -> None:
    if name in REFUSED_NODES:
        faults.error(child, f"The element {name} can't be executed.", REFUSED_NODES[name])


def _read_flow(element: Element, draft: _Draft, faults: Faults) -> None:
    # Nothing has to refer to a flow; without an id it is known by its place among the flows.
    identifier = element.get("id") or f"flow:{len(draft.flows) + 1}"
    condition = element.find(f"{{{BPMN}}}conditionExpression")
    text = ""
    if condition is not None:
        text = expression_of(condition)
        if not text:
            faults.need(element, "The condition of the flow is empty.", "Write it, or remove it.")
    draft.flows[identifier] = Flow(
        id=identifier,
        source=element.get("sourceRef", ""),
        target=element.get("targetRef", ""),
        condition=text,
        name=element.get("name", ""),
        line=line_of(element),
    )


def _read_lanes(lane_set: Element, draft: _Draft) -> None:
    # Inner lanes come after the lanes around them, so that they win.
    for lane in lane_set.iter(f"{{{BPMN}}}lane"):
        name = lane.get("name", "").strip()
        for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
            draft.lanes[(reference.text or "").strip()] = name


def _check_lanes(draft: _Draft, faults: Faults) -> None:
    for identifier in draft.lanes:
        if identifier not in draft.nodes:
            faults.warn(draft.element, f"A lane holds an element {identifier} that isn't there.")


def _connect(draft: _Draft) -> dict[str, Node]:
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in draft.flows.values():
        outgoing.setdefault(flow.source, []).append(flow.id)
        incoming.setdefault(flow.target, []).append(flow.id)
    return {
        identifier: replace(
            node,
            incoming=tuple(incoming.get(identifier, ())),
            outgoing=tuple(outgoing.get(identifier, ())),
            lane=_lane_of(node, draft),
            handler=_handler_of(node, draft),
        )
        for identifier, node in draft.nodes.items()
    }


def _handler_of(node: Node, draft: _Draft) -> str | None:
    """Return the activity that a compensation event at a border leads to (§10.7.1)."""
    if node.type != "boundaryEvent" or node.event.kind != "compensate":
        return None
    ends = [target for source, target in draft.associations if source == node.id]
    ends += [source for source, target in draft.associations if target == node.id]
    return next((end for end in ends if end in draft.nodes), None)


def _lane_of(node: Node, draft: _Draft) -> str | None:
    """Return the lane of a node, or of the sub-process around it."""
    current: Node | None = node
    while current is not None:
        if lane := draft.lanes.get(current.id):
            return lane
        current = draft.nodes.get(current.parent_id) if current.parent_id else None
    return None
