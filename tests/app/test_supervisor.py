"""The supervisor of web server and worker, with small programs in their place."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from app.supervisor import Child, Supervisor, UnstableChildError
from tests.program import eventually

WAITS = "import signal; signal.pause()"
# Starts a child of its own that would go on alone, as the web server does.
FORKS = (
    "import os, pathlib, signal, sys\n"
    "key = os.fork()\n"
    "if key: pathlib.Path(sys.argv[1]).write_text(str(key))\n"
    "signal.pause()\n"
)
STUBBORN = (
    "import pathlib, signal, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "pathlib.Path(sys.argv[1]).touch()\n"
    "while True: signal.pause()\n"
)


def child(code: str, *arguments: str) -> Child:
    return Child("child", [sys.executable, "-c", code, *arguments], dict(os.environ))


def lives(key: int) -> bool:
    try:
        state = Path(f"/proc/{key}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def supervise(monkeypatch):
    """Run a supervisor in a thread; signal handlers belong to the main one."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    running = []

    def start(*children):
        supervisor = Supervisor(children)
        started = threading.Event()
        thread = threading.Thread(target=supervisor.run, args=(started.set,))
        thread.start()
        running.append((supervisor, thread))
        assert started.wait(10)
        return supervisor, thread

    yield start
    for supervisor, thread in running:
        supervisor.stopping.set()
        thread.join(30)


def test_a_child_that_died_is_started_again(supervise):
    one = child(WAITS)
    supervise(one)
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: one.process.pid != first and one.is_running())


def test_what_a_killed_child_left_behind_ends_with_it(supervise, tmp_path):
    note = tmp_path / "orphan"
    one = child(FORKS, str(note))
    supervise(one)
    orphan = int(eventually(lambda: note.exists() and note.read_text()))
    os.kill(one.process.pid, signal.SIGKILL)
    eventually(lambda: not lives(orphan))


def test_children_end_with_the_supervisor(supervise):
    one, two = child(WAITS), child(WAITS)
    supervisor, thread = supervise(one, two)
    supervisor.stopping.set()
    thread.join(30)
    assert not one.is_running()
    assert not two.is_running()


def test_a_child_that_does_not_stop_is_killed(supervise, monkeypatch, tmp_path):
    monkeypatch.setattr("app.supervisor._STOP_SECONDS", 0.2)
    note = tmp_path / "deaf"
    one = child(STUBBORN, str(note))
    supervisor, thread = supervise(one)
    eventually(note.exists)
    supervisor.stopping.set()
    thread.join(30)
    assert not one.is_running()


def test_a_child_that_never_lives_for_long_is_given_up(monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    other = child(WAITS)
    supervisor = Supervisor([child("raise SystemExit(1)"), other])
    with pytest.raises(UnstableChildError, match="ends right after its start"):
        supervisor.run(lambda: None)
    assert not other.is_running()
