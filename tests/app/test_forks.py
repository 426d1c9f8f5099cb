"""Processes that are forked from this one."""

import gc
import os
import signal
from pathlib import Path

import pytest

from app.forks import reap_forks, share_memory, start_fork
from tests.program import PATIENCE_SECONDS, eventually


def waits():
    signal.pause()


@pytest.fixture
def forked():
    started = []

    def start(main):
        started.append(start_fork("lanewise-test", main))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


def test_a_fork_has_the_name_that_it_was_given(forked):
    process = forked(waits)
    eventually(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "lanewise-test\n")


def test_a_fork_is_in_a_session_of_its_own(forked):
    process = forked(waits)
    eventually(lambda: os.getsid(process.pid) == process.pid)


def test_a_fork_ends_by_the_code_that_its_work_gives(forked):
    def fails():
        raise SystemExit(7)

    process = forked(fails)
    process.join()
    assert process.exitcode == 7


def test_a_signal_is_not_lost_when_it_comes_before_the_fork_has_begun(forked):
    kept = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        process = forked(waits)
        process.terminate()
        process.join(PATIENCE_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert process.exitcode == -signal.SIGTERM


def test_a_fork_ends_when_its_parent_is_killed(forked, tmp_path):
    note = tmp_path / "grandchild"

    def forks_and_waits():
        note.write_text(str(start_fork("lanewise-below", waits).pid))
        signal.pause()

    parent = forked(forks_and_waits)
    grandchild = int(eventually(lambda: note.exists() and note.read_text()))
    eventually(lambda: name_of(grandchild) == "lanewise-below")
    parent.kill()
    eventually(lambda: name_of(grandchild) is None)


def test_a_fork_is_forgotten_when_it_has_ended(forked):
    process = forked(lambda: None)

    def is_gone():
        reap_forks()
        return name_of(process.pid) is None

    eventually(is_gone)


def test_what_is_loaded_is_left_alone_by_the_collector_when_memory_is_shared():
    try:
        share_memory()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_garbage_is_looked_for_when_much_is_frozen_and_little_is_new():
    kept = gc.get_threshold()
    try:
        share_memory()
        gc.set_threshold(10, 1, 1)
        before = gc.get_stats()[2]["collections"]
        made = [[number] for number in range(1_000)]
        assert gc.get_stats()[2]["collections"] > before
        assert len(made) == 1_000
    finally:
        gc.set_threshold(*kept)
        gc.unfreeze()


def name_of(key: int) -> str | None:
    """Return a process's name; None if it has ended."""
    try:
        state = Path(f"/proc/{key}/stat").read_text().rpartition(")")[2].split()[0]
        return None if state == "Z" else Path(f"/proc/{key}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
