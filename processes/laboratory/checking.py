"""Whether a model can be executed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processes.engine import ModelErrors
from processes.laboratory.models import content_of, read_model, shown_error, shown_errors


def check_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ``{"id", "model"}`` with ``{"id", "ok", "errors", "warnings"}``.

    An error or warning is ``{"element", "line", "message", "advice"}``.
    """
    answer: dict[str, Any] = {"id": request.get("id"), "ok": False, "errors": [], "warnings": []}
    try:
        model = read_model(content_of(request))
    except ModelErrors as problem:
        return {**answer, "errors": shown_errors(problem)}
    except (KeyError, OSError) as problem:
        message = f"The model can't be read: {problem}"
        fault = {"element": None, "line": None, "message": message, "advice": None}
        return {**answer, "errors": [fault]}
    return {**answer, "ok": True, "warnings": [shown_error(one) for one in model.warnings]}
