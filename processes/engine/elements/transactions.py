"""Transactions: sub-processes that undo all of it when cancelled (BPMN 2.0.2 §10.3.5.3)."""

from __future__ import annotations

from processes.engine.catching import Catcher, complete_thrower, happen, interrupt_inside
from processes.engine.elements.base import Element
from processes.engine.elements.compensation import all_records, undo
from processes.engine.elements.scopes import SubProcess
from processes.engine.tokens import Token


class Transaction(SubProcess):
    """A sub-process that a cancel end event inside it stops and compensates (§13.5.4)."""

    def cancel_inside(self, token: Token) -> None:
        """Stop all inside, undo what was completed, then go on at the cancel event."""
        records = all_records(token)
        interrupt_inside(token)
        token.notes["is_cancelled"] = True
        if records:
            undo(records, token)
        else:
            self._leave_cancelled(token)

    def child_done(self, token: Token, child: Token) -> None:
        """End, or go on at the cancel event if that was the undoing."""
        if token.notes.get("is_cancelled"):
            self._leave_cancelled(token)
        else:
            super().child_done(token, child)

    def _leave_cancelled(self, token: Token) -> None:
        owner: Token | None = token
        while owner is not None and owner.task_spec.node.id == self.node.id:
            for event in owner.task_spec.boundary:
                if event.node.event.kind == "cancel":
                    happen(Catcher(owner, event), {})
                    return
            owner = owner.parent
        scope = token.parent
        token.cancel()
        scope.task_spec.child_done(scope, token)


class CancelEnd(Element):
    """Cancels the transaction around it (§10.5.3)."""

    def _on_complete(self, token: Token) -> None:
        transaction = token.parent
        complete_thrower(token)
        token.leave_tree()
        while not isinstance(transaction.task_spec, Transaction):
            transaction = transaction.parent
        transaction.task_spec.cancel_inside(transaction)
