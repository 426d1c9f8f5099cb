"""Turns at firing timers, which the workers of one machine share."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

FOLDER = "turns"


class Turns:
    """Lets as many workers of this machine fire timers at a time as it has cores.

    Firing is computing. Threads of one process can't share it, so one of a worker's jobs fires at
    a time; and four processes on two cores only push one another out of the caches. A place is a
    locked file: the system frees it when its process ends, however that comes about.
    """

    def __init__(self, places: int | None = None) -> None:
        self._places = places or os.cpu_count() or 1
        self._threads = threading.Lock()

    @contextmanager
    def turn(self, folder: Path) -> Iterator[None]:
        """Wait for a place among the workers that share ``folder``, and hold it."""
        places = folder / FOLDER
        places.mkdir(parents=True, exist_ok=True)
        with self._threads, self._take(places):
            yield

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
