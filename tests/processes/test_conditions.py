"""Conditions over records: who waits at one, and who begins by one."""

from functools import partial

import pytest

from processes.events.conditions import look_again
from processes.running.instance_tables import ProcessInstance, Subscription
from tests.engine.models import Drawing
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task, with_properties


def when(text: str) -> str:
    return (
        "<conditionalEventDefinition>"
        f"<condition>{text.replace('<', '&lt;')}</condition></conditionalEventDefinition>"
    )


def waits(text: str = '=lead.channel = "ads"', process_id: str = "p", **properties: str) -> Drawing:
    drawing = with_properties(Drawing(process_id), "lead", **properties).start().end()
    drawing.node("intermediateCatchEvent", "until", when(text))
    return drawing.path("start", "until", "end")


def begins(text: str = '=lead.channel = "ads"', process_id: str = "p", **properties) -> Drawing:
    drawing = with_properties(Drawing(process_id), "lead", **properties)
    drawing.start(inner=when(text)).end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    return drawing.path("start", "ask", "end")


def change(world, lead, **fields):
    world.do("lead.update", lead_id=lead.id, **fields)


def jobs(world, task="conditions.look") -> list:
    statement = f"SELECT args FROM procrastinate_jobs WHERE task_name = '{task}' ORDER BY id"
    return [row.args for row in world.sql(statement)]


def test_an_instance_goes_on_when_its_record_makes_its_condition_true(world):
    world.deploy(waits())
    lead, other = (world.do("lead.create", name=name) for name in ("Ann", "Bob"))
    instance, beside = world.start("p", lead.id), world.start("p", other.id)
    change(world, lead, phone="+47 1")
    world.drain()
    assert world.state(instance) == "running"
    change(world, lead, channel="ads")
    world.drain()
    assert (world.state(instance), world.state(beside)) == ("completed", "running")
    assert len(world.rows(Subscription)) == 1


def test_every_instance_about_a_record_looks_when_it_has_changed(world):
    world.deploy(waits(), waits(process_id="q"))
    lead = world.do("lead.create", name="Ann")
    instances = [world.start(name, lead.id) for name in ("p", "q")]
    change(world, lead, channel="ads")
    world.drain()
    assert {world.state(one) for one in instances} == {"completed"}


def test_nobody_looks_when_nobody_waits_at_a_condition(world):
    world.deploy(one_task())
    lead = world.do("lead.create", name="Ann")
    change(world, lead, channel="ads")
    assert jobs(world) == []


def test_an_instance_looks_once_when_a_transaction_changes_its_record_twice(world):
    world.deploy(waits())
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)
    world.drain()

    def twice(uow):
        for phone in ("+47 1", "+47 2"):
            record = uow.session.get(type(lead), lead.id)
            record.phone = phone
            uow.session.flush()

    world.ask(twice)
    assert len(jobs(world)) == 1


def test_nothing_happens_twice_when_an_instance_looks_twice(world):
    world.deploy(waits())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    world.drain()
    change(world, lead, channel="ads")
    (args,) = jobs(world)
    for _ in range(2):
        look_again(world.platform, **args)
    assert world.trace(instance) == ["start", "until", "end"]


def test_no_change_is_missed_when_it_races_with_coming_to_the_condition(world):
    world.deploy(waits())
    instances = []
    for number in range(8):
        lead = world.do("lead.create", name=f"Lead {number}")
        race(
            lambda lead=lead: instances.append(world.start("p", lead.id)),
            partial(change, world, lead, channel="ads"),
        )
        world.drain()
    assert {world.state(one) for one in instances} == {"completed"}


def test_a_suspended_instance_looks_when_it_is_resumed(world):
    world.deploy(waits())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    world.do("instance.suspend", "olga", instance_id=instance, reason="Audit")
    change(world, lead, channel="ads")
    world.drain()
    assert world.state(instance) == "running"
    world.do("instance.resume", "olga", instance_id=instance, reason="Done")
    world.drain()
    assert world.state(instance) == "completed"


def test_a_process_begins_once_when_its_condition_comes_to_hold(world):
    world.deploy(begins(many_per_record="true"))
    lead = world.do("lead.create", name="Ann")
    for fields in ({"channel": "ads"}, {"phone": "+47 1"}, {"channel": "ads"}):
        change(world, lead, **fields)
        world.drain()
    assert [row.record_id for row in world.rows(ProcessInstance)] == [lead.id]


def test_a_process_begins_again_when_its_condition_held_no_longer_and_holds_again(world):
    world.deploy(begins(many_per_record="true"))
    lead = world.do("lead.create", name="Ann")
    for channel in ("ads", "fair", "ads"):
        change(world, lead, channel=channel)
    world.drain()
    assert len(world.rows(ProcessInstance)) == 2


def test_a_process_begins_when_its_condition_holds_for_a_new_record(world):
    world.deploy(begins(), begins('=lead.channel = "fair"', "q"))
    world.do("lead.create", name="Ann", channel="ads")
    world.drain()
    assert [row.process_key for row in world.rows(ProcessInstance)] == ["p"]


def test_no_process_begins_when_the_change_is_undone(world):
    world.deploy(begins())
    lead = world.do("lead.create", name="Ann")

    def change_and_fail(uow):
        uow.session.get(type(lead), lead.id).channel = "ads"
        uow.session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.ask(change_and_fail)
    world.drain()
    assert world.rows(ProcessInstance) == []


def test_a_condition_that_can_not_be_evaluated_does_not_hold(world):
    world.deploy(begins("=lead.name > 5"))
    world.do("lead.create", name="Ann", channel="ads")
    world.drain()
    assert world.rows(ProcessInstance) == []
