"""What is done each hour: what is over is dropped, and what comes due by itself is begun.

Each subject registers its own parts; the worker does them all, in ``processes.jobs.upkeep``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from services.actors import SYSTEM

if TYPE_CHECKING:
    from services.platform import Platform
    from services.unit_of_work import UnitOfWork

Work = TypeVar("Work", bound="Callable[[UnitOfWork], object]")
Steps = TypeVar("Steps", bound="Callable[[Platform], object]")


@dataclass(frozen=True, slots=True)
class HourlyPart:
    """A named part of what is done each hour: ``do(platform)``."""

    name: str
    do: Callable[[Platform], object]


_PARTS: dict[str, HourlyPart] = {}


def each_hour(work: Work) -> Work:
    """Register what is done each hour in one transaction; several may do so at once."""

    def do(platform: Platform) -> object:
        return platform.transact(SYSTEM, work, source="timer")

    _register(work, do)
    return work


def each_hour_in_steps(steps: Steps) -> Steps:
    """Register what is done each hour in transactions of its own."""
    _register(steps, steps)
    return steps


def hourly_parts() -> Iterator[HourlyPart]:
    """Yield every part, by name."""
    yield from (_PARTS[name] for name in sorted(_PARTS))


def _register(function: Callable[..., object], do: Callable[[Platform], object]) -> None:
    name = f"{function.__module__}.{function.__name__}"
    if name in _PARTS:
        raise ValueError(f"two parts of what is done each hour are called {name}")
    _PARTS[name] = HourlyPart(name, do)
