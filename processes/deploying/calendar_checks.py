"""Working calendars that a diagram names: whether they are there, and what they count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from processes.deploying.findings import Finding
from processes.engine.model import Node
from processes.engine.process_model import Process
from processes.engine.timers import DEFAULT_CALENDAR

PROPERTY = "calendar"
_DAYS = re.compile(r"\d[DW]")


def warn_of_calendars(
    process: Process, known: Set[str], file: str | None = None
) -> Iterator[Finding]:
    """Yield what is doubtful about the working calendars that a process names.

    Args:
        process: The process.
        known: The names of all working calendars.
        file: Its file, for the findings.
    """
    for node in process.nodes.values():
        name = node.properties.get(PROPERTY)
        if name:
            yield from _warn(node, name, known, file)


def _warn(node: Node, name: str, known: Set[str], file: str | None) -> Iterator[Finding]:
    durations = list(_durations(node))
    if not durations:
        yield Finding(
            "The working calendar has no effect here.",
            file,
            node.id,
            node.line,
            "Name it at a timer, or at a user task whose due date is a duration such as PT8H.",
        )
    if not name.startswith("=") and name not in {*known, DEFAULT_CALENDAR}:
        yield Finding(
            f"There is no working calendar called {name}.",
            file,
            node.id,
            node.line,
            f"Use one of {', '.join(sorted(known))}, or {DEFAULT_CALENDAR}.",
        )
    for text in durations:
        if not text.startswith("=") and _DAYS.search(text.partition("T")[0]):
            yield Finding(
                f"A day of {text} is 24 hours of working time, not a working day.",
                file,
                node.id,
                node.line,
                "Give hours, or a date such as =add working days(now(), 2).",
            )


def _durations(node: Node) -> Iterator[str]:
    """Yield the texts of an element that a calendar may count: durations, and expressions."""
    for event in node.events or (node.event,):
        if event.timer in {"duration", "cycle"} or event.expression.startswith(("=", "P")):
            yield event.expression
    for text in (node.assignment.due_date, node.assignment.follow_up_date):
        if text.startswith(("=", "P")):
            yield text
