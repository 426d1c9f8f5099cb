"""Messages have one receiver and wait for it; facts reach all, each instance once; signals all."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from processes.engine.correlation import correlation_text
from processes.events.buffer import prune_messages
from processes.events.delivery import deliver_event
from processes.events.delivery_tables import BufferedMessage, MessageReceipt
from processes.events.messages import list_messages
from processes.running.instance_tables import ProcessInstance, Subscription
from services.audit import AuditEntry
from services.calls import answer
from services.errors import LanewiseError, NotAllowed, NotFound
from tests.engine.models import Drawing, extension, on, timer
from tests.processes.test_events import on_created, waiting
from tests.processes.test_tasks import race
from tests.processes.test_time_and_calls import _stand_ins, pass_time  # noqa: F401
from tests.processes.world import user_task, with_properties


def hearing(key: str | None = "=order", *, before: str = "") -> Drawing:
    """Return a process that waits for the message `ready`."""
    drawing = Drawing("p").start().end().message("m", "ready", key)
    if before:
        drawing.node("userTask", before, user_task(candidateGroups="Sales"), name="Ask")
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    return drawing.path(*filter(None, ("start", before, "hear", "end")))


def twice(name: str = "mail.received") -> Drawing:
    """Return a process about a lead that hears the same fact two times."""
    drawing = with_properties(Drawing("p"), "lead").start().end().message("m", name)
    drawing.node("intermediateCatchEvent", "first", on("message", "m"))
    drawing.node("intermediateCatchEvent", "second", on("message", "m"))
    return drawing.path("start", "first", "second", "end")


def ringing() -> Drawing:
    """Return a process about a lead that calls out, and then hears of a mail."""
    work = (
        '<zeebe:taskDefinition type="test.ring"/>'
        '<zeebe:ioMapping><zeebe:input source="7" target="number"/></zeebe:ioMapping>'
    )
    drawing = with_properties(Drawing("p"), "lead").start().end().message("m", "mail.received")
    drawing.node("serviceTask", "call", extension(work))
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    return drawing.path("start", "call", "hear", "end")


def send(world, name="ready", **given):
    return world.do("message.correlate", "olga", name=name, **given)


def emit(world, lead, name="mail.received", **payload):
    world.ask(lambda uow: uow.emit(name, "lead", lead.id, **payload))


def call_key(world) -> str:
    (row,) = world.sql("SELECT key FROM pending_calls")
    return row.key


def test_one_instance_receives_a_message_when_several_wait_for_it(world):
    world.deploy(hearing())
    instances = [world.start("p", order="A") for _ in range(3)]
    send(world, keys={"order": "A"})
    world.drain()
    assert [world.state(one) for one in instances] == ["completed", "running", "running"]
    assert world.rows(BufferedMessage) == []


def test_a_message_waits_until_somebody_waits_for_it(world):
    world.deploy(hearing())
    send(world, keys={"order": "A"}, payload={"price": 7})
    world.drain()
    assert [message.name for message in world.ask(list_messages, actor="olga")] == ["ready"]
    other, meant = world.start("p", order="B"), world.start("p", order="A")
    assert (world.state(other), world.state(meant)) == ("running", "completed")
    assert world.rows(BufferedMessage) == []


def test_a_message_is_taken_when_a_person_brings_the_process_to_wait_for_it(world):
    world.deploy(hearing(before="ask"))
    instance = world.start("p", order="A")
    send(world, keys={"order": "A"})
    world.drain()
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"


def test_each_message_is_taken_once_when_the_process_waits_several_times(world):
    drawing = Drawing("p").start().end().message("m", "ready")
    drawing.node("intermediateCatchEvent", "one", on("message", "m"))
    drawing.node("intermediateCatchEvent", "two", on("message", "m"))
    world.deploy(drawing.path("start", "one", "two", "end"))
    send(world)
    world.drain()
    instance = world.start("p")
    assert (world.state(instance), world.trace(instance)) == ("running", ["start", "one"])
    send(world)
    world.drain()
    assert world.state(instance) == "completed"


def test_a_message_is_dropped_when_its_time_is_over(world):
    world.deploy(hearing())
    send(world, keys={"order": "A"}, time_to_live="PT10M")
    world.drain()
    pass_time(world, minutes=10)
    assert world.ask(list_messages, actor="olga") == []
    assert world.state(world.start("p", order="A")) == "running"
    world.ask(prune_messages)
    assert world.rows(BufferedMessage) == []


def test_a_message_without_time_to_live_is_not_kept(world):
    send(world, time_to_live="PT0S")
    world.drain()
    assert world.rows(BufferedMessage) == []


def test_a_message_is_delivered_once_when_it_is_sent_twice_with_one_id(world):
    world.deploy(hearing())
    results = [send(world, keys={"order": "A"}, message_id="7")["is_new"] for _ in range(2)]
    world.drain()
    assert (results, len(world.rows(BufferedMessage))) == ([True, False], 1)


def test_a_message_is_kept_once_when_its_job_is_run_twice(world):
    send(world)
    (row,) = world.sql("SELECT args FROM procrastinate_jobs")
    for _ in range(2):
        deliver_event(world.platform, **row.args)
    assert len(world.rows(BufferedMessage)) == 1


def test_who_waits_comes_before_who_begins_when_a_message_comes(world):
    begins = Drawing("begins").start(inner=on("message", "m")).end().message("m", "ready")
    begins.node("userTask", "ask", user_task(candidateGroups="Sales"))
    world.deploy(hearing(None), begins.path("start", "ask", "end"))
    instance = world.start("p")
    for _ in range(2):
        send(world)
        world.drain()
    assert world.state(instance) == "completed"
    assert [row.process_key for row in world.rows(ProcessInstance)] == ["p", "begins"]


def test_one_process_begins_when_several_could_by_a_message(world):
    for name in ("q", "r"):
        begins = Drawing(name).start(inner=on("message", "m")).end().message("m", "ready")
        world.deploy(begins.path("start", "end"))
    send(world)
    world.drain()
    assert len(world.rows(ProcessInstance)) == 1


def test_a_process_about_a_record_begins_by_a_message_about_it(world):
    world.deploy(on_created())
    lead = world.do("lead.create", name="Ann")
    world.sql("DELETE FROM procrastinate_jobs")
    send(world, "lead.created", record_type="lead", record_id=str(lead.id))
    world.drain()
    assert [row.record_id for row in world.rows(ProcessInstance)] == [lead.id]


@pytest.mark.parametrize("keys", [{"order": 12.5}, {"a": "x", "b": True}, {"order": "x"}])
def test_a_message_finds_its_receiver_by_any_of_its_keys_or_all(world, keys):
    world.deploy(hearing("=order"))
    values = ["true" if one is True else str(one) for one in keys.values()]
    for key in {*values, correlation_text(dict(zip(keys, values, strict=True)))}:
        instance = world.start("p", order=key)
        send(world, keys=keys)
        world.drain()
        assert world.state(instance) == "completed"


def test_a_message_with_a_key_is_not_received_by_who_waits_for_another(world):
    world.deploy(hearing())
    instance = world.start("p", order="A")
    send(world, keys={"order": "B"})
    send(world)
    world.drain()
    assert (world.state(instance), len(world.rows(BufferedMessage))) == ("running", 2)


def test_no_message_is_lost_when_it_comes_while_somebody_comes_to_wait(world):
    world.deploy(hearing())
    for number in range(12):
        order = {"order": f"A{number}"}
        send(world, keys=order)
        (row,) = world.sql("SELECT args FROM procrastinate_jobs")
        world.sql("DELETE FROM procrastinate_jobs")
        race(
            lambda args=row.args: deliver_event(world.platform, **args),
            lambda order=order: world.start("p", **order),
        )
    assert {row.state for row in world.rows(ProcessInstance)} == {"completed"}
    assert world.rows(BufferedMessage) == []


def test_a_message_is_taken_once_when_two_come_to_wait_at_once(world):
    world.deploy(hearing())
    for number in range(6):
        order = {"order": f"A{number}"}
        send(world, keys=order)
        world.drain()
        start = partial(world.start, "p", **order)
        race(start, start)
    states = [row.state for row in world.rows(ProcessInstance)]
    assert (states.count("completed"), states.count("running")) == (6, 6)


def test_both_messages_are_received_when_they_reach_one_instance_at_once(world):
    drawing = Drawing("p").start().end().message("m", "ready", "=order")
    drawing.node("intermediateCatchEvent", "one", on("message", "m"))
    drawing.node("intermediateCatchEvent", "two", on("message", "m"))
    world.deploy(drawing.path("start", "one", "two", "end"))
    for number in range(6):
        order = {"order": f"A{number}"}
        instance = world.start("p", **order)
        for _ in range(2):
            send(world, keys=order)
        rows = world.sql("SELECT args FROM procrastinate_jobs")
        world.sql("DELETE FROM procrastinate_jobs")
        race(*(partial(deliver_event, world.platform, **row.args) for row in rows))
        assert world.state(instance) == "completed"


def test_a_message_goes_on_waiting_when_its_receiver_is_suspended(world):
    world.deploy(hearing())
    instance = world.start("p", order="A")
    world.do("instance.suspend", "olga", instance_id=instance, reason="Audit")
    send(world, keys={"order": "A"})
    world.drain()
    assert world.state(instance) == "running"
    world.do("instance.resume", "olga", instance_id=instance, reason="Done")
    world.drain()
    assert world.state(instance) == "completed"


def test_a_message_is_taken_on_resuming_when_the_wait_for_it_began_before(world):
    world.deploy(hearing(before="ask"))
    instance = world.start("p", order="A")
    send(world, keys={"order": "A"})
    world.drain()
    given = {"instance_id": instance, "reason": "Audit"}
    world.do("instance.suspend", "olga", **given)
    world.do("instance.add_token", "olga", element_id="hear", **given)
    world.drain()
    assert "hear" not in world.trace(instance)
    world.do("instance.resume", "olga", **given)
    world.drain()
    assert "hear" in world.trace(instance)


def test_what_an_instance_throws_is_kept_for_one_that_is_not_there_yet(world):
    sender = Drawing("sender").start()
    sender.message("m", "ready", "=order").node("endEvent", "end", on("message", "m"))
    world.deploy(hearing(), sender.path("start", "end"))
    world.start("sender", order="A")
    world.drain()
    pass_time(world, days=20)
    assert world.state(world.start("p", order="A")) == "completed"


def test_an_administrator_drops_a_message_that_waits(world):
    send(world, keys={"order": "A"})
    world.drain()
    (message,) = world.ask(list_messages, actor="olga", name="ready")
    world.do("message.delete", "olga", message_id=message.id)
    assert world.ask(list_messages, actor="olga") == []
    assert world.rows(AuditEntry)[-1].operation == "message.delete"
    with pytest.raises(NotFound):
        world.do("message.delete", "olga", message_id=message.id)


def test_who_does_not_operate_processes_sends_and_sees_no_messages(world):
    for operation in ("message.correlate", "signal.broadcast"):
        with pytest.raises(NotAllowed):
            world.do(operation, "ada", name="ready")
    with pytest.raises(NotAllowed):
        world.ask(list_messages, actor="ada")


@pytest.mark.parametrize(
    "wrong",
    [
        {"payload": {"deal": 1}},
        {"payload": {"instance": 1}},
        {"payload": {"no name": 1}},
        {"payload": {"much": "x" * 2_000_000}},
        {"keys": {"order": None}},
        {"time_to_live": "an hour"},
        {"name": ""},
        {"name": "x" * 301},
        {"record_type": "lead"},
    ],
)
def test_a_message_is_refused_when_it_can_not_be_taken(world, wrong):
    with pytest.raises(LanewiseError):
        send(world, **{"name": "ready", **wrong})
    assert world.sql("SELECT 1 FROM procrastinate_jobs") == []


def test_a_signal_is_not_kept_when_nobody_waits_for_it(world):
    world.do("signal.broadcast", "olga", name="closing")
    world.drain()
    assert world.rows(BufferedMessage) == []


def test_a_signal_of_an_administrator_reaches_who_waits_and_who_begins(world):
    waits = Drawing("p").start().end().declare('<signal id="s" name="closing"/>')
    waits.node("intermediateCatchEvent", "hear", on("signal", "s")).path("start", "hear", "end")
    begins = Drawing("q").declare('<signal id="s" name="closing"/>')
    begins.start(inner=on("signal", "s")).end().path("start", "end")
    world.deploy(waits, begins)
    instances = [world.start("p") for _ in range(2)]
    world.do("signal.broadcast", "olga", name="closing", payload={"why": "Eve"})
    world.drain()
    assert {world.state(one) for one in instances} == {"completed"}
    assert [row.process_key for row in world.rows(ProcessInstance)] == ["p", "p", "q"]


def test_a_fact_reaches_everybody_who_waits_and_begins(world):
    begins = on_created("q", many_per_record="true")
    world.deploy(waiting(name="lead.created"), begins)
    lead = world.do("lead.create", name="Ann")
    world.drain()
    instance = world.start("p", lead.id)
    emit(world, lead, "lead.created")
    world.drain()
    assert world.state(instance) == "completed"
    assert [row.process_key for row in world.rows(ProcessInstance)].count("q") == 2


def test_a_fact_is_received_when_it_comes_before_the_answer_that_leads_to_it(world):
    world.deploy(ringing())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    key = call_key(world)
    world.ask(lambda uow: answer(uow, key, {}))
    pass_time(world, seconds=1)
    emit(world, lead)
    # The fact is quicker than the answer.
    rows = world.sql("SELECT task_name, args FROM procrastinate_jobs ORDER BY id DESC")
    world.sql("DELETE FROM procrastinate_jobs WHERE task_name = 'events.deliver'")
    for row in rows:
        if row.task_name == "events.deliver":
            deliver_event(world.platform, **row.args)
    world.drain()
    assert world.state(instance) == "completed"


def test_a_fact_is_not_received_when_it_is_older_than_what_leads_to_it(world):
    world.deploy(ringing())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    emit(world, lead)
    world.drain()
    pass_time(world, seconds=1)
    key = call_key(world)
    world.ask(lambda uow: answer(uow, key, {}))
    world.drain()
    assert world.state(instance) == "running"


def test_an_instance_receives_a_fact_once_though_it_waits_for_the_same_again(world):
    world.deploy(twice())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    emit(world, lead)
    world.drain()
    assert world.trace(instance) == ["start", "first"]
    assert len(world.rows(MessageReceipt)) == 1
    emit(world, lead)
    world.drain()
    assert world.state(instance) == "completed"


def test_an_instance_does_not_receive_the_fact_that_started_it(world):
    drawing = with_properties(Drawing("p"), "lead").start(inner=on("message", "m")).end()
    drawing.message("m", "lead.created").node("intermediateCatchEvent", "hear", on("message", "m"))
    world.deploy(drawing.path("start", "hear", "end"))
    lead = world.do("lead.create", name="Ann")
    world.drain()
    assert world.trace() == ["start"]
    emit(world, lead, "lead.created")
    world.drain()
    assert world.trace() == ["start", "hear", "end"]


def test_a_fact_about_nobodys_record_is_not_kept(world):
    world.deploy(on_created())
    world.do("lead.create", name="Ann")
    world.drain()
    assert world.rows(BufferedMessage) == []


def test_facts_about_a_record_are_delivered_in_their_order(world):
    """What begins by the first of two facts waits for the second, with others beside it."""
    drawing = with_properties(Drawing("p"), "lead").start(inner=on("message", "m")).end()
    drawing.message("m", "lead.created").message("n", "lead.worked_out")
    drawing.node("intermediateCatchEvent", "hear", on("message", "n"))
    world.deploy(drawing.path("start", "hear", "end"), on_created("q"))
    lead = world.do("lead.create", name="Ann")
    emit(world, lead, "lead.worked_out")
    world.drain()
    (instance,) = [row for row in world.rows(ProcessInstance) if row.process_key == "p"]
    assert instance.state == "completed"


def test_jobs_of_other_records_go_on_when_one_is_being_done(world):
    leads = [world.do("lead.create", name=name) for name in ("Ann", "Bob")]
    emit(world, leads[0], "lead.worked_out")
    taken = []
    with world.platform.engine.connect() as connection:
        queue = connection.execution_options(isolation_level="AUTOCOMMIT")
        worker = queue.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
        for _ in range(3):
            statement = text("SELECT * FROM procrastinate_fetch_job_v2(NULL, :worker)")
            taken.append(queue.execute(statement, {"worker": worker}).one())
    assert [job.lock for job in taken] == [*(f"record:{lead.id}" for lead in leads), None]


def test_a_message_and_a_timer_race_and_one_of_them_wins(world):
    drawing = Drawing("p").start().message("m", "ready", "=order")
    drawing.node("eventBasedGateway", "wait")
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    drawing.node("intermediateCatchEvent", "late", timer("PT1H"))
    drawing.node("endEvent", "heard").node("endEvent", "timed")
    world.deploy(drawing.path("start", "wait", "hear", "heard").path("wait", "late", "timed"))
    for number in range(6):
        order = {"order": f"A{number}"}
        instance = world.start("p", **order)
        world.platform.clock.advance(timedelta(hours=1))
        send(world, keys=order)
        (row,) = world.sql("SELECT args FROM procrastinate_jobs")
        world.sql("DELETE FROM procrastinate_jobs")
        race(partial(deliver_event, world.platform, **row.args), world.drain)
        ends = {"heard", "timed"} & set(world.trace(instance))
        assert len(ends) == 1
        assert len(world.rows(BufferedMessage)) == (ends == {"timed"})
        world.sql("DELETE FROM messages")


def test_completing_and_cancelling_race_and_one_of_them_wins(world):
    world.deploy(hearing(before="ask"))
    for _ in range(6):
        instance = world.start("p", order="A")
        task = world.task("Ask")
        outcomes = []

        def attempt(operation, outcomes=outcomes, **raw):
            try:
                world.do(operation, "olga", **raw)
            except LanewiseError:
                outcomes.append("refused")
            else:
                outcomes.append(operation)

        race(
            partial(attempt, "task.complete", task_id=task, data={}),
            partial(attempt, "instance.cancel", instance_id=instance),
        )
        assert "instance.cancel" in outcomes
        assert world.state(instance) == "cancelled"
        assert world.rows(Subscription) == []
