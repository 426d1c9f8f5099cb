"""The commands to an instance: what the layer above does with it, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from processes.engine import moves
from processes.engine.catching import throw_error, trigger
from processes.engine.changes import Change, IncidentResolved
from processes.engine.errors import BpmnError, EngineError, StepFailed, UnknownToken
from processes.engine.instance import Instance
from processes.engine.live_timers import live_dates, moved_timers, set_again
from processes.engine.snapshot import dump
from processes.engine.timers import next_due
from processes.engine.token_views import TokenView, view_of
from processes.engine.tokens import Token
from processes.engine.values import answered, named_result, received_all
from processes.engine.waits import WaitKind, close_wait, set_timer, timer_of

State = Literal["running", "completed", "terminated", "failed"]


class Execution:
    """One step of one instance: a command, what it did (`changes`), and the snapshot after it.

    Each command advances the instance to its next wait states. When one raises, the step must be
    dropped with its transaction: the object is not to be used any more.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    @property
    def changes(self) -> list[Change]:
        """What the commands on this object did, in order."""
        return self._instance.changes

    @property
    def state(self) -> State:
        """How the instance is.

        `failed` means that nothing goes on: every token stands at an incident. With other tokens
        waiting it is `running`, incidents or not; so it is with a retry that comes by itself.
        """
        if self._instance.outcome != "running":
            return self._instance.outcome
        leaves = self._leaves()
        stands = [token.has_failed and "retry_at" not in token.notes for token in leaves]
        return "failed" if leaves and all(stands) else "running"

    @property
    def is_stalled(self) -> bool:
        """Whether a running instance waits for nothing that could come, and has no incident."""
        if self._instance.outcome != "running":
            return False
        tokens = self._instance.tasks.values()
        return not any(
            "wait" in token.notes or token.has_failed or token.is_ready for token in tokens
        )

    @property
    def variables(self) -> dict[str, Any]:
        """The process's own variables, in the JSON form of `feel.to_json`."""
        scope = self._instance.task_tree.scope
        return {} if scope is None else scope.to_json()

    def tokens(self) -> list[TokenView]:
        """Return where the instance stands, in the order in which the tokens came to be."""
        return [
            view_of(token)
            for token in self._instance.tasks.values()
            if token.task_spec.is_drawn or token.has_failed
        ]

    def snapshot(self) -> bytes:
        """Return the instance as bytes for `load`."""
        return dump(self._instance)

    def advance(self) -> None:
        """Run everything that is ready."""
        self._instance.drain()

    def complete(self, token_id: str, variables: Mapping[str, Any] | None = None) -> None:
        """Complete a user task with what was entered: plain JSON or FEEL values.

        Raises:
            UnknownToken: No user task waits there.
            EngineError: A value is none that can be kept.
        """
        token = self._waiting(token_id, "task")
        result = received_all(variables)
        close_wait(token, cancelled=False)
        trigger(token, result)
        self.advance()

    def answer_call(self, token_id: str, result: Mapping[str, Any] | None = None) -> None:
        """Bring the answer to a call that `Host.call` left pending.

        Raises:
            UnknownToken: No call is pending there.
        """
        token = self._waiting(token_id, "call")
        close_wait(token, cancelled=False)
        try:
            named = named_result(answered(result), token.task_spec.node.work.result_variable)
            trigger(token, named)
        except StepFailed as problem:
            self._instance.park(token, problem)
        self.advance()

    def fail_call(
        self, token_id: str, code: str | None = None, message: str = "", detail: str = ""
    ) -> None:
        """Let a pending call fail; a retry makes it again.

        Args:
            token_id: Whose call it is.
            code: Of a BPMN error that an event may catch; None for any other failure.
            message: The cause, for the administrator.
            detail: More for whoever looks into it.

        Raises:
            UnknownToken: No call is pending there.
        """
        token = self._waiting(token_id, "call")
        close_wait(token, cancelled=False)
        if code is None:
            self._instance.park(token, StepFailed(message, detail))
        else:
            throw_error(token, BpmnError(code, message))
        self.advance()

    def fire_timer(self, token_id: str) -> None:
        """Let a timer fire, whatever the time is; a repeating one is set again.

        One that is overdue by several periods fires once for all of them.

        Raises:
            UnknownToken: No timer is set there.
        """
        token = self._waiting(token_id, "timer")
        fired, host = timer_of(token), self._instance.host
        close_wait(token, cancelled=False)
        trigger(token, {})
        if not token.is_over and token.role == "event":
            again = next_due(fired, host.zone(), host.calendars(), self._instance.now)
            if again is None:
                token.cancel()
            else:
                set_timer(token, again)
        self.advance()

    @property
    def has_moved_timers(self) -> bool:
        """Whether `follow_dates` would set a timer anew."""
        return bool(moved_timers(self._instance))

    @property
    def live_dates(self) -> dict[str, dict[str, datetime | None]]:
        """The dates that open tasks read from a record, by token; see `live_timers`."""
        return live_dates(self._instance)

    def follow_dates(self) -> None:
        """Set those timers anew whose date is a record's, if the record has another one now."""
        set_again(self._instance, moved_timers(self._instance))

    def receive(self, token_id: str, payload: Mapping[str, Any] | None = None) -> None:
        """Bring a message or signal to the subscription of a token.

        Raises:
            UnknownToken: Nothing is subscribed there.
            EngineError: A value is none that can be kept.
        """
        token = self._waiting(token_id, "message", "signal")
        result = received_all(payload)
        stays = token.role == "event" and not token.task_spec.node.is_interrupting
        if not stays:
            close_wait(token, cancelled=False)
        trigger(token, result)
        self.advance()

    def retry(self, token_id: str) -> None:
        """Try again what failed at a token: by hand, or when the element's retry plan says so.

        Raises:
            UnknownToken: It has not failed.
        """
        token = self._token(token_id)
        if not token.has_failed:
            raise UnknownToken(f"The token {token_id} has no incident.")
        self._instance.emit(IncidentResolved(token_id))
        token.notes.pop("retry_at", None)
        token.make_ready()
        self.advance()

    def run_job(self, token_id: str) -> None:
        """Let a token go on that stopped before or after its element.

        Raises:
            UnknownToken: No job is wanted there.
        """
        token = self._waiting(token_id, "job")
        close_wait(token, cancelled=False)
        token.task_spec.go_on(token)
        self.advance()

    def set_variables(self, values: Mapping[str, Any], token_id: str | None = None) -> None:
        """Write variables, of the process or as seen from a token, and advance.

        Raises:
            UnknownToken: There is no such token.
            EngineError: A value is none that can be kept.
        """
        token = self._instance.task_tree if token_id is None else self._token(token_id)
        self._instance.write(token, received_all(values))
        self.advance()

    def move(self, token_id: str, element_id: str) -> None:
        """Cancel a token with all inside it, and put a new one at an element.

        The element begins from its beginning, in the nearest scope that both are in; sub-processes
        on the way are opened if they are not. A scope that is left empty is cancelled.

        Raises:
            UnknownToken: There is no such token.
            EngineError: It can't be taken away, or no token can be put there.
        """
        self._check_runs()
        moves.move(self._token(token_id), element_id)
        self.advance()

    def add_token(
        self,
        element_id: str,
        *,
        scope_id: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Put one more token at an element, as `move` does.

        Args:
            element_id: An element of the process, or of the one that the scope stands in.
            scope_id: The token of a scope around it that is open; None for the process.
            variables: Written first, as seen from where the element stands.

        Raises:
            UnknownToken: There is no such scope.
            EngineError: No token can be put there, or a value is none that can be kept.
        """
        self._check_runs()
        scope = None if scope_id is None else self._token(scope_id)
        moves.add_token(self._instance, element_id, scope, received_all(variables))
        self.advance()

    def cancel_token(self, token_id: str) -> None:
        """Cancel a token with all inside it; its scope ends with its last one.

        One run of a multi-instance counts as done without an output. With its last token the
        instance ends as `terminated`.

        Raises:
            UnknownToken: There is no such token.
            EngineError: It is none that stands at an element.
        """
        self._check_runs()
        moves.cancel_token(self._token(token_id))
        self.advance()

    def restart_at(self, element_id: str, variables: Mapping[str, Any] | None = None) -> None:
        """Cancel all that is open, and put one token at an element.

        What was completed can still be compensated. An instance that is over has to be loaded
        with `reopen`.

        Args:
            element_id: An element of the process.
            variables: All that the process then has, plain JSON or FEEL values; None leaves them
                as they are.

        Raises:
            EngineError: No token can be put there, or a value is none that can be kept.
        """
        self._check_runs()
        given = None if variables is None else received_all(variables)
        moves.restart_at(self._instance, element_id, given)
        self.advance()

    def cancel(self) -> None:
        """End the instance as `terminated`, with all that is open in it.

        Raises:
            EngineError: It is over already.
        """
        self._check_runs()
        for child in self._instance.task_tree.children:
            child.cancel()
        self._instance.end("terminated")

    def _check_runs(self) -> None:
        if self._instance.outcome != "running":
            raise EngineError("The instance is over.")

    def _token(self, token_id: str) -> Token:
        token: Token | None = self._instance.tasks.get(token_id)
        if token is None:
            raise UnknownToken(f"There is no token {token_id}.")
        return token

    def _waiting(self, token_id: str, *kinds: WaitKind) -> Token:
        token = self._token(token_id)
        if token.notes.get("wait") not in kinds:
            raise UnknownToken(f"The token {token_id} does not wait for a {' or '.join(kinds)}.")
        return token

    def _leaves(self) -> list[Token]:
        tokens = self._instance.tasks.values()
        return [token for token in tokens if token.role == "token" and not token.inner]
