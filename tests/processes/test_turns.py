"""Turns at firing timers."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from processes.events.turns import Turns

PATIENCE_SECONDS = 20.0
MOMENT_SECONDS = 0.2


def waiting(turns: Turns, folder: Path) -> tuple[threading.Thread, threading.Event]:
    """Let another thread take a turn; the event says that it has had it."""
    had = threading.Event()

    def take() -> None:
        with turns.turn(folder):
            had.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, had


def test_threads_of_a_worker_wait_for_one_another_when_places_are_free(tmp_path: Path) -> None:
    turns = Turns(places=2)
    with turns.turn(tmp_path):
        thread, had = waiting(turns, tmp_path)
        assert not had.wait(MOMENT_SECONDS)
    thread.join(PATIENCE_SECONDS)
    assert had.is_set()


def test_a_worker_waits_when_all_places_are_taken(tmp_path: Path) -> None:
    first, second, third = (Turns(places=2) for _ in range(3))
    with second.turn(tmp_path), first.turn(tmp_path):
        thread, had = waiting(third, tmp_path)
        assert not had.wait(MOMENT_SECONDS)
    thread.join(PATIENCE_SECONDS)
    assert had.is_set()


def test_workers_fire_side_by_side_when_there_are_places(tmp_path: Path) -> None:
    first, second = Turns(places=2), Turns(places=2)
    with first.turn(tmp_path):
        thread, had = waiting(second, tmp_path)
        assert had.wait(PATIENCE_SECONDS)
        thread.join(PATIENCE_SECONDS)


def test_a_place_is_free_when_its_worker_was_killed(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with Turns(places=1).turn(tmp_path):
            os.write(writer, b"!")
            signal.pause()
    os.read(reader, 1)
    thread, had = waiting(Turns(places=1), tmp_path)
    assert not had.wait(MOMENT_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    thread.join(PATIENCE_SECONDS)
    assert had.is_set()
