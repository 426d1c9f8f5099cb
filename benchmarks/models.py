"""The small processes that are measured, as BPMN text."""

from __future__ import annotations

from itertools import pairwise

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="bench">'
)
_WHO = (
    '<extensionElements>{form}<zeebe:assignmentDefinition candidateGroups="Sales"/>'
    "</extensionElements>"
)
_FORM = '<zeebe:formDefinition formId="answer"/>'

_ANSWER = (
    '{"type": "default", "id": "answer", "schemaVersion": 19, "components": '
    '[{"type": "textfield", "id": "a", "key": "answer"}]}'
)
ANSWER_FORM = ("answer.form", _ANSWER)


def _file(process_id: str, *parts: str) -> tuple[str, str]:
    inside = "".join(parts)
    process = f'<process id="{process_id}" isExecutable="true">{inside}</process>'
    return f"{process_id}.bpmn", f"{HEAD}{process}</definitions>"


def _flow(source: str, target: str, condition: str = "") -> str:
    inner = (
        f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>'
        if condition
        else ""
    )
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">'
        f"{inner}</sequenceFlow>"
    )


def one_step() -> tuple[str, str]:
    """Return a process with one user task."""
    task = f'<userTask id="ask" name="Ask">{_WHO.format(form="")}</userTask>'
    ends = '<startEvent id="start"/><endEvent id="end"/>'
    return _file("one_step", ends, task, _flow("start", "ask"), _flow("ask", "end"))


def loop() -> tuple[str, str]:
    """Return a process whose task comes up again until its answer is ``stop``."""
    return _file(
        "loop",
        '<startEvent id="start"/><endEvent id="end"/>',
        f'<userTask id="ask" name="Ask">{_WHO.format(form=_FORM)}</userTask>',
        '<exclusiveGateway id="again" default="again-ask"/>',
        _flow("start", "ask"),
        _flow("ask", "again"),
        _flow("again", "ask"),
        _flow("again", "end", '=answer = "stop"'),
    )


def personal() -> tuple[str, str]:
    """Return a loop whose task may be taken by the person that the variable ``who`` names."""
    form = '<zeebe:formDefinition formId="answer"/>'
    who = '<zeebe:assignmentDefinition candidateUsers="=[who]"/>'
    inner = f"<extensionElements>{form}{who}</extensionElements>"
    return _file(
        "personal",
        '<startEvent id="start"/><endEvent id="end"/>',
        f'<userTask id="ask" name="Ask">{inner}</userTask>',
        '<exclusiveGateway id="again" default="again-ask"/>',
        _flow("start", "ask"),
        _flow("ask", "again"),
        _flow("again", "ask"),
        _flow("again", "end", '=answer = "stop"'),
    )


def timed(seconds: int) -> tuple[str, str]:
    """Return a process that waits for a timer and ends."""
    timer = (
        '<timerEventDefinition><timeDuration xsi:type="tFormalExpression">'
        f"PT{seconds}S</timeDuration></timerEventDefinition>"
    )
    return _file(
        "timed",
        '<startEvent id="start"/><endEvent id="end"/>',
        f'<intermediateCatchEvent id="wait">{timer}</intermediateCatchEvent>',
        _flow("start", "wait"),
        _flow("wait", "end"),
    )


def long_chain(length: int) -> tuple[str, str]:
    """Return a process of ``length`` elements, most of them user tasks in a row."""
    names = [f"task{number}" for number in range(length - 2)]
    tasks = (f'<userTask id="{name}">{_WHO.format(form="")}</userTask>' for name in names)
    order = ["start", *names, "end"]
    flows = (_flow(source, target) for source, target in pairwise(order))
    ends = '<startEvent id="start"/><endEvent id="end"/>'
    return _file(f"chain{length}", ends, *tasks, *flows)
