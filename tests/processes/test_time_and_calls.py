"""Timers, answers from outside, jobs that fail: each thing once, nothing lost."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from marshmallow import fields
from sqlalchemy import select, text

from processes.events import timers
from processes.events.timers import fire_timers, sweep_timers
from processes.events.turns import Turns
from processes.jobs.incidents import list_incidents
from processes.running.calls import answer_call, fail_call
from processes.running.instance_tables import Incident, PendingCall, ProcessInstance, Timer
from services import jobs, operations
from services.actors import Permission
from services.errors import LanewiseError, NotAllowed
from services.jobs import RetryLater
from services.operations import Arguments, Operation
from services.people.model import Group
from services.unit_of_work import Job
from tests.engine.models import Drawing, extension, on, timer
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task

SENT: list[str] = []
FAILURES: list[Exception] = []


class Ring(Arguments):
    number = fields.String(required=True)


def ring(uow, *, number):
    """Ring a number."""
    SENT.append(uow.call_key)


class Break(Arguments):
    how = fields.String(required=True)


def break_down(uow, *, how):
    """Break down in some way."""
    if how == "sql":
        uow.session.execute(text("SELECT 1 / 0"))
    if how == "fault":
        raise TypeError("the program is wrong")
    uow.add(Group(name="Half done"))
    uow.defer(Job("test.fail", {"times": 0}))
    raise LanewiseError("a rule", code="broken")


def fail(platform, *, times):
    if FAILURES and len(FAILURES) <= times:
        raise FAILURES.pop()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch):
    """Two operations and a job that exist while these tests run."""
    SENT.clear()
    FAILURES.clear()
    for name, schema, handler, outside in (
        ("test.ring", Ring, ring, True),
        ("test.break", Break, break_down, False),
    ):
        made = Operation(
            name, name, Permission.RECORD_WRITE, schema, handler, outside, in_diagrams=True
        )
        monkeypatch.setitem(operations._REGISTRY, name, made)
    monkeypatch.setitem(jobs._HANDLERS, "test.fail", jobs.JobHandler("test.fail", fail))


def calling(type_: str = "test.ring", *, before: str = "", **inputs: str) -> Drawing:
    """Return a process that calls an operation, behind the element `before` if one is named."""
    lines = "".join(f'<zeebe:input source="{v}" target="{k}"/>' for k, v in inputs.items())
    work = f'<zeebe:taskDefinition type="{type_}"/><zeebe:ioMapping>{lines}</zeebe:ioMapping>'
    drawing = Drawing("p").start().end().node("serviceTask", "call", extension(work))
    return drawing.path(*filter(None, ("start", before, "call", "end")))


def reminding(text_: str = "PT1H", kind: str = "timeDuration", *, cancel: bool = False) -> Drawing:
    drawing = Drawing("p").start().end().end("late")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.boundary("due", "ask", timer(text_, kind), cancelActivity=str(cancel).lower())
    return drawing.path("start", "ask", "end").path("due", "late")


def pass_time(world, **span: float) -> None:
    world.platform.clock.advance(timedelta(**span))


def test_a_timer_fires_when_the_clock_reaches_it_and_not_before(world):
    world.deploy(reminding(cancel=True))
    instance = world.start("p")
    pass_time(world, minutes=59)
    world.drain()
    assert world.state(instance) == "running"
    pass_time(world, minutes=2)
    world.drain()
    assert world.state(instance) == "completed"
    assert world.work_item("Ask").state == "cancelled"


def test_a_repeating_timer_fires_each_time_once(world):
    world.deploy(reminding("R3/PT1H", "timeCycle"))
    world.start("p")
    for _ in range(5):
        pass_time(world, hours=1, seconds=1)
        world.drain()
    assert world.trace().count("late") == 3
    assert world.rows(Timer) == []


def test_a_timer_fires_once_when_its_job_is_delivered_twice(world):
    world.deploy(reminding("R/PT1H", "timeCycle"))
    world.start("p")
    pass_time(world, hours=1, seconds=1)
    (row,) = world.rows(Timer)
    for _ in range(3):
        fire_timers(world.platform, timer_ids=[str(row.id)])
    assert world.trace().count("late") == 1


def test_a_timer_fires_once_when_two_workers_race(world):
    world.deploy(reminding())
    for _ in range(5):
        world.start("p")
    pass_time(world, hours=1, seconds=1)
    taken = race(*(lambda: sweep_timers(world.platform) for _ in range(3)))
    assert sum(taken) == 5
    keys = [str(row.id) for row in world.rows(Timer)]
    race(*(lambda: fire_timers(world.platform, timer_ids=keys) for _ in range(2)))
    assert world.trace().count("late") == 5


@contextmanager
def thought_empty(world, table):
    """Have the server plan as after a night in which nothing was in the table."""
    world.sql(f"UPDATE pg_class SET relpages = 1000, reltuples = 1 WHERE oid = '{table}'::regclass")
    try:
        yield
    finally:
        world.sql(f"ANALYZE {table}")


def test_no_more_than_the_limit_are_taken_when_the_table_is_thought_empty(world, monkeypatch):
    monkeypatch.setattr(timers, "SWEPT_AT_ONCE", 5)
    world.deploy(reminding())
    for _ in range(12):
        world.start("p")
    pass_time(world, hours=1, seconds=1)
    with thought_empty(world, "timers"):
        assert [sweep_timers(world.platform) for _ in range(4)] == [5, 5, 2, 0]


def test_completing_and_firing_at_once_ends_in_one_of_them(world):
    world.deploy(reminding(cancel=True))
    for _ in range(5):
        instance = world.start("p")
        pass_time(world, hours=1, seconds=1)
        (row,) = world.rows(Timer)
        task = world.task("Ask")
        race(
            lambda row=row: fire_timers(world.platform, timer_ids=[str(row.id)]),
            lambda task=task: world.do("task.complete", "anna", task_id=task),
        )
        assert world.state(instance) == "completed"
        assert len({"due", "ask"} & set(world.trace(instance))) == 1


def test_a_process_starts_by_its_timer_and_goes_on_repeating(world):
    drawing = Drawing("p").start(inner=timer("R/P1D", "timeCycle")).end().path("start", "end")
    world.deploy(drawing)
    for _ in range(3):
        pass_time(world, days=1, seconds=1)
        world.drain()
    assert len(world.rows(ProcessInstance)) == 3
    world.deploy(one_task())
    pass_time(world, days=2)
    world.drain()
    assert len(world.rows(ProcessInstance)) == 3


def test_a_start_that_was_missed_is_not_made_up_for(world):
    inner = timer("R/2026-01-01T06:00:00Z/P1D", "timeCycle")
    world.deploy(Drawing("p").start(inner=inner).end().path("start", "end"))
    world.drain()
    assert len(world.rows(ProcessInstance)) <= 1
    (row,) = world.rows(Timer)
    assert row.due_at == world.platform.clock.now().replace(hour=6) + timedelta(days=1)


def test_a_call_waits_for_its_answer_and_takes_it_once(world):
    world.deploy(calling(number="123"))
    instance = world.start("p")
    (key,) = SENT
    assert world.state(instance) == "running"
    for _ in range(2):
        answer_call(world.platform, key=key, result={"answered_by": "Ann"})
    assert world.state(instance) == "completed"
    assert world.rows(PendingCall) == []


def test_a_failed_call_is_an_incident_and_is_made_again_with_the_same_key(world):
    world.deploy(calling(number="123"))
    instance = world.start("p")
    fail_call(world.platform, key=SENT[0], code="busy", message="The line is busy.")
    (incident,) = world.rows(Incident)
    assert (incident.code, incident.resolved_at) == ("busy", None)
    assert "The line is busy." in incident.message
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert [SENT[0]] * 2 == SENT
    answer_call(world.platform, key=SENT[0], result={})
    assert world.state(instance) == "completed"


def test_an_answer_settles_a_call_that_had_become_an_incident(world):
    world.deploy(calling(number="123"))
    instance = world.start("p")
    fail_call(world.platform, key=SENT[0], code="unknown", message="Nobody knows.")
    answer_call(world.platform, key=SENT[0], result={})
    assert len(SENT) == 2
    answer_call(world.platform, key=SENT[0], result={})
    assert world.state(instance) == "completed"
    assert world.ask(list_incidents, actor="olga") == []


def test_a_failed_call_takes_the_boundary_event_of_its_code(world):
    drawing = calling(number="123").end("caught").boundary("oops", "call", on("error", "e"))
    drawing.declare('<error id="e" errorCode="busy"/>').path("oops", "caught")
    world.deploy(drawing)
    instance = world.start("p")
    fail_call(world.platform, key=SENT[0], code="busy", message="The line is busy.")
    assert world.state(instance) == "completed"
    assert world.rows(PendingCall) == []


@pytest.mark.parametrize(("how", "cause"), [("sql", "DataError"), ("fault", "TypeError")])
def test_a_fault_of_the_program_is_an_opaque_incident(world, how, cause):
    world.deploy(calling("test.break", how=how))
    world.start("p")
    (incident,) = world.ask(list_incidents, actor="olga")
    assert incident.message == "The operation test.break could not be carried out."
    assert incident.detail.startswith(cause)
    assert "wrong" not in incident.detail
    with pytest.raises(NotAllowed):
        world.ask(list_incidents, actor="maria")


@pytest.mark.parametrize("how", ["rule", "sql"])
def test_what_a_failed_operation_had_done_is_undone_with_its_jobs(world, how):
    drawing = calling("test.break", how=how).task("ask", candidateGroups="Sales")
    drawing.flow("start", "ask").flow("ask", "end")
    world.deploy(drawing)
    world.start("p")
    assert "Half done" not in {group.name for group in world.rows(Group)}
    assert world.sql("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'test.fail'") == []
    assert [task.name for task in world.tasks()] == ["ask"]


def test_a_timer_that_is_not_due_yet_does_not_fire(world):
    world.deploy(reminding())
    world.start("p")
    (row,) = world.rows(Timer)
    fire_timers(world.platform, timer_ids=[str(row.id)])
    assert "late" not in world.trace()


def test_an_incident_is_over_when_its_instance_is_cancelled(world):
    world.deploy(calling("test.break", how="rule"))
    instance = world.start("p")
    assert len(world.ask(list_incidents, actor="olga")) == 1
    world.do("instance.cancel", "olga", instance_id=instance)
    assert world.ask(list_incidents, actor="olga") == []
    (resolved,) = world.ask(list_incidents, "resolved", actor="olga")
    assert resolved.resolved_by == "Olga Nilsen"


def test_a_job_is_put_back_when_it_asks_for_later(world):
    FAILURES.append(RetryLater(3600))
    world.ask(lambda uow: uow.defer(Job("test.fail", {"times": 1})))
    assert world.drain() == 1
    (row,) = world.sql("SELECT status, attempts, scheduled_at > now() FROM procrastinate_jobs")
    assert tuple(row) == ("todo", 1, True)
    assert world.drain() == 0


def test_drain_raises_what_a_job_raised_and_puts_it_back(world):
    FAILURES.append(ZeroDivisionError("again"))
    world.ask(lambda uow: uow.defer(Job("test.fail", {"times": 1})))
    with pytest.raises(ZeroDivisionError):
        world.drain()
    (row,) = world.sql("SELECT status::text, attempts FROM procrastinate_jobs")
    assert tuple(row) == ("todo", 1)


def test_a_step_that_waits_for_nothing_else_leaves_no_rows_behind(world):
    world.deploy(reminding())
    world.start("p")
    world.complete("Ask", "anna")
    with world.platform.session() as session:
        assert session.scalars(select(Timer)).all() == []


def test_timers_are_fired_in_turn(world, monkeypatch):
    world.deploy(reminding())
    world.start("p")
    pass_time(world, hours=1, seconds=1)
    (row,) = world.rows(Timer)
    told = []

    @contextmanager
    def turn(folder):
        told.append("turn")
        yield
        told.append("end")

    monkeypatch.setattr(world.platform.part(Turns), "turn", turn)
    monkeypatch.setattr(timers, "_fire_all", lambda uow, keys: told.append(keys))
    fire_timers(world.platform, timer_ids=[str(row.id)])
    assert told == ["turn", [row.id], "end"]


def test_timers_that_are_due_together_fire_in_one_transaction(world):
    world.deploy(reminding())
    for _ in range(5):
        world.start("p")
    pass_time(world, hours=1, seconds=1)
    keys = [str(row.id) for row in world.rows(Timer)]
    fire_timers(world.platform, timer_ids=keys)
    written = world.sql("SELECT DISTINCT xmin::text FROM history WHERE element_id = 'late'")
    assert world.trace().count("late") == 5
    assert len(written) == 1
