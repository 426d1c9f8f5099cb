"""Events and messages: what starts by them, what receives them, and only once."""

import pytest
from sqlalchemy import text

from processes.events.delivery import deliver_event
from processes.running.instance_tables import HistoryEntry, Incident, ProcessInstance, Subscription
from services.actors import SYSTEM
from tests.engine.models import Drawing, extension, on
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task, with_properties


def on_created(process_id: str = "p", record: str = "lead", **properties: str) -> Drawing:
    drawing = with_properties(Drawing(process_id), record, **properties)
    drawing.start(inner=on("message", "m")).end().message("m", "lead.created")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    return drawing.path("start", "ask", "end")


def waiting(key: str | None = "=lead.id", name: str = "mail.received") -> Drawing:
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.message("m", name, key).node("intermediateCatchEvent", "hear", on("message", "m"))
    return drawing.path("start", "hear", "end")


def test_a_created_lead_starts_its_process(world):
    world.deploy(on_created())
    lead = world.do("lead.create", name="Ann", channel="ads")
    world.drain()
    (instance,) = world.rows(ProcessInstance)
    assert (instance.record_type, instance.record_id) == ("lead", lead.id)
    written = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert written[0].details["values"]["channel"] == "ads"


def test_an_event_delivered_twice_has_one_effect(world):
    world.deploy(on_created(many_per_record="true"))
    lead = world.do("lead.create", name="Ann")
    with world.platform.session() as session:
        args = session.scalar(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = 'events.deliver'")
        )
    deliver_event(world.platform, **args)
    deliver_event(world.platform, **args)
    assert args["record_id"] == str(lead.id)
    assert len(world.rows(ProcessInstance)) == 1


@pytest.mark.parametrize(("many", "count"), [("false", 1), ("true", 2)])
def test_a_record_has_one_live_instance_unless_the_process_allows_more(world, many, count):
    world.deploy(on_created(many_per_record=many))
    lead = world.do("lead.create", name="Ann")
    world.drain()
    world.ask(lambda uow: uow.emit("lead.created", "lead", lead.id))
    world.drain()
    assert len(world.rows(ProcessInstance)) == count


def test_a_record_may_start_again_when_its_instance_has_ended(world):
    world.deploy(on_created())
    lead = world.do("lead.create", name="Ann")
    world.drain()
    world.complete("Ask", "anna")
    world.ask(lambda uow: uow.emit("lead.created", "lead", lead.id))
    world.drain()
    assert [row.state for row in world.rows(ProcessInstance)] == ["completed", "running"]


def test_one_instance_is_made_when_two_events_of_a_record_race(world):
    world.deploy(on_created())
    lead = world.do("lead.create", name="Ann")
    event = {
        "event": "lead.created",
        "record_type": "lead",
        "record_id": str(lead.id),
        "payload": {},
    }
    for _ in range(5):
        race(*(lambda: deliver_event(world.platform, **event) for _ in range(2)))
    assert len(world.rows(ProcessInstance)) == 1


def test_a_process_about_another_record_is_not_started(world):
    world.deploy(on_created(record="deal"))
    world.do("lead.create", name="Ann")
    world.drain()
    assert world.rows(ProcessInstance) == []


def test_every_process_is_started_when_several_begin_with_an_event(world):
    world.deploy(on_created("p"), on_created("q"))
    world.do("lead.create", name="Ann")
    world.drain()
    assert {row.process_key for row in world.rows(ProcessInstance)} == {"p", "q"}


@pytest.mark.parametrize("key", ["=lead.id", None])
def test_a_waiting_event_receives_what_is_about_its_record(world, key):
    world.deploy(waiting(key))
    mine, other = (world.do("lead.create", name=name) for name in ("Ann", "Bob"))
    instance = world.start("p", mine.id)
    world.ask(lambda uow: uow.emit("mail.received", "lead", other.id, subject="No"))
    world.drain()
    assert world.state(instance) == "running"
    world.ask(lambda uow: uow.emit("mail.received", "lead", mine.id, subject="Yes"))
    world.drain()
    assert world.state(instance) == "completed"
    assert world.rows(Subscription) == []
    written = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert written[-1].details["values"] == {"subject": "Yes"}


def test_a_message_reaches_an_instance_of_another_process_by_its_key(world):
    receiver = Drawing("receiver").start().end()
    receiver.message("m", "ready", "=order").node("receiveTask", "hear", messageRef="m")
    sender = Drawing("sender").start()
    inner = extension(
        '<zeebe:ioMapping><zeebe:input source="=7" target="price"/></zeebe:ioMapping>'
    ) + on("message", "m")
    sender.message("m", "ready", "=order").node("endEvent", "end", inner)
    world.deploy(receiver.path("start", "hear", "end"), sender.path("start", "end"))
    first = world.start("receiver", order="A1")
    second = world.start("receiver", order="A2")
    world.start("sender", order="A2")
    world.drain()
    assert (world.state(first), world.state(second)) == ("running", "completed")


def test_a_signal_reaches_all_that_wait_for_it(world):
    drawing = Drawing("p").start().end().declare('<signal id="s" name="closing"/>')
    drawing.node("intermediateCatchEvent", "hear", on("signal", "s")).path("start", "hear", "end")
    sender = Drawing("sender").start().declare('<signal id="s2" name="closing"/>')
    sender.node("endEvent", "end", on("signal", "s2")).path("start", "end")
    world.deploy(drawing, sender)
    instances = [world.start("p") for _ in range(3)]
    world.start("sender")
    world.drain()
    assert {world.state(instance) for instance in instances} == {"completed"}


def test_nobody_is_disturbed_by_an_event_that_nobody_waits_for(world):
    world.deploy(one_task())
    world.ask(lambda uow: uow.emit("mail.sent", "lead", world.people["anna"].user_id), actor=SYSTEM)
    world.drain()
    assert world.rows(Incident) == []


def test_a_suspended_process_is_not_started_by_events(world):
    result = world.deploy(on_created())
    world.do("version.suspend", "olga", version_id=result["processes"][0]["id"])
    world.do("lead.create", name="Ann")
    world.drain()
    assert world.rows(ProcessInstance) == []
