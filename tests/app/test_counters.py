"""How requests are counted: in memory, and without a thread for each."""

import threading

from app.limits import Counters


def test_counts_add_up_while_they_last_and_begin_anew_when_they_have_expired():
    counters = Counters()
    assert [counters.incr("lasting", 60) for _ in range(3)] == [1, 2, 3]
    assert [counters.incr("expired", 0) for _ in range(3)] == [1, 1, 1]
    assert counters.incr("lasting", 60, amount=2) == 5


def test_counts_are_whole_when_threads_count_at_once():
    counters = Counters()
    threads = [
        threading.Thread(target=lambda: [counters.incr("key", 60) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.get("key") == 2000


def test_one_thread_at_most_is_started_when_many_requests_are_counted(monkeypatch):
    counters = Counters()
    counters.timer.join()
    started = []
    monkeypatch.setattr(threading, "Timer", lambda *_: started.append(_) or threading.Thread())
    for _ in range(10):
        counters.incr("key", 60)
    assert len(started) <= 1
