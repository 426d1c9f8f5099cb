"""Timers and tasks in the inbox follow the dates of their record."""

from datetime import UTC, datetime

from processes.running.instance_tables import NEVER, QueueEntry, Timer, WorkItem
from services.timers import tell_timers
from tests.engine.models import Drawing, extension, timer
from tests.processes.world import World, with_properties

FIRST = datetime(2026, 3, 5, 9, tzinfo=UTC)
SECOND = datetime(2026, 3, 9, 9, tzinfo=UTC)


def begin(world: World, due: str = "=lead.due_at"):
    inner = extension(
        '<zeebe:assignmentDefinition candidateGroups="Sales"/>'
        f'<zeebe:taskSchedule dueDate="{due}" followUpDate="=lead.due_at"/>'
    )
    drawing = (
        with_properties(Drawing("p"), "lead")
        .start()
        .node("userTask", "ask", inner, name="Ask")
        .end()
        .end("late")
    )
    drawing.boundary("due", "ask", timer("=lead.due_at", "timeDate"))
    world.deploy(drawing.path("start", "ask", "end").path("due", "late"))
    lead = world.do("lead.create", name="Kari", due_at=FIRST).id
    return lead, world.start("p", lead)


def move(world: World, lead, due_at):
    world.do("lead.update", lead_id=lead, due_at=due_at)
    world.ask(tell_timers, "lead", lead)
    world.drain()


def shown(world: World):
    (task,) = world.rows(WorkItem)
    (entry,) = world.rows(QueueEntry)
    (row,) = world.rows(Timer)
    return task.due_at, task.follow_up_at, task.sort_due_at, entry.sort_due_at, row.due_at


def test_task_queue_and_timer_follow_when_the_record_has_another_date(world):
    lead, _ = begin(world)
    assert shown(world) == (FIRST,) * 5
    move(world, lead, SECOND)
    assert shown(world) == (SECOND,) * 5


def test_a_task_has_no_date_when_the_record_has_none_any_more(world):
    lead, _ = begin(world)
    move(world, lead, None)
    assert shown(world) == (None, None, NEVER, NEVER, FIRST)


def test_a_date_that_was_counted_from_then_stays(world):
    lead, _ = begin(world, "=lead.due_at + (now() - now())")
    move(world, lead, SECOND)
    assert shown(world) == (FIRST, SECOND, FIRST, FIRST, SECOND)


def test_a_suspended_instance_follows_when_it_resumes(world):
    lead, instance = begin(world)
    world.do("instance.suspend", instance_id=instance, reason="for a moment")
    move(world, lead, SECOND)
    assert shown(world)[4] == FIRST
    world.do("instance.resume", instance_id=instance, reason="again")
    world.drain()
    assert shown(world) == (SECOND,) * 5
