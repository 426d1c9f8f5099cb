"""The languages of expressions: which of them are executed (BPMN 2.0.2 §8.3.7)."""

from __future__ import annotations

from typing import Final

from processes.engine.parsing.faults import Faults
from processes.engine.parsing.schema_tables import EXPRESSIONS
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import split
from processes.engine.xml import Element

_EXECUTED: Final = ("feel", "python", "starlark", "juel")


def check_languages(process: Element, faults: Faults) -> None:
    """Note expressions of a process that name a language which is not executed."""
    for element in process.iter(f"{{{BPMN}}}*"):
        language = element.get("language", "").strip()
        is_expression = split(element.tag)[1] in (*EXPRESSIONS, "formalExpression", "expression")
        if not (is_expression and language and (element.text or "").strip()):
            continue
        if not any(known in language.lower() for known in _EXECUTED):
            message = f"The expression is written in a language that is not executed: {language}."
            faults.unrunnable(element, message, "Write it in FEEL, beginning with =, or in Python.")
