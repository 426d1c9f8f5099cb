"""Decisions evaluated request by request, for tools outside: JSON in, JSON out.

A request is `{"model": "<path of a .dmn file, or XML>", "decision": "<name or id>", "inputs": {}}`.
With `"invocable": "<name or id>"` and `"kind": "decisionService" | "bkm"`, something other than a
decision is called. `"imports"` lists more models. The answer is `{"value": …}` or `{"error": "…"}`,
with the request's `id` if it has one.

Numbers keep all their digits. Temporal values, ranges and functions are objects with `@type` and
`@value`, as `docs/dmn.md` tells.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feel import Calendars, FeelError, Value, from_json, to_exchange
from feel.json_text import read_json_text, write_json_text
from processes.engine.decisions.model import Invocable
from processes.engine.decisions.sources import model_of
from processes.engine.errors import ModelError

_KINDS = {kind.value: kind for kind in Invocable}


def evaluate_line(
    line: str, now: datetime | None = None, calendars: Calendars | None = None
) -> str:
    """Answer one line of JSON with one; whatever the line, there is an answer.

    Args:
        line: The request.
        now: The aware time that `now()` and `today()` answer with; they are null without.
        calendars: Where functions of working time find their calendars.
    """
    try:
        request = read_json_text(line)
    except FeelError as problem:
        return write_json_text({"error": str(problem)})
    if not isinstance(request, dict):
        return write_json_text({"error": "The request is no JSON object."})
    return write_json_text(evaluate_request(request, now, calendars))


def evaluate_request(
    request: Mapping[str, Any],
    now: datetime | None = None,
    calendars: Calendars | None = None,
) -> dict[str, Any]:
    """Answer one request, as the module describes; numbers in the answer are decimals."""
    given = {"id": request["id"]} if "id" in request else {}
    try:
        return {**given, "value": to_exchange(_evaluate(request, now, calendars))}
    except (FeelError, ModelError) as problem:
        return {**given, "error": str(problem)}
    except RecursionError:
        return {**given, "error": "The model or its inputs are nested too deep."}


def _evaluate(
    request: Mapping[str, Any], now: datetime | None, calendars: Calendars | None
) -> Value:
    model = model_of(request)
    inputs = _inputs_of(request)
    invocable, decision = request.get("invocable"), request.get("decision")
    if invocable is None:
        return model.evaluate(_text(decision, "decision"), inputs, now, calendars)
    kind = _KINDS.get(str(request.get("kind") or "decisionService"))
    if kind is None:
        raise ModelError("The `kind` is none of decision, decisionService and bkm.")
    name = _text(invocable, "invocable")
    value = model.invoke(name, inputs, now, calendars=calendars, prefer=kind)
    # A service with several outputs is asked for one of them by its name, or for all.
    if isinstance(value, Mapping) and decision in value and decision != invocable:
        return value[decision]
    return value


def _text(given: Any, name: str) -> str:
    if not isinstance(given, str):
        raise ModelError(f"The `{name}` is no name.")
    return given


def _inputs_of(request: Mapping[str, Any]) -> dict[str, Value]:
    given = request.get("inputs")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ModelError("The `inputs` are no object.")
    return {" ".join(name.split()): from_json(value) for name, value in given.items()}
