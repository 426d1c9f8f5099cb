"""Where a token stops until a job takes it on, and how often its step is tried again.

Read from zeebe properties (`asyncBefore`, `asyncAfter`, `retryCycle`), from a task definition's
retries, and from Camunda 7's attributes (`asyncBefore`, `asyncAfter`, `failedJobRetryTimeCycle`).
"""

from __future__ import annotations

from processes.engine.model import RetryPlan
from processes.engine.parsing.extensions import Extensions
from processes.engine.parsing.faults import Faults
from processes.engine.retry_plans import parse_retry_plan
from processes.engine.xml import Element


def is_async(element: Element, extensions: Extensions, name: str, faults: Faults) -> bool:
    """Return whether a token stops here: `name` is `asyncBefore` or `asyncAfter`."""
    text = extensions.properties.get(name) or extensions.foreign.get(name)
    if name == "asyncBefore" and not text:
        text = extensions.foreign.get("async")
    if text.strip().lower() not in ("", "true", "false"):
        faults.error(element, f"{name} is {text!r}, not true or false.", "Write true or false.")
    return text.strip().lower() == "true"


def read_retries(element: Element, extensions: Extensions, faults: Faults) -> RetryPlan | None:
    """Return how often the step is tried again; None if nothing says so.

    A number that an expression gives is only known to the service that the task asks.
    """
    cycle = extensions.properties.get("retryCycle", "") or extensions.foreign.retry_cycle
    text = cycle or extensions.get("taskDefinition", "retries")
    if not text or text.startswith("="):
        return None
    try:
        return parse_retry_plan(text)
    except ValueError as problem:
        faults.error(element, f"The retries {text} can't be read: {problem}", "Such as R3/PT10M.")
        return None
