"""Compensation: undoing what was completed, in the reverse order (BPMN 2.0.2 §10.7, §13.5.5).

A scope notes under `undo` which of the activities inside it were completed and can be
compensated, each as an object: `activity` is its id, and either `handler` and `boundary` are the
activity that compensates it and the event that leads there, or `done` is what was noted inside
it, `values` are its variables as they were at its end, and `event` is its event sub-process for
compensation, if it has one. For a call, `process` is the id and version of the called process in
which `done` was done and is undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine import changes
from processes.engine.elements.base import WAITS, Element, Waits
from processes.engine.errors import StepFailed
from processes.engine.scopes import Scope
from processes.engine.tokens import LEAVE, Token

if TYPE_CHECKING:
    from processes.engine.elements.scopes import SubProcess

Record = dict[str, Any]


class CompensationThrow(Element):
    """Has one activity compensated, or all that were completed in its scope (§10.5.3, §10.5.4)."""

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Begin to undo; wait for the end of it unless the model says otherwise."""
        event = self.trigger.event
        records = _take_records(token.parent, event.activity)
        if not records:
            return {}
        if not event.waits:
            undo(records, token.parent)
            return {}
        token.hold()
        undo(records, token)
        return WAITS

    def child_done(self, token: Token, child: Token) -> None:  # noqa: ARG002 - it holds only one
        """Go on: all is undone."""
        token.make_ready(LEAVE)


class Undoing(Element):
    """Undoes one thing after another; its token stands in for the scope they were done in.

    Its note `plan` holds what is still to be undone.
    """

    is_drawn = False

    def proceed(self, token: Token) -> None:
        """Undo the next thing."""
        if not token.notes["plan"]:
            token.make_ready(LEAVE)
            return
        record = token.notes["plan"].pop(0)
        if "process" in record:
            self._undo_called(token, record)
        elif "handler" in record:
            self._happen(token, self.process_spec.element(record["boundary"]))
            token.workflow.arrive(self.process_spec.element(record["handler"]), token)
        elif record["event"]:
            inner = _spawn(token, [], record["values"])
            inner.notes["undo"] = record["done"]
            event: Any = self.process_spec.element(record["event"])
            sub_process: SubProcess = event
            sub_process.start_by_event(inner, {}, {})
        else:
            self.proceed(_spawn(token, record["done"][::-1], record["values"]))

    def child_done(self, token: Token, child: Token) -> None:  # noqa: ARG002 - one at a time
        """Undo the next thing."""
        self.proceed(token)

    def child_gone(self, token: Token, child: Token, *, is_replaced: bool) -> bool:  # noqa: ARG002
        """Undo the next thing; what was cancelled stays as it is."""
        self.proceed(token)
        return True

    def withdraw(self, token: Token, *, failed: bool) -> None:
        """Report the end of its incident; what is undone reports itself."""
        if failed:
            token.workflow.emit(changes.IncidentResolved(token.id))

    def _undo_called(self, token: Token, record: Record) -> None:
        """Undo inside a process that was called, in the version that ran."""
        try:
            called = token.workflow.host.spec_for(*record["process"])
        except StepFailed as problem:
            token.notes["plan"].insert(0, record)
            token.workflow.park(token, problem)
            return
        root = token.workflow.spawn(called.root, token)
        root.scope = Scope(record["values"])
        root.hold()
        undo(record["done"], root)

    def _happen(self, token: Token, event: Element) -> None:
        happened = token.workflow.spawn(event, token)
        event.report_entered(happened)
        event.report(happened, changes.ElementCompleted)
        happened.mark_completed()
        happened.leave_tree()

    def _run(self, token: Token) -> bool | None:
        if not token.notes["plan"]:
            return True
        token.hold()  # it had failed
        self.proceed(token)
        return None

    def _on_complete(self, token: Token) -> None:
        token.workflow.child_done(token)


def undo(records: list[Record], owner: Token) -> None:
    """Begin to undo, the last first, in a token of its own inside `owner`."""
    token = _spawn(owner, records[::-1], {})
    token.task_spec.proceed(token)


def all_records(scope: Token) -> list[Record]:
    """Take out what can be undone in a scope and in those that are open inside it."""
    tokens = [scope]
    for token in tokens:
        tokens.extend(token.inner)
    inside: dict[str, list[Record]] = {}
    for token in reversed(tokens[1:]):
        records = token.notes.pop("undo", []) + inside.pop(token.id, [])
        if token.task_spec.is_process and records:
            token.notes["undo"] = records
            records = [{"activity": token.parent.task_spec.node.id, **take_called(token)}]
        inside[token.parent.id] = records + inside.get(token.parent.id, [])
    return [*scope.notes.pop("undo", []), *inside.get(scope.id, [])]


def take_called(root: Token) -> Record:
    """Take out what can be undone in a called process; empty if nothing can."""
    records = root.notes.pop("undo", [])
    if not records:
        return {}
    spec = root.task_spec.process_spec
    values = {} if root.scope is None else root.scope.to_json()
    return {"process": [spec.process_id, spec.version], "values": values, "done": records}


def _take_records(scope: Token, activity: str) -> list[Record]:
    """Take out what can be undone from where a token stands.

    In an event sub-process that is also what was done in the scope around it.
    """
    places = [scope]
    if scope.task_spec.node.is_event_sub_process:
        places.insert(0, scope.parent)
    found: list[Record] = []
    for place in places:
        records = place.notes.pop("undo", [])
        taken = [one for one in records if activity in ("", one["activity"])]
        left = [one for one in records if one not in taken]
        if left:
            place.notes["undo"] = left
        found += taken
    return found


def _spawn(owner: Token, plan: list[Record], values: Mapping[str, Any]) -> Token:
    token: Token = owner.workflow.spawn(owner.task_spec.process_spec.undoing, owner)
    token.notes["plan"] = plan
    if values:
        token.scope = Scope(values)
    token.hold()
    return token
