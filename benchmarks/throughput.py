"""How much gets done when several processes work at once: instances, timers, jobs."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import threading
import time
from typing import Any, NamedTuple

from sqlalchemy import text

from benchmarks.measuring import Row
from benchmarks.models import one_step, timed
from benchmarks.place import deploy, do, open_place, worker_of
from processes.jobs.worker import run_worker
from services.actors import SYSTEM
from services.platform import Platform

SECONDS = 10.0
TIMERS = 10_000
WARM_UP_TIMERS = 1_000
"""Fired for each worker before the clock runs, so that all have their connections, models and
statements."""
ROUNDS = 5
COMPUTING_SECONDS = 1.0
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.03

_spawn = multiprocessing.get_context("spawn")


class _Firing(NamedTuple):
    """How long timers that had come due waited for the first to be taken, and then took, in s."""

    waiting: float
    firing: float


def measure(platform: Platform) -> list[Row]:
    """Return the rows about throughput."""
    deploy(platform, [one_step(), timed(1)])
    return [_instances(platform), *_timers(platform)]


def _instances(platform: Platform) -> Row:
    """Start and complete one-step instances with as many processes as there are cores."""
    cores = os.cpu_count() or 1
    barrier, results = _spawn.Barrier(cores), _spawn.Queue()
    url, folder = _address(platform)
    people = [
        _spawn.Process(target=_work_on_instances, args=(url, folder, barrier, results))
        for _ in range(cores)
    ]
    for person in people:
        person.start()
    done = sum(results.get(timeout=PATIENCE_SECONDS) for _ in people)
    for person in people:
        person.join()
    rate = done / SECONDS
    return Row(
        "One-step instances started and completed",
        f"{rate:.0f} a second",
        "≥ 300 a second",
        rate >= 300,
        f"{cores} processes, the database on the same {cores} cores",
    )


def _work_on_instances(url: str, folder: str, barrier: Any, results: Any) -> None:
    platform = open_place(url, folder)
    actor = worker_of(platform)
    _one_instance(platform, actor)
    barrier.wait()
    end, done = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < end:
        _one_instance(platform, actor)
        done += 1
    platform.close()
    results.put(done)


def _one_instance(platform: Platform, actor: Any) -> None:
    started = do(platform, actor, "instance.start", {"process_key": "one_step"})
    with platform.engine.connect() as connection:
        statement = text("SELECT id FROM work_items WHERE instance_id = :instance")
        task = connection.scalar(statement, {"instance": started["instance_id"]})
    do(platform, actor, "task.complete", {"task_id": task})


def _timers(platform: Platform) -> list[Row]:
    """Let the same number of timers come due at once for 1, 2 and 4 workers, in turns."""
    taken: dict[int, list[_Firing]] = {1: [], 2: [], 4: []}
    computed: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(ROUNDS):
        for workers in sorted(taken, reverse=bool(turn % 2)):
            taken[workers].append(_fire_all(platform, workers))
        for processes, rounds in computed.items():
            rounds.append(_compute(processes))
    rates = {
        workers: TIMERS / statistics.median(one.firing for one in found)
        for workers, found in taken.items()
    }
    seconds_of_two = statistics.median(one.waiting + one.firing for one in taken[2])
    scaling = rates[2] / rates[1]
    ceiling = statistics.median(computed[2]) / statistics.median(computed[1])
    shown = ", ".join(f"{workers}: {rate:.0f} a second" for workers, rate in rates.items())
    never_falls = rates[1] <= rates[2] * 1.05 and rates[2] <= rates[4] * 1.05
    return [
        Row(
            f"{TIMERS:,} timers due in the same second, 2 workers",
            f"{seconds_of_two:.1f} s",
            "≤ 60 s",
            seconds_of_two <= 60,
            "each fires once and ends its instance; with the wait for the workers' next look",
        ),
        Row(
            "The same with 1, 2 and 4 worker processes",
            f"{scaling:.2f} x from 1 to 2 ({shown})",
            "≥ 1.6 x, never falling",
            scaling >= 1.6 and never_falls,
            "from the first that is taken; the database runs on the same cores; mere computing in "
            f"2 processes instead of 1 gets {ceiling:.2f} x as much done on this machine",
        ),
    ]


def _compute(processes: int) -> float:
    """Return how much so many processes compute together that need nothing of one another.

    It is what the machine itself gives: cores that share their parts give less than twice.
    """
    barrier, results = _spawn.Barrier(processes), _spawn.Queue()
    started = [
        _spawn.Process(target=_count_rounds, args=(barrier, results)) for _ in range(processes)
    ]
    for process in started:
        process.start()
    done = sum(results.get(timeout=PATIENCE_SECONDS) for _ in started)
    for process in started:
        process.join()
    return float(done)


def _count_rounds(barrier: Any, results: Any) -> None:
    barrier.wait()
    end, rounds = time.perf_counter() + COMPUTING_SECONDS, 0
    while time.perf_counter() < end:
        sum(number & 1 for number in range(1_000))
        rounds += 1
    results.put(rounds)


def _fire_all(platform: Platform, workers: int) -> _Firing:
    """Let ``workers`` fire all timers once they are warm."""
    instances = [do(platform, SYSTEM, "instance.start", {"process_key": "timed"})["instance_id"]]
    warm_up = WARM_UP_TIMERS * workers
    _multiply(platform, instances[0], warm_up + TIMERS - 1)
    with platform.engine.begin() as connection:
        connection.execute(text("UPDATE timers SET due_at = now() + interval '1 day'"))
    _tidy_up(platform)
    url, folder = _address(platform)
    stop, ready = _spawn.Event(), _spawn.Barrier(workers + 1)
    processes = [
        _spawn.Process(target=_work_on_jobs, args=(url, folder, stop, ready))
        for _ in range(workers)
    ]
    for process in processes:
        process.start()
    ready.wait(PATIENCE_SECONDS)
    _fire(platform, warm_up, left=TIMERS)
    taken = _fire(platform, TIMERS, left=0)
    stop.set()
    for process in processes:
        process.join()
    return taken


def _tidy_up(platform: Platform) -> None:
    """Let the server do now what it would do at some moment of one measurement or another."""
    with platform.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def _fire(platform: Platform, count: int, *, left: int) -> _Firing:
    """Let some timers come due at once, until only ``left`` are there.

    Workers look once a second, each when its second is over: how long that takes is chance, and
    is told apart from how long they fire.
    """
    chosen = "SELECT id FROM timers WHERE NOT taken LIMIT :count"
    come_due = text(f"UPDATE timers SET due_at = now() WHERE id IN ({chosen})")  # noqa: S608
    begin = time.perf_counter()
    with platform.engine.begin() as connection:
        connection.execute(come_due, {"count": count})
    _wait_until(platform, "SELECT bool_or(taken) FROM timers")
    first = time.perf_counter()
    _wait_until(platform, f"SELECT count(*) = {left} FROM timers")  # noqa: S608
    return _Firing(first - begin, time.perf_counter() - first)


def _multiply(platform: Platform, instance_id: Any, count: int) -> None:
    """Copy a waiting instance with its timer, which is quicker than starting each."""
    with platform.engine.begin() as connection:
        connection.execute(
            text(
                """
                WITH made AS (
                  INSERT INTO process_instances (id, version_id, process_key, exclusive, state,
                    started_at, started_by, snapshot)
                  SELECT gen_random_uuid(), version_id, process_key, exclusive, state,
                    started_at, started_by, snapshot
                  FROM process_instances, generate_series(1, :count)
                  WHERE id = :instance RETURNING id)
                INSERT INTO timers (id, instance_id, token_id, element_id, due_at, taken)
                SELECT gen_random_uuid(), made.id, t.token_id, t.element_id, t.due_at, false
                FROM made, timers t WHERE t.instance_id = :instance
                """
            ),
            {"count": count, "instance": instance_id},
        )


def _work_on_jobs(url: str, folder: str, stop: Any, ready: Any) -> None:
    platform = open_place(url, folder)
    stopped = threading.Event()
    threading.Thread(target=_pass_on, args=(stop, stopped), daemon=True).start()
    threading.Timer(2.0, ready.wait).start()
    run_worker(platform, stopped)
    platform.close()


def _pass_on(stop: Any, stopped: threading.Event) -> None:
    stop.wait()
    stopped.set()


def _wait_until(platform: Platform, question: str) -> None:
    moment = threading.Event()
    begin = time.perf_counter()
    while time.perf_counter() - begin < PATIENCE_SECONDS:
        with platform.engine.connect() as connection:
            if connection.scalar(text(question)):
                return
        moment.wait(LOOK_SECONDS)
    raise TimeoutError("the timers were not fired in time")


def _address(platform: Platform) -> tuple[str, str]:
    url = platform.engine.url.set(drivername="postgresql")
    return (
        url.render_as_string(hide_password=False),
        str(platform.settings.instance_path),
    )
