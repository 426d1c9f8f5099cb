"""The value of a decision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from feel import FeelError, from_json
from processes.engine import ModelError
from processes.engine.decisions import DecisionModel, parse_decisions
from processes.engine.decisions.batch import evaluate_line
from processes.laboratory.values import simple


def decide_request(request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Answer ``{"model", "decision", "inputs"}`` with ``{"value"}`` or ``{"error"}``.

    Temporal values are objects with ``@type`` and ``@value``. A model that is given as XML can't
    import others; one that is given as a file finds them beside it.
    """
    given = {} if "id" not in request else {"id": request["id"]}
    text = str(request.get("model", "")).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        answer: dict[str, Any] = json.loads(evaluate_line(json.dumps(request), now))
        return {**given, **answer}
    inputs = {name: from_json(value) for name, value in (request.get("inputs") or {}).items()}
    try:
        value = _parsed(text).evaluate(str(request.get("decision")), inputs, now)
    except (FeelError, ModelError, ValueError) as problem:
        return {**given, "error": str(problem) or type(problem).__name__}
    return {**given, "value": simple(value)}


@lru_cache(maxsize=64)
def _parsed(text: str) -> DecisionModel:
    return parse_decisions(text.encode(), lenient=True)
