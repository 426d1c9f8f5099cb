"""How much a request may do: what loops for ever ends with an error instead."""

from __future__ import annotations

import time


class EndlessError(Exception):
    """What a request asks for does not come to an end."""


class Budget:
    """Jobs and computing time that a request may take.

    It is this process's own time: how busy the machine is must not change an answer.

    Attributes:
        spent: How many messages, timers and jobs there were.
    """

    def __init__(self, max_jobs: int, max_seconds: float) -> None:
        self.spent = 0
        self._max_jobs = max_jobs
        self._max_seconds = max_seconds
        self._began = time.process_time()

    def spend(self) -> None:
        """Count one more job.

        Raises:
            EndlessError: That is too many, or it has taken too long.
        """
        self.spent += 1
        if self.spent > self._max_jobs:
            raise EndlessError(f"More than {self._max_jobs} messages and timers follow.")
        if time.process_time() - self._began > self._max_seconds:
            raise EndlessError(
                f"It does not come to an end within {self._max_seconds:g} seconds of computing."
            )
