"""How an instance is begun, and taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processes.engine.errors import EngineError
from processes.engine.execution import Execution
from processes.engine.host import Host
from processes.engine.instance import Instance
from processes.engine.process_spec import ProcessSpec
from processes.engine.scopes import Scope
from processes.engine.snapshot import restore
from processes.engine.timers import Due
from processes.engine.values import received_all


def start(
    spec: ProcessSpec,
    host: Host,
    variables: Mapping[str, Any] | None = None,
    *,
    start_event: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Execution:
    """Begin an instance and advance it to its first wait states.

    Args:
        spec: The process.
        host: What the engine asks of the layer above.
        variables: To begin with: plain JSON or FEEL values.
        start_event: Id of the start event; None for the one without a trigger.
        payload: What the message or signal that starts it brings.

    Raises:
        EngineError: There is no such start event, or a value can't be kept.
        StepFailed: An event sub-process of the process waits for what can't be evaluated.
    """
    spec.start_element(start_event)  # refused before anything is begun
    given, brought = received_all(variables), received_all(payload)
    instance = Instance(spec, host)
    root = instance.spawn(spec.root, None)
    root.scope = Scope()
    root.hold()
    instance.task_tree = root
    if given:
        instance.write(root, given)
    spec.root.open_scope(root)
    spec.begin(start_event, root, brought)
    execution = Execution(instance)
    execution.advance()
    return execution


def start_timer(spec: ProcessSpec, start_event: str, host: Host) -> Due:
    """Return when a timer start event fires first; `next_due` tells when it does again.

    Raises:
        EngineError: The process has no such start event, or it is no timer.
        StepFailed: Its expression gives no time.
    """
    element = spec.start_element(start_event)
    timers = [one for one in (element, *element.parts) if one.trigger.event.kind == "timer"]
    if not timers:
        raise EngineError(f"The start event {start_event} is no timer.")
    root = Instance(spec, host).spawn(spec.root, None)
    due = timers[0].trigger.plan(root).due
    assert due is not None  # noqa: S101 - a timer is planned with one
    return due


def start_condition(
    spec: ProcessSpec,
    start_event: str,
    host: Host,
    variables: Mapping[str, Any] | None = None,
) -> bool:
    """Return whether the condition of a start event holds, seen before there is an instance.

    A process begins when it comes to hold, not as long as it does (BPMN 2.0.2 §10.5.2): the layer
    above asks when a record was written, and remembers the answer.

    Args:
        spec: The process.
        start_event: Id of the start event.
        host: Whose live records it sees.
        variables: Which it sees besides.

    Raises:
        EngineError: The process has no such start event, or it has no condition.
    """
    element = spec.start_element(start_event)
    found = [one for one in (element, *element.parts) if one.trigger.event.kind == "conditional"]
    if not found:
        raise EngineError(f"The start event {start_event} has no condition.")
    root = Instance(spec, host).spawn(spec.root, None)
    root.scope = Scope(received_all(variables))
    return any(one.trigger.holds(root) for one in found)


def load(spec: ProcessSpec, snapshot: bytes, host: Host, *, reopen: bool = False) -> Execution:
    """Take up an instance where its snapshot left it.

    Args:
        spec: Its process, in its version.
        snapshot: Of a step before.
        host: What the engine asks of the layer above.
        reopen: Let one that is over run again; nothing stands in it until `restart_at`.

    Raises:
        SnapshotMismatch: The snapshot does not belong to this process and version.
    """
    instance = restore(spec, snapshot, host)
    if reopen:
        instance.reopen()
    return Execution(instance)
