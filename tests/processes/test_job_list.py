"""Jobs as administrators see them: waiting, running, given up; tried again or dropped."""

from datetime import UTC, datetime, timedelta

import pytest

from processes.jobs.incidents import list_incidents
from processes.jobs.job_list import count_jobs, list_jobs, note_failure
from processes.jobs.job_retries import MAX_ATTEMPTS
from processes.running.instance_tables import Incident
from services.audit import AuditEntry
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.unit_of_work import Job
from tests.processes.test_worker import Signal, told, wait_until, working  # noqa: F401


def defer(world, **args) -> int:
    world.ask(lambda uow: uow.defer(Job("test.tell", args, lock="record:1")))
    return world.sql("SELECT max(id) AS id FROM procrastinate_jobs")[0].id


def jobs(world, state="all"):
    return world.ask(list_jobs, state, actor="olga")


def given_up(world) -> int:
    """Leave a job that has failed for the last time."""
    job_id = defer(world, fault="x")
    world.sql(f"UPDATE procrastinate_jobs SET attempts = {MAX_ATTEMPTS - 1}")
    with working(world.platform):
        wait_until(lambda: jobs(world, "failed"))
    return job_id


def test_a_job_that_waits_is_listed_with_what_it_is(world):
    job_id = defer(world, x=1)
    (job,) = jobs(world)
    assert (job.id, job.task, job.state, job.lock) == (job_id, "test.tell", "waiting", "record:1")
    assert (job.args, job.attempts, job.error) == ({"x": 1}, 0, None)
    assert job.since is not None


def test_a_job_that_waits_for_its_time_has_not_come_to_that_in_the_future(world):
    later = datetime.now(UTC) + timedelta(days=1)
    world.ask(lambda uow: uow.defer(Job("test.tell", {}, run_at=later)))
    (job,) = jobs(world)
    assert job.since < datetime.now(UTC) + timedelta(minutes=5) < job.due_at


def test_a_job_that_runs_is_listed_and_left_alone(world):
    job_id = defer(world)
    world.sql("UPDATE procrastinate_jobs SET status = 'doing'")
    assert [job.id for job in jobs(world, "running")] == [job_id]
    for operation, given in (("job.retry", {}), ("job.delete", {"reason": "x"})):
        with pytest.raises(Conflict):
            world.do(operation, "olga", job_id=job_id, **given)


def test_a_job_that_failed_is_listed_with_its_cause_and_its_next_attempt(
    world,
    told,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setattr("processes.jobs.job_retries.BACK_OFF", 3600)
    defer(world, fault="why")
    with working(world.platform):
        wait_until(lambda: world.sql("SELECT 1 FROM procrastinate_jobs WHERE attempts = 1"))
    (job,) = jobs(world, "waiting")
    assert (job.error, job.attempts) == ("ZeroDivisionError: why", 1)
    assert job.due_at > datetime.now(UTC)


def test_a_job_that_was_given_up_is_run_again_and_its_incident_is_over(world, told):  # noqa: F811
    job_id = given_up(world)
    (incident,) = world.ask(list_incidents, actor="olga")
    assert incident.job["id"] == job_id
    told.seen.clear()
    world.do("job.retry", "olga", job_id=job_id)
    assert world.ask(list_incidents, actor="olga") == []
    assert [(job.state, job.attempts) for job in jobs(world)] == [("waiting", 0)]
    with working(world.platform):
        wait_until(lambda: told.seen)


def test_a_job_is_not_doubled_when_its_incident_is_retried(world, told):  # noqa: F811
    job_id = given_up(world)
    (incident,) = world.ask(list_incidents, actor="olga")
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert [(job.id, job.state) for job in jobs(world)] == [(job_id, "waiting")]


def test_a_job_that_waits_for_its_next_attempt_is_tried_at_once(world):
    job_id = defer(world)
    world.sql("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 day'")
    world.do("job.retry", "olga", job_id=job_id)
    assert jobs(world)[0].due_at is None


def test_a_deleted_job_is_gone_and_known_to_audit_and_incidents(world):
    job_id = defer(world, x=1)
    world.do("job.delete", "olga", job_id=job_id, reason="Not wanted")
    assert jobs(world) == []
    (incident,) = world.rows(Incident)
    assert (incident.job["args"], incident.detail) == ({"x": 1}, "Not wanted")
    assert incident.resolved_by == "Olga Nilsen"
    assert world.rows(AuditEntry)[-1].arguments == {"job_id": job_id, "reason": "Not wanted"}
    with pytest.raises(NotFound):
        world.do("job.delete", "olga", job_id=job_id, reason="Again")


def test_the_incident_is_over_when_its_job_is_deleted(world, told):  # noqa: F811
    job_id = given_up(world)
    world.do("job.delete", "olga", job_id=job_id, reason="Not wanted")
    assert [row.resolved_by for row in world.rows(Incident)] == ["Olga Nilsen"]


def test_jobs_are_counted_by_their_state(world):
    for number in range(3):
        defer(world, x=number)
    world.sql("UPDATE procrastinate_jobs SET status = 'failed' WHERE args->>'x' = '1'")
    assert world.ask(count_jobs, actor="olga") == {"waiting": 2, "running": 0, "failed": 1}


def test_the_newest_cause_is_kept_when_a_job_fails_again(world):
    job_id = defer(world)
    for cause in ("first", "second"):
        note_failure(world.platform, job_id, ValueError(cause))
    assert jobs(world)[0].error == "ValueError: second"


def test_who_does_not_operate_processes_sees_and_changes_no_jobs(world):
    job_id = defer(world)
    for query in (list_jobs, count_jobs):
        with pytest.raises(NotAllowed):
            world.ask(query, actor="ada")
    with pytest.raises(NotAllowed):
        world.do("job.retry", "anna", job_id=job_id)


def test_jobs_are_refused_when_there_is_no_such_state(world):
    with pytest.raises(Invalid):
        jobs(world, "lost")
