"""The worker: jobs and timers in threads and processes, stopped and killed."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from processes.jobs.incidents import list_incidents
from processes.jobs.upkeep import tidy_up
from processes.jobs.worker import put_back_stalled_jobs, run_worker
from services import jobs
from services.actors import SYSTEM
from services.errors import Conflict
from services.unit_of_work import Job
from services.upkeep import hourly_parts
from tests.processes.test_events import on_created
from tests.processes.test_time_and_calls import reminding
from tests.program import PATIENCE_SECONDS


class Signal:
    """A job's handler that tells when it was run, and with what."""

    def __init__(self) -> None:
        self.seen: list[dict] = []
        self.happened = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, platform, **args) -> None:
        self.seen.append(args)
        self.happened.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        if "fault" in args:
            raise ZeroDivisionError(args["fault"])


@pytest.fixture
def told(monkeypatch) -> Signal:
    signal = Signal()
    monkeypatch.setitem(jobs._HANDLERS, "test.tell", jobs.JobHandler("test.tell", signal))
    return signal


@contextmanager
def working(platform, count: int = 1, **settings):
    """Run workers in threads as long as the block lasts."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=run_worker, args=(platform, stop), kwargs=settings)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert not any(thread.is_alive() for thread in threads)


def wait_until(condition: Callable[[], object]) -> None:
    moment, waited = threading.Event(), 0.0
    while not condition():
        assert waited < PATIENCE_SECONDS, "it never happened"
        moment.wait(0.05)
        waited += 0.05


def lose_connections(world) -> None:
    """End all connections to the database but the one that says so, as a restart does."""
    world.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def queue(world) -> list[tuple]:
    return [
        tuple(row) for row in world.sql("SELECT task_name, status::text FROM procrastinate_jobs")
    ]


def test_a_deferred_job_is_run_and_forgotten(world, told):
    with working(world.platform):
        world.ask(lambda uow: uow.defer(Job("test.tell", {"x": 1})))
        assert told.happened.wait(PATIENCE_SECONDS)
        wait_until(lambda: queue(world) == [])
    assert told.seen == [{"x": 1}]


def test_events_and_timers_reach_processes_through_workers(world):
    world.deploy(on_created("q"), reminding())
    with working(world.platform, 2):
        for number in range(5):
            world.do("lead.create", name=f"Lead {number}")
        wait_until(lambda: len([task for task in world.tasks() if task.process_key == "q"]) == 5)
        for _ in range(5):
            world.start("p")
        world.platform.clock.advance(timedelta(hours=2))
        wait_until(lambda: world.trace().count("late") == 5)
    assert world.trace().count("late") == 5


def test_a_running_job_is_finished_when_the_worker_is_stopped(world, told):
    told.may_end.clear()
    with working(world.platform) as stop:
        world.ask(lambda uow: uow.defer(Job("test.tell", {})))
        assert told.happened.wait(PATIENCE_SECONDS)
        stop.set()
        told.may_end.set()
    assert queue(world) == []


def test_a_failed_job_is_tried_again_later(world, told, monkeypatch):
    monkeypatch.setattr("processes.jobs.job_retries.BACK_OFF", 3600)
    with working(world.platform):
        world.ask(lambda uow: uow.defer(Job("test.tell", {"fault": "x"})))
        wait_until(lambda: world.sql("SELECT 1 FROM procrastinate_jobs WHERE attempts = 1"))
    (row,) = world.sql("SELECT attempts, scheduled_at > now() FROM procrastinate_jobs")
    assert tuple(row) == (1, True)


def test_a_job_that_is_given_up_becomes_an_incident_that_can_be_retried(world, told):
    world.ask(lambda uow: uow.defer(Job("test.tell", {"fault": "x"})))
    world.sql("UPDATE procrastinate_jobs SET attempts = 4")
    with working(world.platform):
        wait_until(lambda: world.ask(list_incidents, actor="olga"))
    (incident,) = world.ask(list_incidents, actor="olga")
    assert (incident.job["task"], incident.attempts) == ("test.tell", 5)
    told.seen.clear()
    world.do("incident.retry", "olga", incident_id=incident.id)
    with working(world.platform):
        wait_until(lambda: told.seen)
    assert told.seen[0] == {"fault": "x"}


def test_the_jobs_of_a_dead_worker_are_run_by_another(world, told):
    world.ask(lambda uow: uow.defer(Job("test.tell", {})), actor=SYSTEM)
    world.sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '6 s')")
    world.sql("SELECT procrastinate_fetch_job_v2(NULL, (SELECT id FROM procrastinate_workers))")
    assert queue(world) == [("test.tell", "doing")]
    with working(world.platform):
        assert told.happened.wait(PATIENCE_SECONDS)


def test_the_jobs_of_a_living_worker_are_left_alone(world, told):
    world.ask(lambda uow: uow.defer(Job("test.tell", {})))
    world.sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    world.sql("SELECT procrastinate_fetch_job_v2(NULL, (SELECT id FROM procrastinate_workers))")
    assert put_back_stalled_jobs(world.platform, 3600) == 0
    assert put_back_stalled_jobs(world.platform, 0) == 1


def test_work_goes_on_when_the_database_was_lost_and_came_back(world, told):
    world.deploy(reminding())
    with working(world.platform):
        world.ask(lambda uow: uow.defer(Job("test.tell", {"x": 1})))
        wait_until(lambda: told.seen and queue(world) == [])
        lose_connections(world)
        world.start("p")
        world.platform.clock.advance(timedelta(hours=1))
        world.ask(lambda uow: uow.defer(Job("test.tell", {"x": 2})))
        wait_until(lambda: queue(world) == [] and "late" in world.trace())
    assert {"x": 2} in told.seen


def test_a_job_is_finished_when_the_connection_is_lost_over_it(world, told):
    told.may_end.clear()
    waiting = (
        "FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE '%finish_job%'"
    )
    with working(world.platform):
        world.ask(lambda uow: uow.defer(Job("test.tell", {"x": 1})))
        assert told.happened.wait(PATIENCE_SECONDS)
        with world.platform.engine.begin() as connection:
            connection.execute(text("SELECT id FROM procrastinate_jobs FOR UPDATE"))
            told.may_end.set()
            wait_until(lambda: world.sql(f"SELECT pid {waiting}"))
            world.sql(f"SELECT pg_terminate_backend(pid) {waiting}")
        wait_until(lambda: queue(world) == [])
    assert told.seen == [{"x": 1}]


def test_a_job_that_hangs_does_not_hold_the_worker_up_for_ever(world, told, monkeypatch):
    monkeypatch.setattr("processes.jobs.worker.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("processes.jobs.worker.MARGIN_SECONDS", 0.2)
    told.may_end.clear()
    gave_up = threading.Event()

    def give_up() -> None:
        assert not told.may_end.is_set()
        gave_up.set()
        told.may_end.set()

    with working(world.platform, give_up=give_up) as stop:
        world.ask(lambda uow: uow.defer(Job("test.tell", {})))
        assert told.happened.wait(PATIENCE_SECONDS)
        stop.set()
        assert gave_up.wait(PATIENCE_SECONDS)


def test_a_worker_goes_on_when_another_takes_a_job_with_the_same_lock_first(world, told):
    """The first job's transaction ends after the second one's, so the second is taken first."""
    deferring = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
        "VALUES ('default', 'test.tell', 'one', '{\"x\": 1}')"
    )
    workers = "SELECT id FROM procrastinate_workers ORDER BY id"
    blocked = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE '%fetch_job%'"
    )
    engine = world.platform.engine
    with working(world.platform), engine.connect() as late, engine.connect() as taking:
        wait_until(lambda: world.sql(workers))
        known = world.sql(workers)
        late.execute(text(deferring))
        taking.execute(text(deferring))
        taking.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        late.commit()
        wait_until(lambda: world.sql(blocked))
        taking.commit()
        wait_until(lambda: not world.sql(blocked))
        assert told.seen == []
        world.sql("DELETE FROM procrastinate_jobs WHERE status = 'doing'")
        wait_until(lambda: queue(world) == [])
        assert world.sql(workers) == known
    assert told.seen == [{"x": 1}]


def test_what_is_over_is_tidied_up(world, monkeypatch):
    monkeypatch.setattr("processes.jobs.upkeep.PRUNED_AT_ONCE", 1)
    effects = "('old', '2026-01-30'), ('older', '2026-01-29'), ('new', '2026-02-20')"
    world.sql(f"INSERT INTO job_effects (key, at) VALUES {effects}")
    world.sql("INSERT INTO job_failures VALUES (4711, 'x', now())")
    tidy_up(world.platform)
    left = {row.key for row in world.sql("SELECT key FROM job_effects")}
    assert left & {"old", "older", "new"} == {"new"}
    assert world.sql("SELECT 1 FROM job_failures") == []


def test_every_subject_is_known_when_the_hours_work_is_done():
    assert {part.name.removeprefix("services.") for part in hourly_parts()} == {
        "activities.ahead.look_after_series",
        "bin.emptying.empty_bins",
        "bulk.changes.delete_expired",
        "contracts.daily.look_after_contracts",
        "exporting.exports.delete_expired",
        "importing.imports.forget_files",
        "loyalty.expiring.expire_all",
        "marketing.customer_values.measure_when_due",
        "notifications.reading.prune_notifications",
        "privacy.dossiers.prune_dossiers",
        "processes.events.buffer.prune_messages",
        "processes.jobs.upkeep._prune_effects",
        "processes.jobs.upkeep._prune_failures",
        "sales.reminders.tell_late_invoices",
        "submissions.forget_submissions",
    }


@pytest.mark.parametrize("broken", ["_PRUNE_FAILURES", "_PRUNE_EFFECTS"])
def test_contracts_are_looked_after_when_another_part_of_upkeep_fails(world, monkeypatch, broken):
    monkeypatch.setattr(f"processes.jobs.upkeep.{broken}", text("DELETE FROM nothing_like_it"))
    tidy_up(world.platform)
    assert world.sql("SELECT 1 FROM job_effects WHERE key LIKE 'contracts:%'") != []


def test_the_sweeper_goes_on_when_a_sweep_is_refused(world, monkeypatch):
    def refuse(platform):
        refused.append(platform)
        raise Conflict("Somebody else changed this at the same moment.")

    refused: list = []
    monkeypatch.setattr("processes.jobs.worker.SWEEP_SECONDS", 0.01)
    monkeypatch.setattr("processes.jobs.worker.sweep_steps", refuse)
    with working(world.platform):
        wait_until(lambda: len(refused) > 1)


def test_a_worker_tidies_up(world):
    world.sql("INSERT INTO job_effects (key, at) VALUES ('old', '2026-01-30')")
    with working(world.platform):
        wait_until(lambda: world.sql("SELECT 1 FROM job_effects WHERE key = 'old'") == [])
