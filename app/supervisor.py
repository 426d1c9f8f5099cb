"""Keeps the web server and the worker running: starts them, restarts what dies, stops cleanly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import structlog

_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 15.0
_SHORT_LIFE_SECONDS: Final = 5.0
_SHORT_LIVES_ALLOWED: Final = 5

log = structlog.get_logger(__name__)


class UnstableChildError(RuntimeError):
    """A child ended again and again right after its start; the log says why."""


@dataclass
class Child:
    """One program that must run.

    Attributes:
        short_lives: How often in a row it ended soon after its start.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    short_lives: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl+C reaches only the supervisor."""
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            [*_end_with_parent(), *self.command], env=self.environ, start_new_session=True
        )
        self.started_at = time.monotonic()

    def is_running(self) -> bool:
        """Tell whether it lives."""
        return self.process is not None and self.process.poll() is None

    def restart(self) -> None:
        """Start it again after it died, together with what it may have left behind.

        Raises:
            UnstableChildError: It never lives for long.
        """
        if time.monotonic() - self.started_at > _SHORT_LIFE_SECONDS:
            self.short_lives = 0
        self.short_lives += 1
        if self.short_lives > _SHORT_LIVES_ALLOWED:
            raise UnstableChildError(
                f"The {self.name} ends right after its start; see the log above."
            )
        self._signal_all(signal.SIGKILL)
        self.start()

    def stop(self, deadline: float) -> None:
        """Wait until it has stopped after ``ask_to_stop``; kill it at ``deadline``."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("child killed", child=self.name)
        self._signal_all(signal.SIGKILL)
        self.process.wait()

    def ask_to_stop(self) -> None:
        """Tell it to finish what it does and end."""
        if self.is_running() and self.process is not None:
            self.process.terminate()

    def _signal_all(self, number: signal.Signals) -> None:
        """Signal the whole session, since a killed web server leaves its workers on the port."""
        with suppress(ProcessLookupError):
            if self.process is not None:
                os.killpg(self.process.pid, number)


@dataclass
class Supervisor:
    """Runs ``children`` until it is told to stop by SIGTERM or SIGINT."""

    children: Sequence[Child]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, when_started: Callable[[], None]) -> None:
        """Start the children, call ``when_started``, and keep them running.

        Raises:
            UnstableChildError: A child can't be kept running; all others are stopped then.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        try:
            for child in self.children:
                child.start()
            threading.Thread(target=when_started, daemon=True).start()
            while not self.stopping.wait(_LOOK_SECONDS):
                self._revive()
        finally:
            self._stop()

    def _revive(self) -> None:
        for child in self.children:
            if not child.is_running():
                code = child.process.returncode if child.process else None
                log.warning("child died", child=child.name, code=code)
                child.restart()

    def _stop(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop(deadline)

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()


def _end_with_parent() -> list[str]:
    """Return what makes a command end when the supervisor is killed, where the system has it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
