"""The supervisor of web server and worker, with small programs in their place."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.restarts import Restarts
from app.supervisor import Child, Supervisor, UnstableChildError
from tests.program import PATIENCE_SECONDS, eventually


def waits() -> None:
    signal.pause()


def forks(note: Path) -> None:
    """Start a process that would go on alone, as the web server does."""
    key = os.fork()
    if key:
        note.write_text(str(key))
    signal.pause()


def is_stubborn(note: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note.touch()
    while True:
        signal.pause()


def ends() -> None:
    raise SystemExit(1)


def child(main: Callable[..., None], *arguments: Path) -> Child:
    return Child("child", partial(main, *arguments))


def lives(key: int) -> bool:
    try:
        state = Path(f"/proc/{key}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def supervise(monkeypatch):
    """Run a supervisor in a thread; signal handlers belong to the main one."""
    monkeypatch.setattr(Supervisor, "_heed_signals", lambda _: None)
    running = []

    def start(*children):
        supervisor = Supervisor(children)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        running.append((supervisor, thread))
        eventually(lambda: all(child.is_running() for child in children))
        return supervisor, thread

    yield start
    for supervisor, thread in running:
        supervisor.stopping.set()
        thread.join(PATIENCE_SECONDS)


def test_a_child_that_died_is_started_again(supervise):
    one = child(waits)
    supervise(one)
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: one.process.pid != first and one.is_running())


def test_what_a_killed_child_left_behind_ends_with_it(supervise, tmp_path):
    note = tmp_path / "orphan"
    one = child(forks, note)
    supervise(one)
    orphan = int(eventually(lambda: note.exists() and note.read_text()))
    os.kill(one.process.pid, signal.SIGKILL)
    eventually(lambda: not lives(orphan))


def test_children_end_with_the_supervisor(supervise):
    one, two = child(waits), child(waits)
    supervisor, thread = supervise(one, two)
    supervisor.stopping.set()
    thread.join(PATIENCE_SECONDS)
    assert not one.is_running()
    assert not two.is_running()


def test_stopping_does_not_wait_for_what_a_child_has_left_behind(supervise, monkeypatch, tmp_path):
    monkeypatch.setattr("app.supervisor._STOP_SECONDS", 10 * PATIENCE_SECONDS)
    note = tmp_path / "orphan"
    supervisor, thread = supervise(child(forks, note))
    orphan = int(eventually(lambda: note.exists() and note.read_text()))
    supervisor.stopping.set()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    eventually(lambda: not lives(orphan))


def test_a_child_that_does_not_stop_is_killed(supervise, monkeypatch, tmp_path):
    monkeypatch.setattr("app.supervisor._STOP_SECONDS", 0.2)
    note = tmp_path / "deaf"
    one = child(is_stubborn, note)
    supervisor, thread = supervise(one)
    eventually(note.exists)
    supervisor.stopping.set()
    thread.join(PATIENCE_SECONDS)
    assert not one.is_running()


def test_a_child_that_never_lives_for_long_is_given_up(monkeypatch):
    monkeypatch.setattr(Supervisor, "_heed_signals", lambda _: None)
    monkeypatch.setattr("app.supervisor._LONGEST_WAIT_SECONDS", 0.01)
    other = child(waits)
    supervisor = Supervisor([child(ends), other])
    with pytest.raises(UnstableChildError, match="ends right after its start"):
        supervisor.run()
    assert not other.is_running()


def test_a_child_waits_ever_longer_when_it_dies_again_and_again():
    one = child(ends)
    one.has_lived = True
    waits = []
    for _ in range(1_200):
        one.started_at = time.monotonic()
        waits.append(one.bury())
    assert waits[:9] == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert waits[-1] == 30
    assert not one.is_due()


def test_a_child_is_started_at_once_when_it_had_lived_for_long():
    one = child(ends)
    one.short_lives, one.started_at = 7, time.monotonic() - 6
    assert (one.bury(), one.is_due()) == (0, True)


def test_restarts_are_told_in_all_processes_when_a_child_died(supervise):
    restarts = Restarts(["other", "child"])

    def notes() -> None:
        restarts.note("other", 900)
        signal.pause()

    one = child(notes)
    supervisor, _ = supervise(one)
    supervisor.restarts = restarts
    eventually(lambda: "other" in restarts.told())
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    told = eventually(lambda: len(restarts.told()) > 1 and restarts.told())
    assert told["child"] == {"restarts": 1, "waits_seconds": 0}
    assert told["other"]["waits_seconds"] > 600
