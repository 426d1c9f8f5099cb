"""Timing work so that a noisy machine matters little: in turns, by medians, after a warm-up."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

WARM_UP = 30


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        value: What was measured, with its unit.
        target: What it is held against; empty if only told.
        is_met: Whether the target is; None without one.
        note: How it was measured.
    """

    what: str
    value: str
    target: str = ""
    is_met: bool | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return asdict(self)


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def medians_in_turns(
    *works: Callable[[], float], rounds: int = 7, calls: int = 40
) -> tuple[float, ...]:
    """Return each work's median seconds; they take turns, so that noise meets all alike.

    Args:
        works: Each does one thing and returns the seconds that count.
        rounds: How often the turn comes round.
        calls: How often a work is done in its turn.
    """
    for work in works:
        for _ in range(WARM_UP):
            work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            taken.append(statistics.median(work() for _ in range(calls)))
    return tuple(statistics.median(taken) for taken in times)


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ms(seconds: float) -> str:
    """Return seconds as text in milliseconds."""
    return f"{seconds * 1000:.2f} ms"
