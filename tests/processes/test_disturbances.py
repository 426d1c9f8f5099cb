"""What comes at a bad moment or looks odd: clocks that differ, races, texts that can't be kept."""

from functools import partial

import pytest

from processes.deploying.definition_tables import ProcessStart
from processes.events.delivery import deliver_event
from processes.events.timers import fire_timers, sweep_timers
from processes.jobs.incidents import list_incidents, record_failed_job
from processes.running.instance_tables import ProcessInstance, Timer
from services.audit import AuditEntry
from services.errors import Invalid, LanewiseError
from services.people.model import Group
from services.unit_of_work import Job
from tests.engine.models import Drawing, on, timer
from tests.processes.test_events import on_created
from tests.processes.test_tasks import race
from tests.processes.test_time_and_calls import _stand_ins, calling, pass_time, reminding  # noqa: F401
from tests.processes.world import one_task, user_task, with_properties


def test_what_a_rolled_back_operation_changed_is_not_in_the_audit_of_the_step(world):
    drawing = calling("test.break", how="rule", before="ask")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    world.deploy(drawing)
    world.start("p")
    world.complete("Ask", "anna")
    assert "Half done" not in {group.name for group in world.rows(Group)}
    (entry,) = [row for row in world.rows(AuditEntry) if row.operation == "task.complete"]
    assert entry.changes == []


def test_a_timer_is_fired_later_when_the_clock_went_back_after_it_was_taken(world):
    world.deploy(reminding())
    world.start("p")
    pass_time(world, hours=1)
    sweep_timers(world.platform)
    pass_time(world, seconds=-1)
    world.drain()
    assert "late" not in world.trace()
    pass_time(world, seconds=1)
    world.drain()
    assert world.trace().count("late") == 1


def test_a_start_timer_is_fired_later_when_the_clock_went_back_after_it_was_taken(world):
    drawing = Drawing("p").start(inner=timer("R/PT1H", "timeCycle")).end().path("start", "end")
    world.deploy(drawing)
    pass_time(world, hours=1)
    sweep_timers(world.platform)
    pass_time(world, seconds=-1)
    world.drain()
    pass_time(world, seconds=1)
    world.drain()
    assert len(world.rows(ProcessInstance)) == 1


def test_a_timer_fires_when_another_of_its_batch_can_not(world):
    world.deploy(reminding())
    broken, sound = world.start("p"), world.start("p")
    world.sql(f"UPDATE process_instances SET snapshot = '{{}}' WHERE id = '{broken}'")
    pass_time(world, hours=1)
    rows = sorted(world.rows(Timer), key=lambda row: row.instance_id != broken)
    fire_timers(world.platform, timer_ids=[str(row.id) for row in rows])
    assert "late" in world.trace(sound)


def test_a_failed_job_is_queued_once_when_two_retry_it_at_once(world):
    for number in range(5):
        record_failed_job(world.platform, Job("test.fail", {"times": number}), ValueError("x"), 5)
    for incident in world.ask(list_incidents, actor="olga"):
        retry = partial(world.do, "incident.retry", "olga", incident_id=incident.id)
        race(retry, retry)
    rows = world.sql("SELECT args FROM procrastinate_jobs WHERE task_name = 'test.fail'")
    assert len(rows) == 5


def test_one_version_has_the_start_events_when_two_versions_change_at_once(world):
    first = world.deploy(on_created())["processes"][0]["id"]
    second = world.deploy(on_created(many_per_record="true"))["processes"][0]["id"]
    for _ in range(5):
        for key in (first, second):
            world.do("version.activate", "olga", version_id=key)
        race(
            lambda: world.do("version.suspend", "olga", version_id=first),
            lambda: world.do("version.suspend", "olga", version_id=second),
        )
        assert world.rows(ProcessStart) == []
        race(
            lambda: world.do("version.activate", "olga", version_id=first),
            lambda: world.do("version.activate", "olga", version_id=second),
        )
        assert [row.version_id for row in world.rows(ProcessStart)] == [second]


