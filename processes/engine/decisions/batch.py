"""Decisions evaluated line by line, for tools outside: JSON in, JSON out.

A line is `{"model": "<path of a .dmn file>", "decision": "<name or id>", "inputs": {…}}`, with
`"invocable": "<name>"` and `"kind": "decisionService" | "bkm"` where something other than a
decision is called. The answer is `{"value": …}` or `{"error": "…"}`. Temporal values are objects
with `@type` and `@value`; all else is plain JSON.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from feel import FeelError, Value, from_json, to_json
from processes.engine.decisions.model import DecisionModel, parse_decisions
from processes.engine.errors import ModelError
from processes.engine.xml import parse_xml


def evaluate_line(line: str, now: datetime | None = None) -> str:
    """Answer one line with one line.

    Args:
        line: The request.
        now: The time that `now()` and `today()` answer with; the machine's if None.
    """
    try:
        answer = {"value": _simplify(_evaluate(json.loads(line), now or datetime.now(UTC)))}
    except (FeelError, ModelError, OSError, ValueError, TypeError, KeyError) as problem:
        answer = {"error": str(problem) or type(problem).__name__}
    return json.dumps(answer, ensure_ascii=False)


def _evaluate(request: Mapping[str, Any], now: datetime) -> Value:
    path = Path(request["model"])
    model = load_model(path, path.stat().st_mtime_ns)
    inputs = {name: from_json(value) for name, value in (request.get("inputs") or {}).items()}
    invocable = request.get("invocable")
    if invocable is None:
        return model.evaluate(request["decision"], inputs, now)
    value = model.invoke(invocable, inputs, now)
    # A service with several outputs is asked for one of them by its name, or for all.
    decision = request.get("decision")
    if isinstance(value, Mapping) and decision in value and decision != invocable:
        return value[decision]
    return value


@lru_cache(maxsize=256)
def load_model(path: Path, modified_ns: int) -> DecisionModel:
    """Read a model leniently, once for each version of its file.

    Models that it imports are looked for beside it, by their namespace.
    """
    del modified_ns
    return parse_decisions(
        path.read_bytes(),
        resolve=lambda namespace, location: find_import(path, namespace, location),
        lenient=True,
    )


def find_import(path: Path, namespace: str, location: str | None) -> bytes | None:
    """Return the file with a namespace in the folder of a model; None if there is none."""
    candidates = sorted(path.parent.glob("*.dmn"))
    if location:
        named = path.parent / Path(location).name
        candidates = [named, *candidates] if named.is_file() else candidates
    for candidate in candidates:
        data = candidate.read_bytes()
        try:
            if parse_xml(data).get("namespace") == namespace:
                return data
        except ModelError:
            continue
    return None


def _simplify(value: Value) -> Any:
    """Return a value as plain JSON, but for its temporal parts."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_simplify(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _simplify(item) for key, item in value.items()}
    return to_json(value)
