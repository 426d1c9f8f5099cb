"""How requests are counted: by all threads and processes together, in a table that never grows."""

import multiprocessing
import os
import signal
import threading

import pytest

from app import counters
from app.counters import Counters

fork = multiprocessing.get_context("fork")


@pytest.fixture
def one_bucket(monkeypatch):
    """Let every key have its place in the same bucket."""
    monkeypatch.setattr(counters, "_BUCKETS", 1)
    return Counters()


def count(shared, times):
    for _ in range(times):
        shared.incr("key", 60)


def test_counts_add_up_while_they_last_and_begin_anew_when_they_have_expired():
    shared = Counters()
    assert [shared.incr("lasting", 60) for _ in range(3)] == [1, 2, 3]
    assert [shared.incr("expired", 0) for _ in range(3)] == [1, 1, 1]
    assert shared.incr("lasting", 60, amount=2) == 5
    assert (shared.get("lasting"), shared.get("expired"), shared.get("unknown")) == (5, 0, 0)


def test_a_count_lasts_from_its_beginning_when_more_is_counted():
    shared = Counters()
    shared.incr("key", 60)
    ends_at = shared.get_expiry("key")
    shared.incr("key", 600)
    assert shared.get_expiry("key") == ends_at


def test_counts_are_whole_when_threads_count_at_once():
    shared = Counters()
    threads = [threading.Thread(target=count, args=(shared, 500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.get("key") == 2000


def test_counts_are_whole_when_processes_count_at_once():
    shared = Counters()
    children = [fork.Process(target=count, args=(shared, 500)) for _ in range(3)]
    for child in children:
        child.start()
    count(shared, 500)
    for child in children:
        child.join()
    assert shared.get("key") == 2000


def test_counting_goes_on_when_a_process_dies_while_it_counts():
    shared = Counters()
    told, tell = fork.Pipe(duplex=False)

    def die_while_counting():
        with shared._locked():
            tell.send("locked")
            signal.pause()

    child = fork.Process(target=die_while_counting)
    child.start()
    assert told.recv() == "locked"
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert shared.incr("key", 60) == 1


def test_the_count_that_ends_first_goes_when_its_bucket_is_full(one_bucket):
    one_bucket.incr("guesses", 900)
    for number in range(1000):
        one_bucket.incr(f"request {number}", 60)
    assert one_bucket.get("guesses") == 1
    assert one_bucket.get("request 0") == 0


def test_an_expired_count_makes_room_when_its_bucket_is_full(one_bucket):
    keys = [f"key {number}" for number in range(7)]
    one_bucket.incr("expired", 0)
    for key in keys:
        one_bucket.incr(key, 60)
    one_bucket.incr("new", 30)
    assert [one_bucket.get(key) for key in [*keys, "new"]] == [1] * 8


def test_a_count_is_forgotten_when_it_is_cleared():
    shared = Counters()
    for key in ("one", "two"):
        shared.incr(key, 60)
    shared.clear("one")
    assert (shared.get("one"), shared.get("two")) == (0, 1)
    shared.reset()
    assert shared.get("two") == 0
