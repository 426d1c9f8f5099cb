"""What models of SpiffWorkflow and Spiff-Arena carry: Python scripts, operators, payloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processes.engine.model import Mapped
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.xml_values import split
from processes.engine.xml import Element

SPIFF: Final = "http://spiffworkflow.org/bpmn/schema/1.0/core"
_TEXTS: Final = {
    "preScript": "pre_script",
    "postScript": "post_script",
    "calledDecisionId": "decision_id",
    "messagePayload": "message_payload",
    "messageVariable": "message_variable",
}


@dataclass
class Spiff:
    """What stands at one element; texts of scripts and values are Python syntax."""

    pre_script: str = ""
    post_script: str = ""
    decision_id: str = ""
    message_payload: str = ""
    message_variable: str = ""
    operator: str = ""
    result_variable: str = ""
    inputs: tuple[Mapped, ...] = ()


def read_spiff(owner: Element, extension: Element, name: str, found: Spiff, faults: Faults) -> None:
    """Read one extension element; what only describes is left aside."""
    if name in _TEXTS:
        setattr(found, _TEXTS[name], (extension.text or "").strip())
    elif name == "serviceTaskOperator":
        found.operator = extension.get("id", "")
        found.result_variable = extension.get("resultVariable", "")
        found.inputs = tuple(
            Mapped(str(each.get("value", "")), str(each.get("id")), is_python=True)
            for each in extension.iter("*")
            if split(each.tag)[1] == "parameter" and each.get("id")
        )
    elif name == "properties" and any(
        str(each.get("name", "")).startswith("form") for each in extension.iterchildren("*")
    ):
        message = "The form of another engine is not read."
        faults.warn(owner, message, "Draw a form and name it in the task.")
