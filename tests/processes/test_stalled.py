"""An instance that waits for nothing that could come is an incident until it goes on."""

from processes.jobs.incidents import list_incidents
from processes.running.instance_tables import Incident
from tests.engine.models import Drawing
from tests.processes.world import one_task, user_task


def stuck() -> Drawing:
    """Return a process whose join waits for a branch that is never taken."""
    drawing = Drawing("p").start().end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.node("exclusiveGateway", "choose", default="choose-join")
    drawing.node("parallelGateway", "join").node("task", "other")
    drawing.path("start", "ask", "choose", "join", "end").path("other", "join")
    return drawing.flow("choose", "other", "=false")


def test_an_instance_that_stands_still_is_an_incident(world):
    world.deploy(stuck())
    instance = world.start("p")
    assert world.rows(Incident) == []
    world.complete("Ask", "anna")
    (incident,) = world.ask(list_incidents, actor="olga")
    assert (incident.instance_id, incident.code) == (instance, "stalled")
    assert incident.element_id == "join"
    assert "join" in incident.message


def test_a_retry_changes_nothing_when_it_still_stands_still(world):
    world.deploy(stuck())
    world.start("p")
    world.complete("Ask", "anna")
    (incident,) = world.rows(Incident)
    result = world.do("incident.retry", "olga", incident_id=incident.id)
    assert result["resolved"] is False
    assert len(world.rows(Incident)) == 1


def test_the_incident_is_over_when_a_token_is_moved_on(world):
    world.deploy(stuck())
    instance = world.start("p")
    world.complete("Ask", "anna")
    world.do("instance.add_token", "olga", instance_id=instance, element_id="other", reason="Go on")
    assert world.state(instance) == "completed"
    assert world.rows(Incident)[0].resolved_by == "Olga Nilsen"


def test_the_incident_is_over_when_the_instance_is_cancelled(world):
    world.deploy(stuck())
    instance = world.start("p")
    world.complete("Ask", "anna")
    world.do("instance.cancel", "olga", instance_id=instance)
    assert world.ask(list_incidents, actor="olga") == []


def test_an_instance_that_waits_for_somebody_is_no_incident(world):
    world.deploy(one_task())
    world.start("p")
    world.complete("Ask", "anna")
    assert world.rows(Incident) == []
