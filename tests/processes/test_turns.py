"""Turns at firing timers."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from processes.events.turns import Turns
from tests.program import PATIENCE_SECONDS

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


def test_a_worker_keeps_its_place_for_its_own_jobs_when_they_wait(tmp_path: Path) -> None:
    ours, theirs = Turns(places=1, kept_seconds=PATIENCE_SECONDS), Turns(places=1)
    order: list[str] = []

    def take(turns: Turns, name: str) -> None:
        with turns.turn(tmp_path):
            order.append(name)

    threads = [
        threading.Thread(target=take, args=given, daemon=True)
        for given in ((theirs, "theirs"), (ours, "ours"))
    ]
    with ours.turn(tmp_path):
        for thread in threads:
            thread.start()
        moment = threading.Event()
        while not ours.waiting:
            moment.wait(0.01)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert order == ["ours", "theirs"]


def test_another_worker_gets_a_place_when_one_has_always_more_to_do(tmp_path: Path) -> None:
    busy, other = Turns(places=1, kept_seconds=0.05), Turns(places=1)
    enough = threading.Event()

    def go_on() -> None:
        while not enough.is_set():
            with busy.turn(tmp_path):
                enough.wait(0.001)

    threads = [threading.Thread(target=go_on, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    _, had = waiting(other, tmp_path)
    assert had.wait(PATIENCE_SECONDS)
    enough.set()
    for thread in threads:
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
