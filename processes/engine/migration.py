"""Instances that go on in another version of their process.

Where an instance stands has to be there in the new version, as the same kind of element in the
same scope. What waits goes on waiting: timers fire when they were due, user tasks stay open. What
the new version waits for besides is waited for from now on, what it does not is no longer. Called
processes stay on the version that they run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from processes.engine.elements.activities import UserTask
from processes.engine.elements.base import Element
from processes.engine.elements.scopes import interrupts
from processes.engine.errors import Blocker, BpmnError, EngineError, MigrationBlocked, StepFailed
from processes.engine.execution import Execution
from processes.engine.host import Host
from processes.engine.instance import Instance
from processes.engine.migration_checks import find_blockers, own_tokens
from processes.engine.migration_plan import Names
from processes.engine.migration_rows import Translator
from processes.engine.model import EMPTY, Event, Node
from processes.engine.process_spec import ProcessSpec
from processes.engine.snapshot import describe, rebuild, restore
from processes.engine.tokens import WORK, Token
from processes.engine.waits import OUTSIDE_KINDS, close_wait, open_wait


def migrate(
    old: ProcessSpec,
    new: ProcessSpec,
    snapshot: bytes,
    host: Host,
    mapping: Mapping[str, str] = EMPTY,
) -> Execution:
    """Take an instance over to another version and advance it to its next wait states.

    The changes tell what is waited for from now on and what no longer; a `UserTaskOpened` for a
    task that is open tells that its name, form or assignment is another one. Nothing else of an
    open task changes: it keeps its token and its inputs.

    Args:
        old: The version that it runs on.
        new: The version that it is to run on.
        snapshot: The instance.
        host: What the engine asks of the layer above.
        mapping: See `plan_migration`.

    Raises:
        MigrationBlocked: It stands where the versions do not go together.
        EngineError: It is over, or the mapping names what is not there.
        SnapshotMismatch: The snapshot does not belong to the old version.
    """
    before = restore(old, snapshot, host)
    if before.outcome != "running":
        raise EngineError("The instance is over.")
    execution = Execution(_Passage(Names(old, new, mapping), before).carry_over(host))
    execution.advance()
    return execution


class _Passage:
    """One instance on its way from one version to another."""

    def __init__(self, names: Names, before: Instance) -> None:
        self._names = names
        self._before = before
        self._own = {token.id: token.task_spec for token in own_tokens(before)}

    def carry_over(self, host: Host) -> Instance:
        """Return the instance on the new version, not advanced yet.

        Raises:
            MigrationBlocked: See `migrate`.
        """
        _refuse(find_blockers(self._before, self._names))
        self._close_gone()
        translator = Translator(self._names)
        head, lines = describe(self._before)
        head = translator.head(head, self._own.keys())
        _refuse(translator.blockers)
        instance = rebuild(self._names.new, head, lines, host)
        instance.changes += self._before.changes
        _refuse(list(self._go_on(instance)))
        return instance

    def _close_gone(self) -> None:
        """Wait no longer for events that the new version does not have there."""
        for token in own_tokens(self._before):
            if token.role == "event":
                continue  # its parts go with it
            kept = self._kept_events(token.task_spec)
            for event in token.children:
                if event.role == "event" and event.task_spec.whole not in kept:
                    event.cancel()

    def _kept_events(self, element: Element) -> dict[Element, Element]:
        """Return the events around an old element that the new version has too, old to new."""
        after = self._names.element(element)
        there = () if after is None else after.listens_to
        pairs = ((event, self._names.element(event)) for event in element.listens_to)
        return {
            event: found
            for event, found in pairs
            if found is not None and found in there and _is_armed_alike(event.node, found.node)
        }

    def _go_on(self, instance: Instance) -> Iterable[Blocker]:
        """Let all tokens go on at what took the place of their elements; return what can't."""
        for token in list(instance.tasks.values()):
            before = self._own.get(token.id)
            if before is None or token.is_over:
                continue
            try:
                _take_up(token, before)
                self._listen(token, before)
            except (StepFailed, BpmnError) as problem:
                yield Blocker(before.node.id, f"It can't go on in the new version: {problem}")

    def _listen(self, token: Token, before: Element) -> None:
        """Wait for the events that the new version has in addition."""
        element, kept = token.task_spec, self._kept_events(before).values()
        events = element.boundary if token.role == "token" and token.phase == WORK else ()
        if token.is_holding and not any(interrupts(inner.task_spec) for inner in token.inner):
            events += element.inner_events
        added = [event for event in events if event not in kept]
        if added:
            element.listen(token, added)


def _refuse(blockers: list[Blocker]) -> None:
    if blockers:
        raise MigrationBlocked(list(dict.fromkeys(blockers)))


def _is_armed_alike(before: Node, after: Node) -> bool:
    if before.events or after.events:
        return (before.events, before.needs_all) == (after.events, after.needs_all)
    return (before.event.kind in OUTSIDE_KINDS) == (after.event.kind in OUTSIDE_KINDS)


def _take_up(token: Token, before: Element) -> None:
    wait = token.notes.get("wait")
    if wait == "task":
        _tell_of_task(token, before.node)
    elif wait in ("timer", "message", "signal", "condition"):
        _wait_anew(token, before.node.event)
    elif token.waits_for_others:
        token.task_spec.gather(token)


def _tell_of_task(token: Token, before: Node) -> None:
    element: UserTask = token.task_spec
    after = element.node
    if _shown(before) != _shown(after):
        token.workflow.emit(element.opened(token))


def _shown(node: Node) -> tuple[object, ...]:
    """Return what of a user task is told to people."""
    return node.name, node.form_id, node.assignment, node.lane


def _wait_anew(token: Token, before: Event) -> None:
    """Wait for something else if the event is another one; a timer stays due when it was."""
    after = token.task_spec.node.event
    is_named = after.kind in ("message", "signal")
    if before.kind == after.kind and not (is_named and before != after):
        return
    wait = token.task_spec.trigger.plan(token.parent if token.role == "event" else token)
    close_wait(token, cancelled=True)
    open_wait(token, wait)
