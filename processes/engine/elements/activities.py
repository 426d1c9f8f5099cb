"""Tasks: work for people, services, decisions, scripts and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from processes.engine import changes, scripts
from processes.engine.broadcast import note_signal
from processes.engine.elements.base import WAITS, Element, Waits
from processes.engine.errors import StepFailed
from processes.engine.expressions import (
    Expression,
    compile_text,
    compile_value,
    names_for,
    words_of,
)
from processes.engine.host import Call, Pending, ThrownMessage, Unanswered
from processes.engine.model import Node
from processes.engine.scopes import Sight
from processes.engine.tokens import Token
from processes.engine.values import answered, evaluated, named_result, plain_all
from processes.engine.waits import as_text, due_at, open_wait

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec


class PassTask(Element):
    """An abstract or manual task: nothing to do for the engine (BPMN 2.0.2 §13.3.3)."""


class UserTask(Element):
    """Work for a person (§10.3.4.1): waits until somebody completes it."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        given = node.assignment
        self._form_id = compile_text(node.form_id)
        self._assignee = compile_text(given.assignee)
        self._groups = compile_text(given.candidate_groups)
        self._users = compile_text(given.candidate_users)
        self._due = compile_text(given.due_date)
        self._follow_up = compile_text(given.follow_up_date)
        self._calendar = compile_text(node.properties.get("calendar", ""))
        self._priority = compile_text(given.priority)

    def work(self, token: Token) -> Waits:
        """Open the task."""
        opened = self.opened(token)
        token.notes["wait"] = "task"
        token.wait()
        token.workflow.emit(opened)
        return WAITS

    def opened(self, token: Token) -> changes.UserTaskOpened:
        """Return the task as people see it.

        Raises:
            StepFailed: An expression fails.
        """
        sight, node = Sight(token), self.node
        opened = changes.UserTaskOpened(
            token_id=token.id,
            process_id=node.process_id,
            element_id=node.id,
            name=node.name,
            form_id=optional_text(self._form_id.evaluate(sight), "The form"),
            assignee=optional_text(self._assignee.evaluate(sight), "The assignee"),
            candidate_groups=_names(self._groups.evaluate(sight), "The candidate groups"),
            candidate_users=_names(self._users.evaluate(sight), "The candidate users"),
            due_at=self._moment(token, self._due, "The due date"),
            follow_up_at=self._moment(token, self._follow_up, "The follow-up date"),
            priority=_number(self._priority.evaluate(sight), "The priority"),
            variables=plain_all(own_inputs(token)),
        )
        return self._by_lane(opened)

    def _moment(self, token: Token, expression: Expression, what: str) -> datetime | None:
        text = optional_text(expression.evaluate(Sight(token)), what)
        if text is None:
            return None
        try:
            return due_at(token, "date", text, self._calendar).at
        except StepFailed as problem:
            raise StepFailed(f"{what} can't be set: {problem.message}") from problem

    def _by_lane(self, opened: changes.UserTaskOpened) -> changes.UserTaskOpened:
        """Offer a task that names nobody to the group its lane is called after."""
        given = self.node.assignment
        if given.assignee or given.candidate_groups or given.candidate_users or not self.lane:
            return opened
        return changes.UserTaskOpened(**{**vars(opened), "candidate_groups": (self.lane,)})


