"""Instances that stand still: nothing happens in them, and nothing that comes is lost."""

from datetime import timedelta

import pytest
from marshmallow import fields

from processes.events.delivery import receive_event
from processes.migration.tables import HeldJob
from processes.running.calls import answer_call, fail_call
from processes.running.history import Kind
from processes.running.instance_tables import (
    HistoryEntry,
    Incident,
    PendingCall,
    ProcessInstance,
    Subscription,
    Timer,
)
from processes.running.instances import instance_view, list_instances
from processes.tasks.inbox import get_task, task_form
from services import operations
from services.actors import Permission
from services.audit import AuditEntry
from services.errors import Conflict, NotAllowed, NotFound
from services.operations import Arguments, Operation
from tests.engine.models import Drawing, extension, on, timer
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task, with_properties

CALLED: list[str] = []


class Ring(Arguments):
    number = fields.String(required=True)


def ring(uow, *, number):
    """Ring a number."""
    CALLED.append(uow.call_key)


@pytest.fixture(autouse=True)
def _ringing(monkeypatch):
    CALLED.clear()
    made = Operation(
        "test.ring", "Ring", Permission.RECORD_WRITE, Ring, ring, outside=True, in_diagrams=True
    )
    monkeypatch.setitem(operations._REGISTRY, "test.ring", made)


def suspend(world, instance, reason="looking into it"):
    return world.do("instance.suspend", "olga", instance_id=instance, reason=reason)


def resume(world, instance, reason="mended"):
    return world.do("instance.resume", "olga", instance_id=instance, reason=reason)


def reminding(cancel="true") -> Drawing:
    drawing = Drawing("p").start().end().end("late")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.boundary("due", "ask", timer("PT1H"), cancelActivity=cancel)
    return drawing.path("start", "ask", "end").path("due", "late")


def hearing() -> Drawing:
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.message("m", "mail.received").node("receiveTask", "hear", messageRef="m")
    return drawing.path("start", "hear", "end")


def calling() -> Drawing:
    lines = '<zeebe:input source="=&quot;1&quot;" target="number"/>'
    work = f'<zeebe:taskDefinition type="test.ring"/><zeebe:ioMapping>{lines}</zeebe:ioMapping>'
    drawing = Drawing("p").start().end().node("serviceTask", "call", extension(work))
    return drawing.path("start", "call", "end")


def test_a_task_stays_visible_but_is_not_completed_while_suspended(world):
    world.deploy(one_task())
    instance = world.start("p")
    suspend(world, instance)
    task = world.task("Ask", "anna")
    assert world.ask(get_task, task, actor="anna").name == "Ask"
    assert world.ask(lambda uow: task_form(uow, get_task(uow, task)), actor="anna").schema is None
    with pytest.raises(Conflict, match="suspended") as caught:
        world.complete("Ask", "anna")
    assert caught.value.code == "suspended"
    resume(world, instance)
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"


def test_a_timer_that_came_due_fires_once_after_resuming(world):
    world.deploy(reminding())
    instance = world.start("p")
    suspend(world, instance)
    world.platform.clock.advance(timedelta(hours=3))
    world.drain()
    world.drain()
    assert world.trace(instance) == ["start"]
    assert len(world.rows(HeldJob)) == 1
    resume(world, instance)
    world.drain()
    assert world.trace(instance) == ["start", "due", "late"]
    assert (world.rows(HeldJob), world.rows(Timer)) == ([], [])


def test_a_timer_fires_at_its_time_when_resumed_before(world):
    world.deploy(reminding())
    instance = world.start("p")
    suspend(world, instance)
    resume(world, instance)
    world.platform.clock.advance(timedelta(hours=2))
    world.drain()
    assert world.state(instance) == "completed"


def test_a_message_that_came_is_received_after_resuming(world):
    world.deploy(hearing())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    suspend(world, instance)
    world.ask(lambda uow: uow.emit("mail.received", "lead", lead.id, subject="Hello"))
    world.drain()
    assert world.state(instance) == "running"
    resume(world, instance)
    world.drain()
    assert world.state(instance) == "completed"
    written = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert written[-1].details["values"] == {"subject": "Hello"}


