"""Pools, what they send one another, and how a message finds its instance (BPMN 2.0.2 §8.4.2, §9).

A message event without a message of its own takes that of its message flow; both ends of a flow
without one share a name made from its id. The key of a message is read by the `messagePath` of
its correlation property where it is thrown, and where it is caught by the `dataPath` that the
process binds to that property, or else by the same `messagePath`.
"""

from __future__ import annotations

from collections.abc import Mapping

from processes.engine.parsing.event_reader import Declared
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.vocabulary import ACTIVITIES, BPMN
from processes.engine.parsing.xml_values import expression_of, local_name
from processes.engine.process_model import Participant, Process
from processes.engine.xml import Element

_THROWS = ("intermediateThrowEvent", "implicitThrowEvent", "endEvent")
_CATCHES = ("startEvent", "intermediateCatchEvent", "boundaryEvent")


def declare_messages(root: Element, declared: Declared) -> None:
    """Note the messages of message flows and the correlation of messages."""
    for flow in root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}messageFlow"):
        reference = local_name(flow.get("messageRef", ""))
        name = declared.messages.get(reference, (f"flow:{flow.get('id', '')}", None))[0]
        for end in ("sourceRef", "targetRef"):
            declared.flow_messages.setdefault(local_name(flow.get(end, "")), name)
    _declare_keys(root, declared)
    for binding in root.iter(f"{{{BPMN}}}correlationPropertyBinding"):
        path = expression_of(binding.find(f"{{{BPMN}}}dataPath"))
        owner = next(binding.iterancestors(f"{{{BPMN}}}process"), None)
        if path and owner is not None:
            name = local_name(binding.get("correlationPropertyRef", ""))
            declared.bindings[owner.get("id", ""), name] = path


def _declare_keys(root: Element, declared: Declared) -> None:
    """Note the properties of each message, and of a message with several keys those of the first.

    Without any key, all of its properties make up one.
    """
    for each in root.iterchildren(f"{{{BPMN}}}correlationProperty"):
        declared.labels[each.get("id", "")] = each.get("name", "") or each.get("id", "")
    properties: dict[str, dict[str, str]] = {}
    for retrieval in root.iter(f"{{{BPMN}}}correlationPropertyRetrievalExpression"):
        parent = retrieval.getparent()
        message = local_name(retrieval.get("messageRef", ""))
        path = expression_of(retrieval.find(f"{{{BPMN}}}messagePath"))
        if path and parent is not None:
            properties.setdefault(message, {}).setdefault(parent.get("id", ""), path)
    keys = [
        [
            local_name(each.text or "")
            for each in key.iterchildren(f"{{{BPMN}}}correlationPropertyRef")
        ]
        for key in root.iter(f"{{{BPMN}}}correlationKey")
    ]
    for message, paths in properties.items():
        whole = next((key for key in keys if key and all(name in paths for name in key)), paths)
        declared.paths[message] = {name: paths[name] for name in whole}


def read_participants(
    root: Element, processes: Mapping[str, Process], faults: Faults
) -> tuple[Participant, ...]:
    """Read the pools."""
    found = []
    for element in root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant"):
        reference = local_name(element.get("processRef", "")) or None
        if reference is not None and reference not in processes:
            message = f"The pool refers to a process {reference} that isn't there."
            faults.error(element, message, "Draw its process, or leave the pool empty.")
        multiplicity = element.find(f"{{{BPMN}}}participantMultiplicity")
        if multiplicity is not None:
            _check_multiplicity(multiplicity, faults)
        found.append(Participant(element.get("id", ""), element.get("name", ""), reference))
    return tuple(found)


def _check_multiplicity(element: Element, faults: Faults) -> None:
    """At least none, at most one or more, and not fewer than at least (BPMN 2.0.2 §9.3.1)."""
    texts = (element.get("minimum", "0").strip(), element.get("maximum", "1").strip())
    if not all(text.isdecimal() for text in texts):
        return  # the check of the schema has said so, or it is negative
    least, most = (int(text) for text in texts)
    if most < max(least, 1):
        message = f"At most {most} participants can't be at least {least}."
        faults.error(element, message, "The maximum is 1 or more, and not below the minimum.")
    faults.warn(element, "How many participants there are has no effect.")


def check_message_flows(
    root: Element,
    processes: Mapping[str, Process],
    pools: tuple[Participant, ...],
    faults: Faults,
) -> None:
    """Check that message flows connect pools, at ends that can send and receive (§7.6.2, §9.4)."""
    places = _Places(processes, pools)
    for flow in root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}messageFlow"):
        ends = [local_name(flow.get(end, "")) for end in ("sourceRef", "targetRef")]
        sides = [places.side_of(end) for end in ends]
        if None in sides:
            missing = ends[sides.index(None)] or "nothing"
            message = f"The message flow leads to or from {missing}, which isn't there."
            faults.error(flow, message, "Connect both of its ends.")
        elif sides[0] == sides[1]:
            message = "A message flow connects two elements of the same pool."
            faults.error(flow, message, "Use a sequence flow.")
        places.check_end(flow, ends[0], _THROWS, "sends", faults)
        places.check_end(flow, ends[1], _CATCHES, "receives", faults)


class _Places:
    """Where the ends of message flows are."""

    def __init__(self, processes: Mapping[str, Process], pools: tuple[Participant, ...]) -> None:
        self._nodes = {
            name: (node, process)
            for process in processes.values()
            for name, node in process.nodes.items()
        }
        self._pools = {pool.id: pool.process_id or pool.id for pool in pools}

    def side_of(self, end: str) -> str | None:
        """Return what tells a pool from others, by its id or by an element in it."""
        if end in self._nodes:
            return self._nodes[end][1].id
        return self._pools.get(end)

    def check_end(
        self, flow: Element, end: str, events: tuple[str, ...], what: str, faults: Faults
    ) -> None:
        """Check that an element can send or receive; in a pool that is only drawn it needn't."""
        if end not in self._nodes or self._nodes[end][0].type in ACTIVITIES:
            return
        node, process = self._nodes[end]
        kinds = [event.kind for event in node.events or (node.event,)]
        if node.type not in events or "message" not in kinds:
            message = f"The element {end} at an end of the message flow {what} no message."
            note = faults.error if process.is_executable else faults.warn
            note(flow, message, "Use a message event or a task.")
