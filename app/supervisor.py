"""Keeps the web server and the worker running: starts them, restarts what dies, stops cleanly.

What dies again and again is started again ever later, up to half a minute.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Final

import structlog

from app.forks import reap_forks, start_fork
from app.restarts import Restarts

_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 15.0
_SHORT_LIFE_SECONDS: Final = 5.0
_SHORT_LIVES_ALLOWED: Final = 5
_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 30.0

log = structlog.get_logger(__name__)


class UnstableChildError(RuntimeError):
    """A child has never lived for longer than a moment; the log says why."""


@dataclass
class Child:
    """One part of the program that must run, as a process of its own.

    Attributes:
        main: What it runs, until SIGTERM.
        short_lives: How often in a row it ended soon after its start.
        has_lived: It once ran for longer than a moment, so that it can.
        starts_at: When it is started again, by the monotonic clock; None while it is not waited
            for.
    """

    name: str
    main: Callable[[], None]
    process: ForkProcess | None = None
    started_at: float = 0.0
    short_lives: int = 0
    has_lived: bool = False
    starts_at: float | None = None

    def start(self) -> None:
        """Start it."""
        self.process = start_fork(self.name, self.main)
        self.started_at = time.monotonic()
        self.starts_at = None

    def is_running(self) -> bool:
        """Tell whether it lives."""
        return self.process is not None and self.process.is_alive()

    def bury(self) -> float:
        """Clear away what it left behind when it died, and set when it is started again.

        That is at once after a long life, and later each time after a short one: what it needs,
        such as the database, may be away for a while.

        Returns:
            In how many seconds.

        Raises:
            UnstableChildError: It has never lived for long: then waiting does not help.
        """
        now = time.monotonic()
        if now - self.started_at > _SHORT_LIFE_SECONDS:
            self.short_lives, self.has_lived = 0, True
        wait = self._wait()
        self.short_lives += 1
        if self.short_lives > _SHORT_LIVES_ALLOWED and not self.has_lived:
            raise UnstableChildError(
                f"The {self.name} ends right after its start; see the log above."
            )
        self._kill_all()
        self.starts_at = now + wait
        return wait

    def _wait(self) -> float:
        if not self.short_lives:
            return 0.0
        longer: int = 1 << min(self.short_lives - 1, 10)  # beyond that it is the longest anyway
        return min(_FIRST_WAIT_SECONDS * longer, _LONGEST_WAIT_SECONDS)

    def is_due(self) -> bool:
        """Tell whether it is to be started again now."""
        return self.starts_at is not None and time.monotonic() >= self.starts_at

    def stop(self, deadline: float) -> None:
        """Wait until it has stopped after ``ask_to_stop``; kill it at ``deadline``."""
        if self.process is None or self.starts_at is not None:
            return  # nothing of it is there
        # What it has forked holds the pipe by whose end joining sees that it has ended: look, too.
        while self.process.is_alive() and (left := deadline - time.monotonic()) > 0:
            self.process.join(min(left, _LOOK_SECONDS))
        if self.process.is_alive():
            log.warning("child killed", child=self.name)
        self._kill_all()
        self.process.join()

    def ask_to_stop(self) -> None:
        """Tell it to finish what it does and end."""
        if self.is_running() and self.process is not None:
            self.process.terminate()

    def _kill_all(self) -> None:
        """Kill the whole session, since a killed web server leaves its workers on the port."""
        if self.process is None or self.process.pid is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Supervisor:
    """Runs ``children`` until it is told to stop by SIGTERM or SIGINT.

    It is the process that they are forked from, so it opens nothing and starts no thread.

    Attributes:
        restarts: Where each death is noted; the web server tells it.
    """

    children: Sequence[Child]
    restarts: Restarts | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Start the children and keep them running.

        Raises:
            UnstableChildError: A child can't be kept running; all others are stopped then.
        """
        self._heed_signals()
        try:
            for child in self.children:
                child.start()
            while not self.stopping.wait(_LOOK_SECONDS):
                self._revive()
        finally:
            self._stop()

    def _heed_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)

    def _revive(self) -> None:
        reap_forks()
        for child in self.children:
            if not child.is_running() and child.starts_at is None:
                self._bury(child)
            if child.is_due():
                child.start()

    def _bury(self, child: Child) -> None:
        code = child.process.exitcode if child.process else None
        wait = child.bury()
        log.warning("child died", child=child.name, code=code, restart_in_seconds=wait)
        if self.restarts is not None:
            self.restarts.note(child.name, wait)

    def _stop(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop(deadline)

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()
