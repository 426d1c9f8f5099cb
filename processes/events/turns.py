"""Turns at firing timers, which the workers of one machine share."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

FOLDER = "turns"
KEPT_SECONDS = 0.5


class Turns:
    """Lets as many workers of this machine fire timers at a time as it has cores.

    Firing is computing. Threads of one process can't share it, so one of a worker's jobs fires at
    a time; and four processes on two cores only push one another out of the caches. A place is a
    locked file: the system frees it when its process ends, however that comes about.

    A worker hands its place on to its own jobs for a while, ``kept_seconds``, before another one
    gets it: a core that goes on with the same process finds its caches warm.
    """

    def __init__(self, places: int | None = None, kept_seconds: float = KEPT_SECONDS) -> None:
        self._places = places or os.cpu_count() or 1
        self._kept_seconds = kept_seconds
        self._threads = threading.Lock()
        self._counting = threading.Lock()
        self.waiting = 0
        self._place: IO[bytes] | None = None
        self._taken_at = 0.0

    @contextmanager
    def turn(self, folder: Path) -> Iterator[None]:
        """Wait for a place among the workers that share ``folder``, and hold it."""
        places = folder / FOLDER
        places.mkdir(parents=True, exist_ok=True)
        self._count(1)
        with self._threads:
            self._count(-1)
            if self._place is None:
                self._place = self._take(places)
                self._taken_at = time.monotonic()
            try:
                yield
            finally:
                if not self.waiting or time.monotonic() - self._taken_at > self._kept_seconds:
                    self._place.close()
                    self._place = None

    def _count(self, change: int) -> None:
        with self._counting:
            self.waiting += change

    def _take(self, places: Path) -> IO[bytes]:
        """Return the locked file of a place; closing it gives the place back."""
        for number in range(self._places):
            place = (places / str(number)).open("wb")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                place.close()
            else:
                return place
        place = (places / str(os.getpid() % self._places)).open("wb")
        fcntl.flock(place, fcntl.LOCK_EX)
        return place