class ServiceTask(Element):
    """Work that the host does (§10.3.3): now, or later with an answer."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self._type = compile_text(node.work.type)
        self._retries = compile_text(node.work.retries)

    def work(self, token: Token) -> Mapping[str, Any] | Waits:
        """Have the host do it."""
        sight, node = Sight(token), self.node
        call = Call(
            key=token.id,
            element_id=node.id,
            name=node.name,
            type=optional_text(self._type.evaluate(sight), "The type of the task") or "",
            arguments=plain_all(own_inputs(token)),
            headers=node.work.headers,
            retries=_number(self._retries.evaluate(sight), "The number of retries"),
            process_id=node.process_id,
        )
        answer = token.workflow.host.call(call)
        if not isinstance(answer, Pending):
            return self.result_of(answer)
        token.notes["wait"] = "call"
        token.wait()
        token.workflow.emit(
            changes.CallPending(
                token.id, node.process_id, node.id, node.name, call.type, call.retries
            )
        )
        return WAITS

    def result_of(self, answer: Any) -> Mapping[str, Any]:
        """Return an answer by name: under the result variable if there is one."""
        return named_result(answered(answer), self.node.work.result_variable)


class DecisionTask(Element):
    """A business rule task (§10.3.3): a decision over what it sees."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self._decision = compile_text(node.work.decision_id)

    def work(self, token: Token) -> Mapping[str, Any]:
        """Have the host evaluate the decision."""
        sight = Sight(token)
        decision = as_text(self._decision.evaluate(sight), "The decision's id")
        answer = token.workflow.host.decide(decision, sight)
        if isinstance(answer, Unanswered):
            node = self.node
            warned = changes.Warned(token.id, node.process_id, node.id, answer.warnings)
            token.workflow.emit(warned)
            answer = None
        return named_result(answered(answer), self.node.work.result_variable)


class ScriptTask(Element):
    """A script (§10.3.3): FEEL, a Python expression with a result variable, or Python."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        text = script_text(node)
        is_expression = text.startswith("=") or (text and node.work.result_variable)
        self._expression = compile_value(text) if is_expression else None
        self._text = text
        self._words = words_of(text)

    def work(self, token: Token) -> Mapping[str, Any] | None:
        """Run it."""
        sight = Sight(token)
        if self._expression is not None:
            value = self._expression.evaluate(sight)
            return named_result(evaluated(value), self.node.work.result_variable)
        if not self._text:
            return None
        assigned = scripts.run(self._text, *names_for(self._words, sight))
        return {name: evaluated(value) for name, value in assigned.items()}


class ReceiveTask(Element):
    """Waits for a message (§10.3.3)."""

    def work(self, token: Token) -> Waits:
        """Wait for it."""
        open_wait(token, self.trigger.plan(token))
        return WAITS


class ThrowTask(Element):
    """A send task or event that throws a message or signal of the model (§10.5.3)."""

    def __init__(self, spec: ProcessSpec, node: Node, name: str | None = None) -> None:
        super().__init__(spec, node, name)
        self._payload = compile_value(node.event.payload) if node.event.payload else None

    def work(self, token: Token) -> None:
        """Give it to the host."""
        sight, is_message = Sight(token), self.node.event.kind == "message"
        name, payload = self.trigger.name(sight), self._payload_of(token)
        token.workflow.host.publish(
            ThrownMessage(
                kind="message" if is_message else "signal",
                name=name,
                payload=payload,
                correlation_key=self.trigger.key(sight),
                token_id=token.id,
                element_id=self.node.id,
            )
        )
        if not is_message:
            note_signal(token, name, payload)

    def _payload_of(self, token: Token) -> dict[str, Any]:
        if self._payload is None:
            return own_inputs(token)
        value = evaluated(self._payload.evaluate(Sight(token)))
        if not isinstance(value, dict):
            raise StepFailed(f"The payload {self._payload.text} gives no names and values.")
        return value


def own_inputs(token: Token) -> dict[str, Any]:
    """Return what a token's input mappings gave, in JSON form."""
    return {} if token.scope is None else token.scope.to_json()


def script_text(node: Node) -> str:
    """Return a script as it is to be read: a FEEL script begins with `=`."""
    text = node.work.script
    is_feel = node.work.script_format.lower().endswith("feel")
    return f"={text}" if is_feel and text and not text.startswith("=") else text


def optional_text(value: Any, what: str) -> str | None:
    """Return a value as text; None if it is null or empty."""
    if value is None or value == "":
        return None
    return as_text(value, what)


def _names(value: Any, what: str) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(as_text(item, what) for item in value)
    text = optional_text(value, what) or ""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(value: Any, what: str) -> int | None:
    text = optional_text(value, what)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as problem:
        raise StepFailed(f"{what} is {text}, not a whole number.") from problem
