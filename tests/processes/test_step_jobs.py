"""Steps that jobs do: asynchronous ones, and those tried again by their plan; each once."""

import pytest

from processes.events.delivery_tables import StepJob
from processes.jobs.incidents import list_incidents
from processes.running.instance_tables import Incident
from processes.running.step_jobs import run_step, sweep_steps
from services import operations
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import Arguments, Operation
from tests.engine.models import Drawing, extension
from tests.processes.test_tasks import race
from tests.processes.test_time_and_calls import pass_time
from tests.processes.world import user_task

TRIED: list[str | None] = []
FAULTS: list[Exception] = []


def attempt(uow):
    """Fail as often as there are faults."""
    TRIED.append(uow.call_key)
    if FAULTS:
        raise FAULTS.pop()


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    TRIED.clear()
    FAULTS.clear()
    made = Operation(
        "test.attempt", "Try", Permission.RECORD_WRITE, Arguments, attempt, in_diagrams=True
    )
    monkeypatch.setitem(operations._REGISTRY, "test.attempt", made)


def stated(**properties: str) -> str:
    lines = "".join(f'<zeebe:property name="{k}" value="{v}"/>' for k, v in properties.items())
    return f"<zeebe:properties>{lines}</zeebe:properties>"


def trying(**properties: str) -> Drawing:
    inner = extension('<zeebe:taskDefinition type="test.attempt"/>' + stated(**properties))
    drawing = Drawing("p").start().end().node("serviceTask", "try", inner)
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    return drawing.path("start", "ask", "try", "end")


def begun(world, **properties):
    world.deploy(trying(**properties))
    instance = world.start("p")
    world.complete("Ask", "anna")
    return instance


def queued(world) -> list[str]:
    statement = "SELECT args FROM procrastinate_jobs WHERE task_name = 'steps.run' ORDER BY id"
    return [row.args["step_id"] for row in world.sql(statement)]


@pytest.mark.parametrize(
    ("where", "tried", "trace"),
    [("asyncBefore", 0, ["start", "ask"]), ("asyncAfter", 1, ["start", "ask"])],
)
def test_a_token_stops_for_a_job_where_the_diagram_says_so(world, where, tried, trace):
    instance = begun(world, **{where: "true"})
    assert (len(TRIED), world.trace(instance)) == (tried, trace)
    world.drain()
    assert (len(TRIED), world.state(instance)) == (1, "completed")
    assert world.rows(StepJob) == []


def test_a_step_is_done_once_when_its_job_is_run_twice(world):
    instance = begun(world, asyncBefore="true", asyncAfter="true")
    for _ in range(2):
        (step_id,) = queued(world)
        world.sql("DELETE FROM procrastinate_jobs")
        for _ in range(2):
            run_step(world.platform, step_id=step_id)
        race(*(lambda one=step_id: run_step(world.platform, step_id=one) for _ in range(2)))
        assert len(TRIED) == 1
    assert world.state(instance) == "completed"


def test_a_job_does_nothing_when_its_step_is_cancelled(world):
    instance = begun(world, asyncBefore="true")
    world.do("instance.cancel", "olga", instance_id=instance)
    assert world.rows(StepJob) == []
    world.drain()
    assert TRIED == []


def test_a_job_waits_when_its_instance_is_suspended(world):
    instance = begun(world, asyncBefore="true")
    world.do("instance.suspend", "olga", instance_id=instance, reason="Audit")
    world.drain()
    assert TRIED == []
    world.do("instance.resume", "olga", instance_id=instance, reason="Done")
    world.drain()
    assert world.state(instance) == "completed"


def test_a_failing_step_is_tried_again_after_its_waits(world):
    FAULTS.extend([ValueError("second"), ValueError("first")])
    instance = begun(world, retryCycle="R3/PT5M")
    for tried in (1, 2):
        world.drain()
        assert (len(TRIED), world.rows(Incident)) == (tried, [])
        pass_time(world, minutes=4, seconds=59)
        world.drain()
        assert len(TRIED) == tried
        pass_time(world, seconds=1)
    world.drain()
    assert (len(TRIED), world.state(instance)) == (3, "completed")
    assert len(set(TRIED)) == 1
    assert world.rows(StepJob) == []


def test_the_last_failure_is_an_incident_that_counts_the_attempts(world):
    FAULTS.extend([ValueError("x")] * 4)
    instance = begun(world, retryCycle="PT1M,PT10M")
    for minutes in (1, 10, 60):
        pass_time(world, minutes=minutes)
        world.drain()
    (incident,) = world.ask(list_incidents, actor="olga")
    assert (len(TRIED), incident.attempts, incident.element_id) == (3, 3, "try")
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert len(world.rows(StepJob)) == 1
    pass_time(world, minutes=1)
    world.drain()
    assert world.state(instance) == "completed"
    assert world.rows(Incident)[0].resolved_at is not None


def test_a_step_is_tried_once_when_two_workers_look(world):
    FAULTS.append(ValueError("x"))
    begun(world, retryCycle="R2/PT1M")
    pass_time(world, minutes=1)
    race(*(lambda: sweep_steps(world.platform) for _ in range(3)))
    world.drain()
    assert len(TRIED) == 2


def test_a_step_is_tried_when_it_is_due_though_the_clock_went_back(world):
    FAULTS.append(ValueError("x"))
    begun(world, retryCycle="R2/PT1M")
    pass_time(world, minutes=1)
    sweep_steps(world.platform)
    pass_time(world, seconds=-1)
    world.drain()
    assert len(TRIED) == 1
    pass_time(world, seconds=1)
    world.drain()
    assert len(TRIED) == 2


def test_a_step_is_not_tried_again_when_its_instance_is_cancelled(world):
    FAULTS.append(ValueError("x"))
    instance = begun(world, retryCycle="R2/P1D")
    world.do("instance.cancel", "olga", instance_id=instance)
    assert world.rows(StepJob) == []


def test_a_business_error_is_caught_at_once_whatever_the_plan(world):
    FAULTS.append(LanewiseError("No", code="refused"))
    drawing = trying(retryCycle="R3/PT5M")
    drawing.declare('<error id="e" errorCode="refused"/>')
    drawing.boundary("caught", "try", '<errorEventDefinition errorRef="e"/>')
    drawing.node("endEvent", "no").path("caught", "no")
    world.deploy(drawing)
    instance = world.start("p")
    world.complete("Ask", "anna")
    assert (world.state(instance), world.rows(StepJob)) == ("completed", [])
