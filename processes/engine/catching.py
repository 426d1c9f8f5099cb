"""Who catches an error or an escalation, and what an event at a border does when it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processes.engine import changes
from processes.engine.errors import BpmnError, StepFailed
from processes.engine.model import EMPTY
from processes.engine.tokens import ENTER, LEAVE, TRIGGERED, Token
from processes.engine.values import answered

if TYPE_CHECKING:
    from processes.engine.elements.base import Element
    from processes.engine.elements.scopes import SubProcess


@dataclass(frozen=True)
class Catcher:
    """An event that catches.

    Attributes:
        owner: The token of the activity at whose border it is, or of the scope that it starts in.
        event: The boundary event, or the start event of an event sub-process.
        sub_process: That event sub-process; None for a boundary event.
    """

    owner: Token
    event: Element
    sub_process: SubProcess | None = None


def throw_error(token: Token, problem: BpmnError) -> None:
    """Let the nearest event for this error go on, or let the token stand at an incident.

    The activity it interrupts, and all inside, is gone before anything more runs (BPMN 2.0
    §10.5.6, §13.5.3).
    """
    catcher = find_catcher(token, "error", problem.code)
    if catcher is None:
        token.workflow.park_uncaught(token, problem)
        return
    try:
        variables = {name: answered(value) for name, value in problem.variables.items()}
    except StepFailed as failure:
        token.workflow.park(token, failure)
        return
    if token.task_spec.node.type == "endEvent":
        complete_thrower(token)
    known = {"errorCode": problem.code, "errorMessage": problem.message}
    happen(catcher, variables, known)


def complete_thrower(token: Token) -> None:
    """Report a throwing event as done before the scope around it is interrupted."""
    token.task_spec.report(token, changes.ElementCompleted)
    token.mark_completed()


def find_catcher(token: Token, kind: str, code: str) -> Catcher | None:
    """Return the nearest event that catches; one that names the code before one for any code."""
    inner: Token | None = None
    current: Token | None = token
    while current is not None:
        for catchers in _catchers(current, inner):
            found = [catcher for catcher in catchers if _catches(catcher.event, kind, code)]
            if found:
                return max(found, key=lambda catcher: _names(catcher.event, kind, code))
        inner, current = current, current.parent
    return None


def happen(catcher: Catcher, result: Mapping[str, Any], known: Mapping[str, Any] = EMPTY) -> None:
    """Let an event happen: interrupt what it interrupts and go on behind it.

    Args:
        catcher: The event and where it is.
        result: What it brings, as JSON values.
        known: Names that only its output mappings see.
    """
    owner, event = catcher.owner, catcher.event
    instance = owner.workflow
    if catcher.sub_process is not None:
        if event.node.is_interrupting:
            interrupt_inside(owner)
        catcher.sub_process.start_by_event(owner, result, known)
        return
    token = instance.begin_at(event, owner.parent, result, TRIGGERED)
    token.notes["known"] = dict(known)
    if event.node.is_interrupting:
        owner.cancel()


def interrupt_inside(owner: Token) -> None:
    """Stop all that runs in a scope, and what would start in it; the events at its border stay."""
    for child in owner.children:
        if child.role == "token" or child.task_spec.node.type == "startEvent":
            child.cancel()


def _catchers(current: Token, inner: Token | None) -> Iterator[list[Catcher]]:
    """Yield the events at one token, those inside its element before those at its border."""
    element = current.task_spec
    # An event sub-process does not catch what is thrown inside itself, or by another beside it.
    if inner is not None and not inner.task_spec.node.is_event_sub_process:
        yield [Catcher(current, sub.start, sub) for sub in element.event_sub_processes]
    yield [Catcher(current, event) for event in element.boundary]


def _catches(event: Element, kind: str, code: str) -> bool:
    caught = event.node.events or (event.node.event,)
    return any(one.kind == kind and one.code in (code, "") for one in caught)


def _names(event: Element, kind: str, code: str) -> bool:
    """Tell whether an event catches this very code, not just any."""
    caught = event.node.events or (event.node.event,)
    return bool(code) and any((one.kind, one.code) == (kind, code) for one in caught)


def trigger(token: Token, result: Mapping[str, Any]) -> None:
    """Let what a token waited for happen.

    Args:
        token: A token that waits, or an event at the border of one.
        result: What it brings, in JSON form.
    """
    owner = token.parent
    event = token.task_spec.whole
    if event is not token.task_spec and event.needs_all:
        event.part_happened(owner, token, result)
    elif token.role == "token" and token.phase == ENTER:
        token.make_ready()  # the data that it waited for are there
    elif token.role == "token":
        token.notes["result"] = dict(result)
        token.make_ready(LEAVE)
    elif event.node.type == "boundaryEvent":
        happen(Catcher(owner, event), result)
    elif event.node.type == "startEvent":
        found = (sub for sub in owner.task_spec.event_sub_processes if sub.start is event)
        happen(Catcher(owner, event, next(found)), result)
    else:
        owner.task_spec.event_happened(owner, token, result)