def listening() -> Drawing:
    """Hear, and hear again behind a gateway, until the subject is Stop."""
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.message("m", "mail.received")
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    drawing.node("exclusiveGateway", "again", default="again-hear")
    drawing.path("start", "hear", "again", "hear")
    return drawing.flow("again", "end", '=subject = "Stop"')


def test_a_message_is_received_when_the_one_before_is_being_received(world):
    world.deploy(listening())
    lead = world.do("lead.create", name="Ann")
    instance = world.start("p", lead.id)
    heard = {"event": "mail.received", "record_type": "lead", "record_id": str(lead.id)}
    deliver = partial(deliver_event, world.platform, **heard, payload={"subject": "Go on"})
    for _ in range(5):
        race(deliver, deliver)
    assert world.trace(instance).count("hear") == 10


def test_a_process_about_a_record_is_not_started_by_a_message_about_none(world):
    world.deploy(on_created())
    deliver_event(
        world.platform, event="lead.created", record_type="lead", record_id=None, payload={}
    )
    world.drain()
    assert world.rows(ProcessInstance) == []


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize(
    ("operation", "raw"),
    [
        ("draft.save", {"process_key": "p", "xml": "<x>{}</x>"}),
        ("instance.start", {"process_key": "p", "variables": {"given": "{}"}}),
        ("instance.start", {"process_key": "p", "variables": {"given": [{"{}": "{}"}]}}),
    ],
)
def test_text_is_kept_with_a_replacement_when_it_has_odd_signs(world, operation, raw, odd):
    world.deploy(one_task())
    world.do(operation, **filled(raw, odd))
    entry = world.rows(AuditEntry)[-1]
    assert (entry.operation, entry.arguments) == (operation, filled(raw, "a\ufffdb"))


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize(
    ("operation", "raw"),
    [
        ("process.deploy", {"files": [{"name": "{}.bpmn", "content": "{}"}]}),
        ("process.deploy", {"files": [], "note": "{}"}),
        ("instance.start", {"process_key": "{}"}),
    ],
)
def test_text_is_refused_and_no_fault_when_it_has_odd_signs(world, operation, raw, odd):
    with pytest.raises(LanewiseError):
        world.do(operation, **filled(raw, odd))


@pytest.mark.parametrize("depth", [101, 900, 5000])
def test_values_are_refused_when_they_are_nested_too_deeply(world, depth):
    world.deploy(one_task())
    deep: object = 1
    for _ in range(depth):
        deep = [deep]
    with pytest.raises(Invalid):
        world.start("p", deep=deep)


def test_values_are_kept_when_they_are_nested_as_deeply_as_is_taken(world):
    world.deploy(one_task())
    deep: object = 1
    for _ in range(98):
        deep = {"a": deep}
    instance = world.start("p", deep=deep)
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"


def test_a_number_is_refused_when_it_has_too_many_digits(world):
    world.deploy(one_task())
    with pytest.raises(Invalid):
        world.start("p", number=10**40)


def test_a_message_is_found_by_its_name_when_that_has_odd_signs(world):
    hearing = Drawing("p").start().end().message("m", "=name")
    hearing.node("intermediateCatchEvent", "hear", on("message", "m"))
    sending = Drawing("q").start().message("m", "=name").node("endEvent", "end", on("message", "m"))
    world.deploy(hearing.path("start", "hear", "end"), sending.path("start", "end"))
    instance = world.start("p", name="a\x00b")
    world.start("q", name="a\x00b")
    world.drain()
    assert world.state(instance) == "completed"


def test_a_step_fails_alone_when_the_name_of_its_message_is_too_long(world):
    drawing = Drawing("p").start().end().message("m", "=name")
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    world.deploy(drawing.path("start", "hear", "end"))
    world.start("p", name="".join(map(chr, range(20_000, 29_000))))
    (incident,) = world.ask(list_incidents, actor="olga")
    assert incident.message == "The name of the event is longer than 300 characters."


def filled(value, text):
    """Return a value with `text` in the place of each `{}`."""
    if isinstance(value, dict):
        return {filled(key, text): filled(part, text) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, text) for part in value]
    return value.replace("{}", text)
