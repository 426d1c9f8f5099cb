"""Tokens put where an administrator wants them, whatever the diagram says of the way there.

An element that gets a token this way begins from its beginning; a joining gateway goes on with
that token alone. The sub-processes around the element are opened, with their input mappings and
the events at their border, unless they are open already. A scope that is left without a token is
cancelled, and so on outwards; the instance ends as terminated with its last token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processes.engine.catching import interrupt_inside
from processes.engine.changes import VariablesChanged
from processes.engine.elements.base import Element
from processes.engine.elements.scopes import ScopeElement, SubProcess, interrupts
from processes.engine.errors import BpmnError, EngineError, StepFailed
from processes.engine.instance import Instance
from processes.engine.model import Node
from processes.engine.process_spec import ProcessSpec
from processes.engine.scopes import Scope
from processes.engine.tokens import Token


def move(token: Token, element_id: str) -> None:
    """Cancel a token with all inside it, and put a new one at an element of the same process.

    The new one stands in the nearest scope that both are in, or in one that is opened there.

    Raises:
        EngineError: It can't be taken away, or no token can be put there.
    """
    _check_removable(token)
    element = find_target(token.task_spec.process_spec, element_id)
    around = _nearest_scope(token.parent, element)
    left = _interrupted_by(token)
    token.cancel()
    _put(element, around, {})
    _leave(token, is_replaced=True)
    _listen_again(left)


def add_token(
    instance: Instance, element_id: str, scope: Token | None, variables: Mapping[str, Any]
) -> None:
    """Put one more token at an element.

    Args:
        instance: The instance.
        element_id: In the process of the scope.
        scope: The token of a scope around the element; None for the process.
        variables: JSON values, written as seen from where the element stands.

    Raises:
        EngineError: No token can be put there.
    """
    around = instance.task_tree if scope is None else scope
    element = find_target(around.task_spec.process_spec, element_id)
    if not _is_open(around):
        raise EngineError(f"The token {around.id} is no scope that is open.")
    if around is not _nearest_scope(around, element):
        raise EngineError(f"The element {element_id} does not stand in {around.task_spec.name}.")
    _put(element, around, variables)


def cancel_token(token: Token) -> None:
    """Take a token out with all inside it; the scope goes with its last one.

    One run of a multi-instance counts as done, without an output.

    Raises:
        EngineError: It is none that stands at an element.
    """
    _check_removable(token)
    left = _interrupted_by(token)
    token.cancel()
    _leave(token, is_replaced=False)
    _listen_again(left)


def restart_at(
    instance: Instance, element_id: str, variables: Mapping[str, Any] | None = None
) -> None:
    """Cancel all that is open, and put one token at an element.

    What was completed can still be compensated.

    Args:
        instance: The instance.
        element_id: In its own process.
        variables: JSON values: all that the process then has; None leaves them as they are.

    Raises:
        EngineError: No token can be put there.
    """
    element, root = find_target(instance.spec, element_id), instance.task_tree
    for child in root.children:
        child.cancel()
    if variables is not None:
        _replace_variables(root, variables)
    root.notes.pop("started", None)
    root.hold()
    root_element: ScopeElement = root.task_spec
    try:
        root_element.open_scope(root)
    except (StepFailed, BpmnError) as problem:
        raise _unopened(root, problem) from problem
    _put(element, root, {})


def _replace_variables(root: Token, variables: Mapping[str, Any]) -> None:
    """Give a process these variables alone; those that go are told as null."""
    gone = {name: None for name in root.scope or () if name not in variables}
    root.scope = Scope()
    if gone:
        root.workflow.emit(VariablesChanged(root.id, is_process=True, values=gone))
    if variables:
        root.workflow.write(root, variables)


def find_target(spec: ProcessSpec, element_id: str) -> Element:
    """Return an element at which a token can be put.

    Raises:
        EngineError: There is none by this id, or it is none that a token can be put at.
    """
    node = spec.process.nodes.get(element_id)
    if node is None:
        raise EngineError(f"The process {spec.process_id} has no element {element_id}.")
    if node.attached_to:
        raise EngineError(
            f"{element_id} is an event at the border of {node.attached_to}: choose that, or what "
            "follows the event."
        )
    parent = spec.process.nodes.get(node.parent_id or "")
    is_begin = node.type == "startEvent" and parent is not None and parent.is_event_sub_process
    if is_begin or node.is_event_sub_process:
        raise EngineError(f"{element_id} is begun by its event only: choose what stands inside.")
    if node.is_for_compensation:
        raise EngineError(f"{element_id} runs only to undo another activity.")
    return spec.element(element_id)


def _put(element: Element, around: Token, variables: Mapping[str, Any]) -> None:
    """Put a token at an element, opening the scopes between it and one that is open."""
    spec, instance = element.process_spec, around.workflow
    between = _scopes_around(spec, element.node)
    if not around.task_spec.is_process:
        between = between[between.index(around.task_spec.node) + 1 :]
    scope = around
    for number, node in enumerate(between):
        inner = between[number + 1].id if number + 1 < len(between) else element.node.id
        scope = _go_in(node, scope, spec.element(inner))
    if scope.notes.get("is_cancelled"):
        raise EngineError(f"The transaction {scope.task_spec.name} is being cancelled.")
    if variables:
        instance.write(scope, variables)
    instance.arrive(element, scope)


def _go_in(node: Node, scope: Token, first: Element) -> Token:
    """Return the token of a sub-process in an open scope; it is opened if it is not open."""
    if node.loop or node.standard_loop:
        raise EngineError(
            f"{node.id} runs several times: put the token at {node.id} itself, or name the run."
        )
    element = scope.task_spec.process_spec.element(node.id)
    assert isinstance(element, SubProcess)  # noqa: S101 - only sub-processes hold others
    found = [token for token in scope.inner if token.task_spec is element and _is_open(token)]
    if len(found) > 1:
        raise EngineError(f"The sub-process {node.id} is open several times: name the one.")
    if found:
        return found[0]
    if node.is_for_compensation or element.undoes:
        raise EngineError(f"{node.id} runs only to undo another activity.")
    token = scope.workflow.spawn(element, scope)
    try:
        element.open_for(token, first)
    except (StepFailed, BpmnError) as problem:
        raise _unopened(token, problem) from problem
    return token


def _unopened(token: Token, problem: Exception) -> EngineError:
    return EngineError(f"The scope {token.task_spec.name} can't be opened: {problem}")


def _scopes_around(spec: ProcessSpec, node: Node) -> list[Node]:
    """Return the sub-processes around a node, the outermost first."""
    found: list[Node] = []
    while node.parent_id is not None:
        node = spec.process.nodes[node.parent_id]
        found.insert(0, node)
    return found


def _nearest_scope(place: Token, element: Element) -> Token:
    """Return the innermost scope around a place in which an element stands too."""
    around = {node.id for node in _scopes_around(element.process_spec, element.node)}
    while not place.task_spec.is_process:
        if isinstance(place.task_spec, ScopeElement) and place.task_spec.node.id in around:
            break
        place = place.parent
    return place


def _is_open(token: Token) -> bool:
    return isinstance(token.task_spec, ScopeElement) and token.is_holding


def _check_removable(token: Token) -> None:
    if token.role == "event":
        raise EngineError(f"The token {token.id} is an event at a border, and goes with its host.")
    if not (token.task_spec.is_drawn or token.has_failed):
        raise EngineError(f"The token {token.id} stands at no element of the diagram.")


def _leave(token: Token, *, is_replaced: bool) -> None:
    """Tell the scopes around a cancelled token; those that are left empty are cancelled too."""
    scope: Token | None = token.parent
    while scope is not None:
        if scope.task_spec.child_gone(scope, token, is_replaced=is_replaced):
            return
        token, scope = scope, scope.parent
        if scope is not None:
            token.cancel()
    interrupt_inside(token)
    token.workflow.end("terminated")


def _interrupted_by(token: Token) -> list[Token]:
    """Return the scopes that an event sub-process has interrupted, with this token in it."""
    found = []
    while not token.task_spec.is_process:
        element = token.task_spec
        if isinstance(element, SubProcess) and element.node.is_event_sub_process:
            found.append(token.parent)
        token = token.parent
    return found


def _listen_again(scopes: list[Token]) -> None:
    """Let scopes be interrupted again, if what interrupted them has been left."""
    for scope in scopes:
        if scope.is_over or any(interrupts(token.task_spec) for token in scope.inner):
            continue
        armed = {event.task_spec.whole for event in scope.children if event.role == "event"}
        starts = [start for start in scope.task_spec.inner_events if start not in armed]
        try:
            scope.task_spec.listen(scope, starts)
        except (StepFailed, BpmnError) as problem:
            raise _unopened(scope, problem) from problem
