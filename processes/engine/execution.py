"""The commands to an instance: what the layer above does with it, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from processes.engine.catching import throw_error, trigger
from processes.engine.changes import Change, IncidentResolved
from processes.engine.errors import BpmnError, EngineError, StepFailed, UnknownToken
from processes.engine.host import Host
from processes.engine.instance import Instance
from processes.engine.process_spec import ProcessSpec
from processes.engine.scopes import Scope
from processes.engine.snapshot import dump, restore
from processes.engine.timers import Due, next_due
from processes.engine.tokens import Token
from processes.engine.values import answered, named_result, received_all
from processes.engine.waits import WaitKind, close_wait, set_timer, timer_of

State = Literal["running", "completed", "terminated", "failed"]


@dataclass(frozen=True)
class TokenView:
    """A token as others see it.

    Attributes:
        type: The element's name in BPMN.
        role: `event` for what waits at the border of an activity, gateway or scope.
        state: `active` is a scope or call in which others run.
        waits_for: What it waits for; None if it does not, or waits for other tokens.
        due_at: When its timer fires, aware UTC.
        since: When it came to its state, aware UTC.
        scope_id: The token around it.
    """

    token_id: str
    process_id: str
    element_id: str
    type: str
    role: Literal["token", "event"]
    state: Literal["ready", "waiting", "active", "failed"]
    waits_for: WaitKind | None
    due_at: datetime | None
    since: datetime
    scope_id: str


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
        waiting it is `running`, incidents or not.
        """
        if self._instance.outcome != "running":
            return self._instance.outcome
        leaves = self._leaves()
        return "failed" if leaves and all(token.has_failed for token in leaves) else "running"

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
            _view(token)
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

        Raises:
            UnknownToken: No timer is set there.
        """
        token = self._waiting(token_id, "timer")
        fired = timer_of(token)
        close_wait(token, cancelled=False)
        trigger(token, {})
        if not token.is_over and token.role == "event":
            again = next_due(fired, self._instance.host.zone())
            if again is None:
                token.cancel()
            else:
                set_timer(token, again)
        self.advance()

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
        """Try again what failed at a token.

        Raises:
            UnknownToken: It has not failed.
        """
        token = self._token(token_id)
        if not token.has_failed:
            raise UnknownToken(f"The token {token_id} has no incident.")
        self._instance.emit(IncidentResolved(token_id))
        token.make_ready()
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

    def cancel(self) -> None:
        """End the instance as `terminated`, with all that is open in it.

        Raises:
            EngineError: It is over already.
        """
        if self._instance.outcome != "running":
            raise EngineError("The instance is over.")
        for child in self._instance.task_tree.children:
            child.cancel()
        self._instance.end("terminated")

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


def load(spec: ProcessSpec, snapshot: bytes, host: Host) -> Execution:
    """Take up an instance where its snapshot left it.

    Raises:
        SnapshotMismatch: The snapshot does not belong to this process and version.
    """
    return Execution(restore(spec, snapshot, host))


def _view(token: Token) -> TokenView:
    node, parent = token.task_spec.node, token.parent
    waits_for: Any = token.notes.get("wait")
    return TokenView(
        token_id=token.id,
        process_id=node.process_id,
        element_id=node.id,
        type=node.type,
        role=token.role,
        state=_state_of(token),
        waits_for=waits_for,
        due_at=timer_of(token).at if waits_for == "timer" else None,
        since=token.since,
        scope_id=parent.id,
    )


def _state_of(token: Token) -> Literal["ready", "waiting", "active", "failed"]:
    if token.has_failed:
        return "failed"
    if token.is_ready:
        return "ready"
    return "waiting" if token.is_waiting else "active"
