"""The expressions, scripts and timers of a process: their syntax."""

from __future__ import annotations

from collections.abc import Iterator

from processes.engine.elements.activities import script_text
from processes.engine.expressions import check_script, check_text, check_value
from processes.engine.model import Event, Node
from processes.engine.parsing.faults import Faults
from processes.engine.process_model import Process
from processes.engine.timers import check_text as check_timer

_PYTHON = ("", "python", "starlark", "text/x-python", "application/x-starlark")
_FEEL = ("feel", "application/feel", "text/feel")


_ADVICE = "Correct it: FEEL begins with =, other text is Python syntax or a plain value."


def check_texts(process: Process, faults: Faults) -> None:
    """Note every text of a process that can't be understood."""
    for flow in process.flows.values():
        if flow.condition and (problem := check_value(flow.condition)):
            message = f"The condition can't be read: {problem}"
            faults.unrunnable_at(flow.id, flow.line, message, _ADVICE)
    for node in process.nodes.values():
        for what, problem in _problems(node):
            message = f"{what} can't be read: {problem}"
            faults.unrunnable_at(node.id, node.line, message, _ADVICE)


def _problems(node: Node) -> Iterator[tuple[str, str]]:
    for what, text in _texts(node):
        if text and (problem := check_text(text)):
            yield what, problem
    for what, text in _values(node):
        if text and (problem := check_value(text)):
            yield what, problem
    for event in node.events or (node.event,):
        yield from _timer_problems(event, counts_work=bool(node.properties.get("calendar")))
    yield from _script_problems(node)


def _texts(node: Node) -> Iterator[tuple[str, str]]:
    given, work = node.assignment, node.work
    for mapped in (*node.inputs, *node.outputs):
        yield f"The mapping to {mapped.target}", mapped.source
    yield "The form", node.form_id
    yield "The assignee", given.assignee
    yield "The candidate groups", given.candidate_groups
    yield "The candidate users", given.candidate_users
    yield "The due date", given.due_date
    yield "The follow-up date", given.follow_up_date
    yield "The priority", given.priority
    yield "The working calendar", node.properties.get("calendar", "")
    yield "The task's type", work.type
    yield "The number of retries", work.retries
    yield "The decision", work.decision_id
    yield "The called process", work.called_process
    for event in node.events or (node.event,):
        yield "The name of the event", event.name
        yield "The code of the event", event.code


def _values(node: Node) -> Iterator[tuple[str, str]]:
    for event in node.events or (node.event,):
        yield "The correlation key", event.correlation_key or ""
        for name, text in event.correlation:
            yield f"The correlation property {name}", text
        yield "The message's payload", event.payload
        if event.kind == "conditional":
            yield "The condition of the event", event.expression
    yield "The activation condition", node.activation
    if node.ad_hoc is not None:
        yield "The completion condition", node.ad_hoc.condition
    if node.standard_loop is not None:
        yield "The condition of the loop", node.standard_loop.condition
    if node.loop is not None:
        yield "The input collection", node.loop.collection
        yield "The output element", node.loop.output_element
        yield "The cardinality", node.loop.cardinality
        yield "The completion condition", node.loop.completion_condition
        for throw in node.loop.throws:
            yield "The condition of a thrown event", throw.condition


def _timer_problems(event: Event, *, counts_work: bool) -> Iterator[tuple[str, str]]:
    if event.timer is None or not event.expression:
        return
    if event.expression.startswith("="):
        problem = check_text(event.expression)
    else:
        problem = check_timer(event.timer, event.expression, counts_work=counts_work)
    if problem:
        yield "The timer", problem


def _script_problems(node: Node) -> Iterator[tuple[str, str]]:
    if node.type != "scriptTask":
        return
    language = node.work.script_format.lower()
    if language not in (*_PYTHON, *_FEEL):
        yield "The script", f"its language {language} is not executed; write FEEL or Python"
        return
    text = script_text(node)
    problem = None
    if text.startswith("="):
        problem = check_text(text)
    elif text:
        problem = check_script(text)
    if problem:
        yield "The script", problem
