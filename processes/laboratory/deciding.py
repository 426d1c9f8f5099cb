"""The value of a decision, with the working calendars that every installation begins with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from processes.engine.decisions.batch import evaluate_line, evaluate_request
from services.calendars.stock import StockCalendars


def decide_line(line: str, now: datetime) -> str:
    """Answer one line of JSON with one; see ``processes.engine.decisions.batch``."""
    return evaluate_line(line, now, StockCalendars())


def decide_request(request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Answer one request; see ``processes.engine.decisions.batch``."""
    return evaluate_request(request, now, StockCalendars())
