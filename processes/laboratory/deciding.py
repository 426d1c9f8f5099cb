"""The value of a decision."""

from __future__ import annotations

from processes.engine.decisions.batch import evaluate_line as decide_line
from processes.engine.decisions.batch import evaluate_request as decide_request

__all__ = ["decide_line", "decide_request"]
