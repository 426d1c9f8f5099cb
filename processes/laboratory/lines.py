"""Requests line by line: JSON in, JSON out, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Answering = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def answer_lines(lines: Iterable[str], answering: Answering) -> Iterator[str]:
    """Yield the answer to each line that is not empty, before the next one is read."""
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, answering), ensure_ascii=False)


def _answer(line: str, answering: Answering) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
    except json.JSONDecodeError as problem:
        return {"error": f"The line is no JSON: {problem}"}
    if not isinstance(request, dict):
        return {"error": "The line is no JSON object."}
    return answering(request)
