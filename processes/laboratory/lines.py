"""Requests line by line: JSON in, JSON out, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog

from processes.engine import EngineError, StepFailed
from processes.running.host import FAULTS
from services.errors import LanewiseError

log = structlog.get_logger(__name__)

Answering = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def answer_lines(lines: Iterable[str], answering: Answering) -> Iterator[str]:
    """Yield the answer to each line that is not empty, before the next one is read.

    A line that can't be read is answered with ``{"error"}``.
    """
    for line in lines:
        if line.strip("\ufeff \t\r\n"):
            yield json_line(_answer(line, answering))


def json_line(answer: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Return an answer as JSON that can be written in any encoding of Unicode."""
    text = json.dumps(answer, ensure_ascii=False, indent=indent)
    # Halves of surrogate pairs, which JSON may hold, are no text outside of it.
    return text.encode("utf-8", "backslashreplace").decode()


def _answer(line: str, answering: Answering) -> Mapping[str, Any]:
    try:
        request = json.loads(line.lstrip("\ufeff"))
    except ValueError as problem:
        return {"error": f"The line is no JSON: {problem}"}
    except RecursionError:
        return {"error": "The line is nested too deeply."}
    if not isinstance(request, dict):
        return {"error": "The line is no JSON object."}
    try:
        return answering(request)
    except (*FAULTS, EngineError, StepFailed, LanewiseError) as error:
        # The other lines are answered all the same.
        log.exception("request_failed", request=request.get("id"))
        return {"id": request.get("id"), "error": f"The program failed: {type(error).__name__}."}
