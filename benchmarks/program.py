"""The whole program as people run it: `flask start` on an empty folder, as a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import ROOT

_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Program:
    """A running installation.

    Attributes:
        folder: Where the embedded server has its data.
        start_seconds: From the command to the first page, nothing being there before.
    """

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    start_seconds: float

    def memory(self) -> dict[str, int]:
        """Return the bytes of its parts (PSS); those of the database server don't count."""
        found = dict.fromkeys(("web", "worker", "mail"), 0)
        for pid in _descendants(self.process.pid):
            if (name := _name_of(pid)) in found:
                found[name] += _own_bytes(pid)
        return {**found, "supervisor": _own_bytes(self.process.pid)}


@contextmanager
def running_program() -> Iterator[Program]:
    """Start the program with its demo on an empty folder, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lanewise-bench-"))
    port = _free_port()
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environ |= {
        "LANEWISE_ENV": "demo",
        "LANEWISE_INSTANCE": str(folder),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    flask = Path(sys.executable).with_name("flask")
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [flask, "start"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_page(f"http://127.0.0.1:{port}/sign-in", process)
        yield Program(port, folder, process, time.perf_counter() - begin)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_page(url: str, process: subprocess.Popen[bytes]) -> None:
    moment = threading.Event()
    end = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own program
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            moment.wait(0.02)
    raise TimeoutError("the program does not answer")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    """Return a process and all that it and they started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    below = [found for child in children for found in _descendants(int(child))]
    return [pid, *below]


def _name_of(pid: int) -> str:
    """Return which part of the program a process is; something else for the database's."""
    return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip().removeprefix("lanewise-")


def _own_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    (pss,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(pss) * 1024
