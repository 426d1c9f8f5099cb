"""Processes whose record is deleted, restored, or merged away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processes.events.record_ends import ended_with, ends_with
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, Incident, ProcessInstance
from services.errors import Conflict
from services.operations import run
from services.records.timeline import timeline_of
from services.records.types import get_record_type
from tests.engine.models import Drawing, extension, mapped, on, service
from tests.processes.test_record_starts import begins
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task, with_properties


def deletes(process_id="tidy"):
    """Return a process that deletes its lead, and asks somebody after that."""
    drawing = with_properties(Drawing(process_id), "lead").start().end()
    work = mapped(inputs={"record_type": "lead", "record_id": "=lead.id"})
    drawing.node("serviceTask", "delete", service("record.delete", work))
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask after")
    return drawing.path("start", "delete", "ask", "end")


def waits_for(message, process_id="p", record="lead"):
    """Return a process that waits for a message."""
    drawing = with_properties(Drawing(process_id), record).start().end()
    drawing.message("m", message)
    drawing.node("intermediateCatchEvent", "wait", on("message", "m"))
    return drawing.path("start", "wait", "end")


@pytest.fixture
def lead(world):
    return world.do("lead.create", "anna", name="Eva Lund")


def delete(world, record, who="anna"):
    return world.do("record.delete", who, record_type=record.record_type, record_id=record.id)


def merge(world, kept, dropped):
    given = {"record_type": kept.record_type, "kept_id": kept.id, "dropped_id": dropped.id}
    return world.do("record.merge", **given)["merge_id"]


def running_on(world, instance):
    row = world.row(ProcessInstance, instance)
    return row.record_id if row.state == "running" else None


def send(world, name, record):
    about = {"record_type": record.record_type, "record_id": record.id}
    world.do("message.correlate", "olga", name=name, **about)
    world.drain()


def test_a_process_is_cancelled_when_its_record_is_deleted(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", lead.id)
    other = world.start("p", world.do("lead.create", name="Noor").id)
    delete(world, lead)
    assert (world.state(instance), world.state(other)) == ("cancelled", "running")
    assert [task.record_title for task in world.tasks()] == ["Noor"]
    (note,) = [row for row in world.rows(HistoryEntry) if row.kind == Kind.COMMAND]
    assert (note.actor, note.details["reason"]) == (
        "Anna Berg",
        "The lead that it was about was deleted by Anna Berg.",
    )


def test_the_audit_names_the_deleter_when_a_process_is_cancelled(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", lead.id)
    delete(world, lead)
    found = world.sql(
        "SELECT actor_name, arguments ->> 'instance_id' FROM audit_entries"
        " WHERE operation = 'instance.cancel'"
    )
    assert [tuple(row) for row in found] == [("Anna Berg", str(instance))]


def test_a_process_goes_on_when_it_deletes_its_record_itself(world, lead):
    world.deploy(deletes(), with_properties(one_task("p"), "lead"))
    other = world.start("p", lead.id)
    instance = world.start("tidy", lead.id)
    assert (world.state(instance), world.state(other)) == ("running", "cancelled")
    world.complete("Ask after", "anna")
    assert world.state(instance) == "completed"
    assert world.rows(Incident) == []


def test_a_called_process_ends_when_its_caller_is_cancelled(world, lead):
    caller = with_properties(Drawing("p"), "lead").start().end()
    inner = extension('<zeebe:calledElement processId="c"/>')
    caller.node("callActivity", "call", inner)
    world.deploy(one_task("c"), caller.path("start", "call", "end"))
    instance = world.start("p", lead.id)
    assert len(world.tasks()) == 1
    delete(world, lead)
    assert (world.state(instance), world.tasks()) == ("cancelled", [])


def test_a_process_hears_of_the_deletion_when_it_waits_for_it(world, lead):
    world.deploy(waits_for("lead.deleted"))
    instance = world.start("p", lead.id)
    assert world.ask(ends_with, [lead.id]) == {}
    delete(world, lead)
    world.drain()
    assert world.state(instance) == "completed"


def test_a_suspended_process_is_cancelled_when_its_record_is_deleted(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", lead.id)
    world.do("instance.suspend", "olga", instance_id=instance, reason="Holidays")
    delete(world, lead)
    assert world.state(instance) == "cancelled"


def test_processes_are_cancelled_when_several_records_are_deleted_at_once(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    keys = [lead.id, world.do("lead.create", "anna", name="Noor").id]
    instances = [world.start("p", key) for key in keys]
    given = {"record_type": "lead", "operation": "record.delete", "record_ids": keys, "values": {}}
    world.ask(run, "record.change_many", given, actor="anna")
    assert [world.state(instance) for instance in instances] == ["cancelled"] * 2


def test_a_cancelled_process_stays_so_when_its_record_is_restored(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", lead.id)
    delete(world, lead)

    def count(uow):
        return ended_with(uow, uow.session.get(get_record_type("lead").model, lead.id))

    assert world.ask(count) == 1
    world.do("record.restore", "anna", record_type="lead", record_id=lead.id)
    world.drain()
    assert world.state(instance) == "cancelled"
    titles = [entry.title for entry in world.ask(timeline_of, "lead", lead.id)]
    assert "The process Process p was cancelled." in titles


def test_a_cancelled_process_is_not_restarted_while_its_record_lies_in_the_bin(world, lead):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", lead.id)
    delete(world, lead)
    with pytest.raises(Conflict, match="lies in the bin"):
        world.do("instance.restart", instance_id=instance, element_id="ask", reason="Again")


def test_nothing_begins_when_the_record_was_deleted_before_the_job_came(world):
    world.deploy(begins("created, deleted", record="lead", many_per_record="true"))
    lead = world.do("lead.create", "anna", name="Eva Lund")
    world.platform.clock.advance(timedelta(seconds=1))
    delete(world, lead)
    world.drain()
    (begun,) = world.rows(ProcessInstance)
    assert begun.started_at >= lead.created_at
    assert world.ask(lambda uow: ends_with(uow, [lead.id])) == {begun.id: lead.id}


def test_a_process_hears_what_the_kept_record_is_told_when_its_own_was_merged_away(world, lead):
    world.deploy(waits_for("call back"))
    instance = world.start("p", lead.id)
    kept = world.do("lead.create", name="Eva Lund-Berg")
    merge(world, kept, lead)
    assert running_on(world, instance) == kept.id
    send(world, "call back", kept)
    assert world.state(instance) == "completed"


def test_a_process_hears_of_its_own_record_again_when_a_merge_was_undone(world, lead):
    world.deploy(waits_for("call back"))
    instance = world.start("p", lead.id)
    kept = world.do("lead.create", name="Eva Lund-Berg")
    world.do("record.unmerge", merge_id=merge(world, kept, lead))
    assert running_on(world, instance) == lead.id
    send(world, "call back", lead)
    assert world.state(instance) == "completed"


def test_a_step_finds_the_kept_record_when_a_variable_names_one_merged_away(world, lead):
    drawing = Drawing("p").start().end()
    work = mapped(inputs={"lead_id": "=lead_id", "wishes": "A ladder"})
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.node("serviceTask", "write", service("lead.update", work))
    world.deploy(drawing.path("start", "ask", "write", "end"))
    instance = world.start("p", lead_id=str(lead.id))
    kept = world.do("lead.create", name="Eva Lund-Berg")
    merge(world, kept, lead)
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    assert world.row(type(kept), kept.id).wishes == "A ladder"


def test_a_record_is_deleted_once_when_a_step_writes_it_at_the_same_moment(world, lead):
    drawing = with_properties(Drawing("p"), "lead").start().end()
    work = mapped(inputs={"lead_id": "=lead.id", "wishes": "A ladder"})
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.node("serviceTask", "write", service("lead.update", work))
    drawing.node("userTask", "more", user_task(candidateGroups="Sales"), name="More")
    world.deploy(drawing.path("start", "ask", "write", "more", "end"))
    instance = world.start("p", lead.id)
    task = world.task("Ask")
    race(
        lambda: world.do("task.complete", "anna", task_id=task, data={}),
        lambda: delete(world, lead, "olga"),
    )
    assert world.row(type(lead), lead.id).deleted_at
    assert (world.state(instance), world.tasks()) == ("cancelled", [])
    assert world.rows(Incident) == []


def test_nothing_runs_for_a_record_that_is_deleted_while_its_process_begins(world):
    world.deploy(begins("created", record="lead"))
    lead = world.do("lead.create", "anna", name="Eva Lund")
    world.platform.clock.advance(timedelta(seconds=1))
    race(world.drain, lambda: delete(world, lead))
    world.drain()
    assert {row.state for row in world.rows(ProcessInstance)} <= {"cancelled"}
