"""Models by which the engine is judged from outside, written shortly.

`body` is the inside of a process; `flows` are its sequence flows: `s>a>b` leads from `s` to `b`,
`x>a[n_<_3]` has a condition in FEEL, `_` stands for a space. `declared` and `others` stand before
and behind the process; `all` declares one message, signal, error and escalation of each kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml

from tests.engine.models import HEAD

ALL = (
    '<message id="m" name="m"/><message id="m2" name="m2"/><signal id="g" name="g"/>'
    '<error id="er" errorCode="E"/><escalation id="es" escalationCode="X"/>'
)
_STEP = re.compile(r"(.*?)\[(.*)\]$")


def load_rows(name: str) -> list[dict[str, Any]]:
    """Return the models of a table."""
    found: list[dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name(f"{name}.yaml").read_text()
    )
    return found


def xml_of(row: Mapping[str, Any]) -> str:
    """Return the file that a row stands for."""
    declared = row.get("declared", "")
    head = HEAD.replace('id="d"', 'id="definitions"')
    return (
        f"{head}{ALL if declared == 'all' else declared}"
        f'<process id="p" isExecutable="{row.get("executable", "true")}">'
        f"{row['body']}{flows_of(row.get('flows', ''))}</process>"
        f"{row.get('others', '')}</definitions>"
    )


def flows_of(text: str) -> str:
    """Return the sequence flows that are written shortly."""
    found = []
    for path in text.split():
        source, *rest = path.split(">")
        for step in rest:
            matched = _STEP.match(step)
            target, condition = (matched[1], matched[2]) if matched else (step, "")
            inner = ""
            if condition:
                inner = (
                    '<conditionExpression xsi:type="tFormalExpression">='
                    f"{escape(condition.replace('_', ' '))}</conditionExpression>"
                )
            found.append(
                f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" '
                f'targetRef="{target}">{inner}</sequenceFlow>'
            )
            source = target
    return "".join(found)