def test_a_signal_reaches_the_suspended_after_resuming_and_the_others_at_once(world):
    drawing = Drawing("p").start().end().declare('<signal id="s" name="closing"/>')
    drawing.node("intermediateCatchEvent", "hear", on("signal", "s")).path("start", "hear", "end")
    sender = Drawing("sender").start().declare('<signal id="s2" name="closing"/>')
    sender.node("endEvent", "end", on("signal", "s2")).path("start", "end")
    world.deploy(drawing, sender)
    still, other = world.start("p"), world.start("p")
    suspend(world, still)
    world.start("sender")
    world.drain()
    assert (world.state(still), world.state(other)) == ("running", "completed")
    resume(world, still)
    world.drain()
    assert world.state(still) == "completed"


def test_messages_are_received_in_the_order_in_which_they_came(world):
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.message("m", "mail.received")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.boundary("mail", "ask", on("message", "m"), cancelActivity="false").end("noted")
    world.deploy(drawing.path("start", "ask", "end").path("mail", "noted"))
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    suspend(world, instance)
    for number in range(3):
        world.ask(lambda uow, n=number: uow.emit("mail.received", "lead", lead.id, number=n))
        world.drain()
    resume(world, instance)
    world.drain()
    written = [row.details["values"] for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert written == [{"number": number} for number in range(3)]


@pytest.mark.parametrize("answer", ["answered", "failed"])
def test_the_answer_to_a_call_waits_until_resuming(world, answer):
    world.deploy(calling())
    instance = world.start("p")
    suspend(world, instance)
    (call,) = world.rows(PendingCall)
    if answer == "answered":
        answer_call(world.platform, key=call.key, result={"line": "free"})
    else:
        fail_call(world.platform, key=call.key, code="busy", message="Busy.")
    assert world.state(instance) == "running"
    assert (len(world.rows(PendingCall)), world.rows(Incident)) == (1, [])
    resume(world, instance)
    world.drain()
    if answer == "answered":
        assert world.state(instance) == "completed"
    else:
        assert [row.code for row in world.rows(Incident)] == ["busy"]


def test_an_incident_is_not_retried_while_suspended(world):
    drawing = Drawing("p").start().end().script("bad", "x = 1 / 0")
    world.deploy(drawing.path("start", "bad", "end"))
    instance = world.start("p")
    suspend(world, instance)
    (incident,) = world.rows(Incident)
    with pytest.raises(Conflict, match="suspended"):
        world.do("incident.retry", "olga", incident_id=incident.id)


def test_every_suspending_and_resuming_stands_in_history_and_audit(world):
    world.deploy(one_task())
    instance = world.start("p")
    suspend(world, instance, "the price is wrong")
    assert world.row(ProcessInstance, instance).suspended_by == "Olga Nilsen"
    resume(world, instance, "the price is right")
    told = [
        (row.actor, row.details["command"], row.details["reason"])
        for row in world.rows(HistoryEntry)
        if row.kind == Kind.COMMAND
    ]
    assert told == [
        ("Olga Nilsen", "instance.suspend", "the price is wrong"),
        ("Olga Nilsen", "instance.resume", "the price is right"),
    ]
    audited = {row.operation: row.arguments for row in world.rows(AuditEntry)}
    assert audited["instance.suspend"]["reason"] == "the price is wrong"
    assert audited["instance.resume"]["instance_id"] == str(instance)


def test_a_second_administrator_is_told_when_the_first_was_quicker(world):
    world.deploy(one_task())
    instance = world.start("p")
    outcomes = race(lambda: suspend(world, instance), lambda: suspend(world, instance))
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    assert isinstance(refused, Conflict)
    assert refused.message == "Olga Nilsen has suspended this process already."
    outcomes = race(lambda: resume(world, instance), lambda: resume(world, instance))
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    assert refused.message == "This process is not suspended."


def test_a_message_is_received_once_when_it_comes_while_resuming(world):
    world.deploy(hearing())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    suspend(world, instance)
    (waiting,) = world.rows(Subscription)
    arguments = {"instance_id": str(instance), "token_id": waiting.token_id, "payload": {}}
    race(
        lambda: receive_event(world.platform, **arguments, effect="once"),
        lambda: resume(world, instance),
    )
    world.drain()
    assert world.state(instance) == "completed"


def test_nothing_is_held_back_for_an_instance_that_is_cancelled(world):
    world.deploy(reminding())
    instance = world.start("p")
    suspend(world, instance)
    world.platform.clock.advance(timedelta(hours=3))
    world.drain()
    world.do("instance.cancel", "olga", instance_id=instance, reason="not needed")
    assert world.rows(HeldJob) == []
    row = world.row(ProcessInstance, instance)
    assert (row.state, row.suspended_at) == ("cancelled", None)
    with pytest.raises(Conflict, match="ended"):
        resume(world, instance)
    with pytest.raises(Conflict, match="ended"):
        suspend(world, instance)


def test_suspending_is_for_those_who_operate_processes(world):
    world.deploy(one_task())
    instance = world.start("p")
    with pytest.raises(NotAllowed):
        world.do("instance.suspend", "anna", instance_id=instance, reason="x")
    with pytest.raises(NotFound):
        world.do("instance.suspend", "olga", instance_id=world.people["anna"].user_id, reason="x")


def test_the_suspended_are_listed_and_shown(world):
    world.deploy(one_task())
    still, other = world.start("p"), world.start("p")
    suspend(world, still)
    page = world.ask(list_instances, {"state": "suspended"}, actor="olga")
    assert [(item.id, item.state) for item in page.items] == [(still, "running")]
    assert page.items[0].suspended_at == world.platform.clock.now()
    assert world.ask(instance_view, still, actor="olga").picture["tokens"]
    everybody = world.ask(list_instances, {"state": "running"}, actor="olga")
    assert {item.id for item in everybody.items} == {still, other}


def test_all_instances_of_a_version_stand_still_and_go_on_together(world):
    version = world.deploy(reminding())["processes"][0]["id"]
    instances = [world.start("p") for _ in range(3)]
    suspend(world, instances[0], "alone")

    def do(verb):
        return world.do(f"version.{verb}_instances", "olga", version_id=version, reason="mending")

    assert do("suspend") == {"count": 2}
    world.platform.clock.advance(timedelta(hours=3))
    world.drain()
    assert {world.state(one) for one in instances} == {"running"}
    assert do("resume") == {"count": 3}
    world.drain()
    assert {world.state(one) for one in instances} == {"completed"}
    told = [row.details for row in world.rows(HistoryEntry) if row.kind == Kind.COMMAND]
    assert told[1] == {"command": "instance.suspend", "reason": "mending", "all_of_version": 1}
    assert len(told) == 6


def test_a_condition_that_came_to_hold_takes_effect_after_resuming(world):
    drawing = with_properties(Drawing("p"), "lead").start().end()
    event = "conditionalEventDefinition"
    condition = f'<{event}><condition>=lead.name = "Bea"</condition></{event}>'
    drawing.node("intermediateCatchEvent", "wait", condition)
    world.deploy(drawing.path("start", "wait", "end"))
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    suspend(world, instance)
    world.do("lead.update", lead_id=lead.id, name="Bea")
    world.drain()
    assert world.state(instance) == "running"
    resume(world, instance)
    assert world.state(instance) == "completed"


def test_a_step_that_waits_for_its_job_is_done_after_resuming(world):
    drawing = Drawing("p").start().end()
    settings = {"camunda:asyncBefore": "true"}
    drawing.node("scriptTask", "work", "<script>n = 1</script>", **settings)
    world.deploy(drawing.path("start", "work", "end"))
    instance = world.start("p")
    suspend(world, instance)
    world.drain()
    assert world.trace(instance) == ["start"]
    resume(world, instance)
    world.drain()
    assert world.trace(instance) == ["start", "work", "end"]
