"""Running instances go over to another version, and back."""

from datetime import timedelta

import pytest

from processes.deploying.definition_tables import ProcessVersion
from processes.migration.tables import MigrationItem, MigrationRun
from processes.migration.views import get_run, list_runs
from processes.running.history import Kind
from processes.running.instance_tables import (
    HistoryEntry,
    Incident,
    ProcessInstance,
    QueueEntry,
    TaskState,
    Timer,
    WorkItem,
)
from processes.tasks.inbox import get_task, task_form
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.jobs import all_jobs
from tests.engine.models import Drawing, timer
from tests.processes.test_instance_commands import command, token_at
from tests.processes.test_tasks import race
from tests.processes.world import form, user_task


def asking(key="ask", *, name="Ask", last="tell", group="Sales", form_id=None) -> Drawing:
    """A task with a reminder, then another."""
    drawing = Drawing("p", name="Process p").start().end()
    inner = user_task(form_id, candidateGroups=group)
    drawing.node("userTask", key, inner, name=name)
    drawing.boundary(f"due-{key}", key, timer("PT1H")).end("late")
    drawing.node("userTask", last, user_task(candidateGroups="Sales"), name="Tell")
    return drawing.path("start", key, last, "end").path(f"due-{key}", "late")


def versions(world) -> list[ProcessVersion]:
    return sorted(world.rows(ProcessVersion), key=lambda row: row.version)


def two_versions(world, old: Drawing, new: Drawing, *files, count=1):
    """Deploy two versions, with `count` instances started on the first."""
    world.deploy(old, *files)
    started = [world.start("p") for _ in range(count)]
    world.deploy(new)
    first, second = versions(world)
    return started, {"version_id": first.id, "target_version_id": second.id}


def migrate(world, between, actor="olga", **more):
    return world.do("instance.migrate", actor, **between, reason="a better version", **more)


def plan(world, between, **more):
    return world.do("instance.plan_migration", "olga", **between, **more)


def version_of(world, instance) -> int:
    row = world.row(ProcessInstance, instance)
    return next(one.version for one in versions(world) if one.id == row.version_id)


def items(world) -> list[str]:
    return [row.state for row in world.rows(MigrationItem)]


def open_task(world) -> WorkItem:
    (found,) = [row for row in world.rows(WorkItem) if row.state == TaskState.OPEN]
    return found


