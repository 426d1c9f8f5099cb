"""What keeps an instance from being migrated: where it stands, the versions do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from processes.engine.elements.base import Element
from processes.engine.elements.gateways import Join
from processes.engine.elements.scopes import ProcessRoot
from processes.engine.elements.several import SeveralThrow
from processes.engine.errors import Blocker
from processes.engine.instance import Instance
from processes.engine.migration_plan import Names
from processes.engine.tokens import NEW, Token


def own_tokens(instance: Instance) -> list[Token]:
    """Return the tokens of the instance's own process, without those of called ones."""
    called: set[str] = set()
    found = []
    for token in instance.tasks.values():
        parent: Token | None = token.parent
        is_called = parent is not None and isinstance(token.task_spec, ProcessRoot)
        if is_called or (parent is not None and parent.id in called):
            called.add(token.id)
        else:
            found.append(token)
    return found


def find_blockers(instance: Instance, names: Names) -> list[Blocker]:
    """Return why the tokens of an instance can't go on in another version."""
    return [
        Blocker(token.task_spec.node.id, message)
        for token in own_tokens(instance)
        if token.role == "token" and token.parent is not None
        for message in _why_not(token, names)
    ]


def _why_not(token: Token, names: Names) -> Iterator[str]:
    element = token.task_spec
    if element is names.old.undoing:
        return
    if names.node(element.node.id) is None:
        yield "The new version does not have it: say what takes its place."
        return
    found = names.element(element)
    if found is None or not _is_alike(element, found):
        yield _other_kind(element, names)
        return
    parent = element.node.parent_id
    is_open = parent is None or names.node(parent) is not None
    if is_open and names.scope(parent) != found.node.parent_id:
        yield "It stands in another sub-process in the new version."
    if _came_by(token) and not _still_leads(token, found, names):
        yield f"The flow {token.flow}, by which its token came, does not lead there any more."


def _is_alike(old: Element, new: Element) -> bool:
    before, after = old.node, new.node
    if type(old) is not type(new) or before.type != after.type:
        return False
    if isinstance(old, SeveralThrow) and before.events != after.events:
        return False
    loops = [each.loop is not None and each.loop.is_sequential for each in (before, after)]
    free = [each.ad_hoc is not None and each.ad_hoc.is_sequential for each in (before, after)]
    return (
        loops[0] == loops[1]
        and free[0] == free[1]
        and before.is_event_sub_process == after.is_event_sub_process
        and before.is_for_compensation == after.is_for_compensation
    )


def _other_kind(element: Element, names: Names) -> str:
    before = element.node
    after = names.new.process.nodes[names.node(before.id) or ""]
    if before.type == after.type:
        return f"The {after.type} {after.id} works in another way in the new version."
    return f"It is a {before.type}, and {after.id} is a {after.type}."


def _came_by(token: Token) -> bool:
    """Whether it matters by which flow a token came: it waits for others, or is yet to."""
    gathers = isinstance(token.task_spec, Join) or token.task_spec.node.start_quantity > 1
    is_early = token.phase == NEW and "wait" not in token.notes
    return gathers and is_early and token.flow is not None


def _still_leads(token: Token, element: Element, names: Names) -> bool:
    flow = names.new.process.flows.get(names.flow(token.flow or "") or "")
    return flow is not None and flow.target == element.node.id