def test_an_instance_goes_on_in_the_new_version_with_its_task_and_timer(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"))
    due = world.rows(Timer)[0].due_at
    task = world.task("Ask")
    world.do("task.claim", "anna", task_id=task)
    result = migrate(world, between)
    assert (result["state"], result["counts"]) == ("done", {"migrated": 1})
    assert version_of(world, instances[0]) == 2
    assert (open_task(world).id, open_task(world).version_id) == (
        task,
        between["target_version_id"],
    )
    assert open_task(world).assignee_id == world.people["anna"].user_id
    assert [row.due_at for row in world.rows(Timer)] == [due]
    world.complete("Ask", "anna")
    assert world.trace(instances[0]) == ["start", "ask"]
    world.complete("Tell", "anna")
    assert world.trace(instances[0])[-2:] == ["tell2", "end"]


def test_the_migration_stands_in_history_with_its_versions(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"))
    run = migrate(world, between)["run_id"]
    (note,) = [row for row in world.rows(HistoryEntry) if row.kind == Kind.COMMAND]
    assert (note.actor, note.instance_id) == ("Olga Nilsen", instances[0])
    assert note.details == {
        "command": "instance.migrate",
        "reason": "a better version",
        "run_id": str(run),
        "from_version": 1,
        "to_version": 2,
    }


def test_an_element_is_mapped_with_all_that_waits_there(world):
    (instances, between) = two_versions(world, asking(), asking("demand"))
    mapping = {"ask": "demand", "due-ask": "due-demand"}
    migrate(world, between, mapping=mapping)
    assert open_task(world).element_id == "demand"
    assert [row.element_id for row in world.rows(Timer)] == ["due-demand"]
    world.platform.clock.advance(timedelta(hours=2))
    world.drain()
    assert world.state(instances[0]) == "completed"
    assert world.trace(instances[0]) == ["start", "due-demand", "late"]


def test_an_open_task_takes_the_new_name_form_and_queue(world):
    fields = form("new-form", {"key": "x"})
    old, new = asking(), asking(name="Ask again", group="Managers", form_id="new-form")
    world.deploy(old)
    world.start("p")
    task = world.task("Ask")
    world.deploy(new, fields)
    first, second = versions(world)
    migrate(world, {"version_id": first.id, "target_version_id": second.id})
    renewed = open_task(world)
    assert (renewed.id, renewed.name, renewed.form_id) == (task, "Ask again", "new-form")
    assert [row.queue_id for row in world.rows(QueueEntry)] == [world.groups["Managers"]]
    shown = world.ask(lambda uow: task_form(uow, get_task(uow, task)), actor="maria")
    assert shown.schema["id"] == "new-form"
    world.do("task.complete", "maria", task_id=task, data={"x": "yes"})
    assert open_task(world).name == "Tell"


def test_who_has_a_task_keeps_it_when_its_queue_is_another(world):
    (_, between) = two_versions(world, asking(), asking(group="Managers"))
    world.do("task.claim", "anna", task_id=world.task("Ask"))
    migrate(world, between)
    assert open_task(world).assignee_id == world.people["anna"].user_id
    assert world.rows(QueueEntry) == []


def test_a_dry_run_says_what_is_blocked_and_changes_nothing(world):
    (instances, between) = two_versions(world, asking(), asking("demand"), count=2)
    command(
        world,
        "move_token",
        instances[1],
        token_id=token_at(world, instances[1], "ask"),
        element_id="tell",
    )
    found = plan(world, between)
    assert (found["total"], found["checked"], found["unmapped"]) == (2, 2, ["ask", "due-ask"])
    by_key = {one["instance_id"]: one for one in found["instances"]}
    assert by_key[instances[1]] == {
        "instance_id": instances[1],
        "record_title": None,
        "ok": True,
        "blockers": [],
    }
    (blocker,) = by_key[instances[0]]["blockers"]
    assert (blocker["element_id"], blocker["name"]) == ("ask", "Ask")
    assert {version_of(world, one) for one in instances} == {1}
    assert world.rows(MigrationRun) == []
    assert len([row for row in world.rows(WorkItem) if row.state == TaskState.OPEN]) == 2


def test_a_blocked_instance_stays_and_the_others_go(world):
    (instances, between) = two_versions(world, asking(), asking("demand"), count=3)
    for key in instances[1:]:
        command(world, "move_token", key, token_id=token_at(world, key, "ask"), element_id="tell")
    result = migrate(world, between)
    assert (result["state"], result["counts"]) == ("running", {"waiting": 3})
    world.drain()
    assert items(world) == ["blocked", "migrated", "migrated"]
    (run,) = world.rows(MigrationRun)
    assert (run.state, run.created_by, run.ended_at is None) == ("done", "Olga Nilsen", False)
    assert [version_of(world, one) for one in instances] == [1, 2, 2]
    (blocked,) = [row for row in world.rows(MigrationItem) if row.state == "blocked"]
    assert [one["element_id"] for one in blocked.blockers] == ["ask"]
    assert {row.actor for row in world.rows(HistoryEntry) if row.kind == Kind.COMMAND} == {
        "Olga Nilsen"
    }


def test_the_only_instance_is_refused_with_its_reasons_when_it_is_blocked(world):
    (instances, between) = two_versions(world, asking(), asking("demand"))
    with pytest.raises(Conflict, match="Ask: The new version does not have it"):
        migrate(world, between)
    assert (version_of(world, instances[0]), world.rows(MigrationRun)) == (1, [])


def test_some_instances_go_when_they_are_named_or_filtered(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"), count=3)
    migrate(world, between, instance_ids=[str(instances[2])])
    assert [version_of(world, one) for one in instances] == [1, 1, 2]
    command(world, "suspend", instances[0])
    migrate(world, between, filters={"state": "suspended"})
    assert [version_of(world, one) for one in instances] == [2, 1, 2]
    with pytest.raises(Invalid):
        migrate(world, between, filters={"colour": "red"})
    with pytest.raises(Conflict, match="Nothing runs"):
        migrate(world, between, instance_ids=[str(instances[2])])


def test_a_suspended_instance_stays_suspended_and_gets_what_was_held_back(world):
    (instances, between) = two_versions(world, asking(), asking("demand"))
    command(world, "suspend", instances[0])
    world.platform.clock.advance(timedelta(hours=2))
    world.drain()
    migrate(world, between, mapping={"ask": "demand", "due-ask": "due-demand"})
    assert world.row(ProcessInstance, instances[0]).suspended_at is not None
    command(world, "resume", instances[0])
    world.drain()
    assert world.trace(instances[0]) == ["start", "due-demand", "late"]


def test_an_incident_goes_along_and_is_retried_in_the_new_version(world):
    old, new = Drawing("p").start().end(), Drawing("p").start().end()
    old.script("work", "x = 1 / 0")
    new.node("scriptTask", "work", "<script>x = 1</script>", name="Divide")
    (instances, between) = two_versions(
        world, old.path("start", "work", "end"), new.path("start", "work", "end")
    )
    migrate(world, between)
    (incident,) = world.rows(Incident)
    assert incident.version_id == between["target_version_id"]
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert world.state(instances[0]) == "completed"


def test_an_incident_is_named_after_the_element_that_takes_its_place(world):
    old, new = Drawing("p").start().end(), Drawing("p").start().end()
    old.script("work", "x = 1 / 0")
    new.node("scriptTask", "divide", "<script>x = 1</script>", name="Divide")
    (_, between) = two_versions(
        world, old.path("start", "work", "end"), new.path("start", "divide", "end")
    )
    migrate(world, between, mapping={"work": "divide"})
    (incident,) = world.rows(Incident)
    assert (incident.element_id, incident.element_name) == ("divide", "Divide")


def test_a_run_is_stopped_and_resumed(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"), count=3)
    run = migrate(world, between)["run_id"]
    assert world.do("migration.stop", "olga", run_id=run, reason="wait")["state"] == "stopped"
    world.drain()
    assert items(world) == ["waiting"] * 3
    with pytest.raises(Conflict, match="does not go on"):
        world.do("migration.stop", "olga", run_id=run, reason="again")
    assert world.do("migration.resume", "olga", run_id=run, reason="go")["state"] == "running"
    with pytest.raises(Conflict, match="was not stopped"):
        world.do("migration.resume", "olga", run_id=run, reason="again")
    world.drain()
    assert [version_of(world, one) for one in instances] == [2, 2, 2]


def test_each_instance_goes_once_when_the_job_of_a_run_is_delivered_twice(world):
    (_, between) = two_versions(world, asking(), asking(last="tell2"), count=6)
    run = migrate(world, between)["run_id"]
    (go_on,) = [one.handle for one in all_jobs() if one.name == "migrations.run"]
    race(*(lambda: go_on(world.platform, run_id=str(run)) for _ in range(2)))
    world.drain()
    assert items(world) == ["migrated"] * 6
    notes = [row for row in world.rows(HistoryEntry) if row.kind == Kind.COMMAND]
    assert len(notes) == 6


def test_an_instance_that_ends_meanwhile_is_skipped(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"), count=2)
    migrate(world, between)
    world.do("instance.cancel", "olga", instance_id=instances[0])
    world.drain()
    assert items(world) == ["skipped", "migrated"]


def test_a_run_is_undone_for_all_that_it_took_over(world):
    (instances, between) = two_versions(world, asking(), asking("demand"), count=3)
    mapping = {"ask": "demand", "due-ask": "due-demand"}
    run = migrate(world, between, mapping=mapping)["run_id"]
    with pytest.raises(Conflict, match="Stop this run"):
        world.do("migration.undo", "olga", run_id=run, reason="worse")
    world.drain()
    world.do("instance.cancel", "olga", instance_id=instances[2])
    world.do("migration.undo", "olga", run_id=run, reason="worse")
    world.drain()
    assert [version_of(world, one) for one in instances] == [1, 1, 2]
    tasks = [row for row in world.rows(WorkItem) if row.state == TaskState.OPEN]
    assert {row.element_id for row in tasks} == {"ask"}
    assert {row.version_id for row in tasks} == {between["version_id"]}
    with pytest.raises(Conflict, match="Nothing runs"):
        world.do("migration.undo", "olga", run_id=run, reason="again")


def test_each_goes_back_to_where_it_stood_when_two_elements_became_one(world):
    old = Drawing("p", name="Process p").start().end()
    new = Drawing("p", name="Process p").start().end()
    for key in ("ask", "tell"):
        old.node("userTask", key, user_task(candidateGroups="Sales"), name=key)
    new.node("userTask", "both", user_task(candidateGroups="Sales"), name="both")
    (instances, between) = two_versions(
        world, old.path("start", "ask", "tell", "end"), new.path("start", "both", "end"), count=2
    )
    command(
        world,
        "move_token",
        instances[1],
        token_id=token_at(world, instances[1], "ask"),
        element_id="tell",
    )
    run = migrate(world, between, mapping={"ask": "both", "tell": "both"})["run_id"]
    world.drain()
    world.do("migration.undo", "olga", run_id=run, reason="apart again")
    world.drain()
    at = {row.instance_id: row.element_id for row in world.rows(WorkItem) if row.state == "open"}
    assert at == {instances[0]: "ask", instances[1]: "tell"}


def test_a_mapping_to_what_is_not_there_is_refused(world):
    (_, between) = two_versions(world, asking(), asking("demand"))
    with pytest.raises(Invalid) as caught:
        plan(world, between, mapping={"ask": "nowhere"})
    assert "mapping" in caught.value.fields
    with pytest.raises(Invalid):
        plan(world, {**between, "target_version_id": between["version_id"]})


def test_migrating_is_for_those_who_operate_processes(world):
    (_, between) = two_versions(world, asking(), asking(last="tell2"))
    with pytest.raises(NotAllowed):
        migrate(world, between, actor="ada")


def test_one_of_both_comes_first_when_a_task_is_completed_while_it_is_migrated(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"))
    task = world.task("Ask")
    outcomes = race(
        lambda: world.do("task.complete", "anna", task_id=task, data={}),
        lambda: migrate(world, between, mapping={"tell": "tell2"}),
    )
    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    assert version_of(world, instances[0]) == 2
    assert open_task(world).element_id == "tell2"


def test_the_second_is_told_when_two_administrators_migrate_the_same_instance(world):
    (instances, between) = two_versions(world, asking(), asking(last="tell2"))
    outcomes = race(*(lambda: migrate(world, between) for _ in range(2)))
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    assert isinstance(refused, Conflict)
    assert "another version meanwhile" in refused.message or "Nothing runs" in refused.message
    assert (version_of(world, instances[0]), items(world)) == (2, ["migrated"])


def test_a_run_is_shown_with_what_it_did_not_take_over(world):
    (instances, between) = two_versions(world, asking(), asking("demand"), count=3)
    key = instances[1]
    command(world, "move_token", key, token_id=token_at(world, key, "ask"), element_id="tell")
    run = migrate(world, between)["run_id"]
    world.drain()
    shown = world.ask(get_run, run, actor="olga")
    assert (shown.from_version, shown.to_version, shown.total) == (1, 2, 3)
    assert (shown.state, shown.counts) == ("done", {"blocked": 2, "migrated": 1})
    assert [one.instance_id for one in shown.left] == [instances[0], instances[2]]
    assert [one["name"] for one in shown.left[0].blockers] == ["Ask"]
    undo = world.do("migration.undo", "olga", run_id=run, reason="worse")["run_id"]
    assert [one.id for one in world.ask(list_runs, "p", actor="olga")] == [undo, run]
    assert world.ask(get_run, run, actor="olga").undone_by == undo
    with pytest.raises(NotFound):
        world.ask(get_run, run, actor="ada")
