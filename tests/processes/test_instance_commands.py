"""What administrators do to running instances, and who is told what when two do it at once."""

import pytest

from processes.running.history import Kind
from processes.running.instance_tables import (
    HistoryEntry,
    ProcessInstance,
    TaskState,
    Timer,
    WorkItem,
)
from processes.running.instances import instance_view
from processes.running.runtime import lock_instance, open_execution
from services.audit import AuditEntry
from services.errors import Conflict, Invalid, NotAllowed
from tests.engine.models import Drawing, extension, on, timer
from tests.processes.test_tasks import race
from tests.processes.world import one_task, user_task, with_properties


def two_tasks(process_id: str = "p") -> Drawing:
    """Ask, then Tell; Ask reminds after an hour."""
    drawing = Drawing(process_id, name=f"Process {process_id}").start().end()
    for key, name in (("ask", "Ask"), ("tell", "Tell")):
        drawing.node("userTask", key, user_task(candidateGroups="Sales"), name=name)
    drawing.boundary("due", "ask", timer("PT1H"), cancelActivity="false").end("late")
    return drawing.path("start", "ask", "tell", "end").path("due", "late")


def command(world, name, instance, actor="olga", reason="stuck", **raw):
    return world.do(f"instance.{name}", actor, instance_id=instance, reason=reason, **raw)


def token_at(world, instance, element) -> str:
    def look(uow):
        execution = open_execution(uow, lock_instance(uow, instance), even_suspended=True)
        return [one.token_id for one in execution.tokens() if one.element_id == element]

    (found,) = world.ask(look)
    return found


def notes(world, instance) -> list[HistoryEntry]:
    rows = world.rows(HistoryEntry)
    return [row for row in rows if row.kind == Kind.COMMAND and row.instance_id == instance]


def variables(world, instance):
    return world.ask(instance_view, instance, actor="olga").variables


def open_tasks(world) -> list[str]:
    return [row.name for row in world.rows(WorkItem) if row.state == TaskState.OPEN]


def refusal(outcomes) -> Conflict:
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    assert isinstance(refused, Conflict), refused
    return refused


def test_a_moved_token_begins_at_the_other_element_and_leaves_nothing_behind(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    command(
        world, "move_token", instance, token_id=token_at(world, instance, "ask"), element_id="tell"
    )
    assert open_tasks(world) == ["Tell"]
    assert world.rows(Timer) == []
    (note,) = notes(world, instance)
    assert (note.actor, note.element_id) == ("Olga Nilsen", "ask")
    assert note.details == {"command": "instance.move_token", "reason": "stuck", "target": "tell"}
    (audited,) = [row for row in world.rows(AuditEntry) if row.operation == "instance.move_token"]
    assert (audited.actor_name, audited.arguments["reason"]) == ("Olga Nilsen", "stuck")
    world.complete("Tell", "anna")
    assert world.state(instance) == "completed"


def test_a_token_is_added_beside_the_others_with_its_variables(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    command(world, "add_token", instance, element_id="tell", variables={"why": "haste"})
    assert open_tasks(world) == ["Ask", "Tell"]
    assert variables(world, instance) == {"why": "haste"}


def test_the_instance_ends_when_its_last_token_is_cancelled(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    command(world, "cancel_token", instance, token_id=token_at(world, instance, "ask"))
    assert (world.state(instance), open_tasks(world)) == ("terminated", [])


def test_commands_are_carried_out_while_suspended(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    command(world, "suspend", instance)
    command(world, "set_variables", instance, variables={"n": 1})
    command(
        world, "move_token", instance, token_id=token_at(world, instance, "ask"), element_id="tell"
    )
    assert open_tasks(world) == ["Tell"]
    assert world.row(ProcessInstance, instance).suspended_at is not None
    command(world, "resume", instance)
    world.complete("Tell", "anna")
    assert world.state(instance) == "completed"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("move_token", {"token_id": "1", "element_id": "tell"}),
        ("add_token", {"element_id": "tell"}),
        ("cancel_token", {"token_id": "1"}),
        ("set_variables", {"variables": {"n": 1}}),
        ("suspend", {}),
    ],
)
def test_commands_are_refused_when_the_instance_has_ended(world, name, raw):
    world.deploy(one_task())
    instance = world.start("p")
    world.complete("Ask", "anna")
    with pytest.raises(Conflict, match="ended"):
        command(world, name, instance, **raw)


@pytest.mark.parametrize("target", ["due", "nowhere"])
def test_a_token_is_not_moved_to_where_none_can_stand(world, target):
    world.deploy(two_tasks())
    instance = world.start("p")
    with pytest.raises(Invalid, match=target):
        command(
            world,
            "move_token",
            instance,
            token_id=token_at(world, instance, "ask"),
            element_id=target,
        )
    assert open_tasks(world) == ["Ask"]


def test_a_command_without_a_reason_is_refused(world):
    world.deploy(one_task())
    instance = world.start("p")
    with pytest.raises(Invalid) as caught:
        command(world, "suspend", instance, reason="")
    assert "reason" in caught.value.fields


def test_commands_are_for_those_who_operate_processes(world):
    world.deploy(one_task())
    instance = world.start("p")
    with pytest.raises(NotAllowed):
        command(world, "add_token", instance, actor="anna", element_id="ask")


def test_who_moves_a_token_that_was_completed_meanwhile_is_told_by_whom(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    token = token_at(world, instance, "ask")
    world.complete("Ask", "anna")
    with pytest.raises(Conflict) as caught:
        command(world, "move_token", instance, token_id=token, element_id="end")
    assert caught.value.message == (
        "Anna Berg completed Ask meanwhile; look where the process stands now."
    )


def test_who_completes_a_task_that_was_moved_meanwhile_is_told(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    task = world.task("Ask")
    command(
        world, "move_token", instance, token_id=token_at(world, instance, "ask"), element_id="tell"
    )
    with pytest.raises(Conflict, match="not needed any more"):
        world.do("task.complete", "anna", task_id=task, data={})


def test_one_of_both_is_done_when_a_task_is_completed_while_it_is_moved(world):
    world.deploy(two_tasks())
    for _ in range(5):
        instance = world.start("p")
        task, token = world.task("Ask"), token_at(world, instance, "ask")
        outcomes = race(
            lambda key=task: world.do("task.complete", "anna", task_id=key, data={}),
            lambda key=instance, at=token: command(
                world, "move_token", key, token_id=at, element_id="end"
            ),
        )
        told = refusal(outcomes).message
        if world.state(instance) == "running":
            assert told.startswith("Anna Berg completed Ask meanwhile")
            world.complete("Tell", "anna")
        else:
            assert told.startswith("This task is not needed any more")
        assert open_tasks(world) == []


def test_the_second_is_told_when_two_administrators_move_the_same_token(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    token = token_at(world, instance, "ask")
    outcomes = race(
        *(
            lambda to=target: command(world, "move_token", instance, token_id=token, element_id=to)
            for target in ("tell", "tell")
        )
    )
    assert refusal(outcomes).message.startswith("Olga Nilsen interrupted Ask meanwhile")
    assert open_tasks(world) == ["Tell"]


def test_variables_are_set_and_null_stays_null(world):
    world.deploy(one_task())
    instance = world.start("p", n=1, m=2)
    command(
        world,
        "set_variables",
        instance,
        variables={"n": None, "due": {"@type": "date", "@value": "2026-05-01"}},
    )
    assert variables(world, instance) == {"n": None, "m": 2, "due": "2026-05-01"}
    (note,) = notes(world, instance)
    assert note.details["names"] == ["due", "n"]


def test_a_condition_takes_effect_when_a_variable_makes_it_hold(world):
    drawing = Drawing("p").start().end()
    event = "conditionalEventDefinition"
    condition = f"<{event}><condition>=ready = true</condition></{event}>"
    drawing.node("intermediateCatchEvent", "wait", condition)
    world.deploy(drawing.path("start", "wait", "end"))
    instance = world.start("p")
    command(world, "set_variables", instance, variables={"ready": True})
    assert world.state(instance) == "completed"


@pytest.mark.parametrize(
    "given", [{"lead": {"amount": 1}}, {"instance": 1}, {"a b": 1}, {}, {"x": "y" * 2_000_000}]
)
def test_variables_are_refused_when_they_hide_the_record_or_are_too_much(world, given):
    world.deploy(with_properties(one_task(), "lead"))
    instance = world.start("p", world.do("lead.create", name="Ann").id)
    with pytest.raises(Invalid):
        command(world, "set_variables", instance, variables=given)
    assert variables(world, instance) == {}


def test_a_variable_is_not_written_over_when_it_is_not_what_was_seen(world):
    world.deploy(one_task())
    instance = world.start("p", n=1)
    outcomes = race(
        *(
            lambda value=value: command(
                world, "set_variables", instance, variables={"n": value}, seen={"n": 1}
            )
            for value in (2, 3)
        )
    )
    assert refusal(outcomes).message == ("The variable n has changed meanwhile; look at it again.")


def counting() -> Drawing:
    """Count up, ask, and count up again behind it."""
    drawing = Drawing("p").start().end().script("first", "n = 1").script("second", "n = 2; m = 1")
    for key, name in (("ask", "Ask"), ("tell", "Tell")):
        drawing.node("userTask", key, user_task(candidateGroups="Sales"), name=name)
    return drawing.path("start", "first", "ask", "second", "tell", "end")


@pytest.mark.parametrize(("choice", "expected"), [("then", {"n": 1}), ("now", {"n": 2, "m": 1})])
def test_an_instance_begins_again_with_variables_as_then_or_as_now(world, choice, expected):
    world.deploy(counting())
    instance = world.start("p")
    world.complete("Ask", "anna")
    command(world, "restart", instance, element_id="ask", variables=choice)
    assert open_tasks(world) == ["Ask"]
    assert variables(world, instance) == expected


def test_an_instance_begins_again_as_at_the_entry_that_is_named(world):
    world.deploy(counting())
    instance = world.start("p")
    command(world, "set_variables", instance, variables={"n": 7})
    command(world, "restart", instance, element_id="ask", variables="now")
    entered = [
        row.id
        for row in world.rows(HistoryEntry)
        if (row.kind, row.element_id) == ("entered", "ask")
    ]
    assert len(entered) == 2
    command(world, "restart", instance, element_id="ask", variables="then", entry_id=entered[0])
    assert variables(world, instance) == {"n": 1}
    command(world, "restart", instance, element_id="ask", variables="then", entry_id=entered[1])
    assert variables(world, instance) == {"n": 7}


@pytest.mark.parametrize("how", ["completed", "cancelled"])
def test_an_instance_that_has_ended_runs_again_when_it_is_restarted(world, how):
    world.deploy(two_tasks())
    instance = world.start("p", n=1)
    if how == "completed":
        world.complete("Ask", "anna")
        world.complete("Tell", "anna")
    else:
        world.do("instance.cancel", "olga", instance_id=instance)
    command(world, "restart", instance, element_id="ask", variables="then")
    row = world.row(ProcessInstance, instance)
    assert (row.state, row.ended_at) == ("running", None)
    assert (open_tasks(world), variables(world, instance)) == (["Ask"], {"n": 1})
    world.complete("Ask", "anna")
    world.complete("Tell", "anna")
    assert world.state(instance) == "completed"


def test_an_instance_is_not_restarted_where_it_never_was(world):
    world.deploy(two_tasks())
    instance = world.start("p")
    with pytest.raises(Invalid, match="never at this element"):
        command(world, "restart", instance, element_id="tell")


def test_a_record_s_ended_process_is_not_restarted_beside_its_live_one(world):
    drawing = with_properties(Drawing("p"), "lead")
    drawing.message("m", "lead.created").start(inner=on("message", "m")).end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    world.deploy(drawing.path("start", "ask", "end"))
    lead = world.do("lead.create", name="Ann")
    world.drain()
    (first,) = world.rows(ProcessInstance)
    world.complete("Ask", "anna")
    world.ask(lambda uow: uow.emit("lead.created", "lead", lead.id))
    world.drain()
    with pytest.raises(Conflict, match="only once"):
        command(world, "restart", first.id, element_id="ask")
    assert world.state(first.id) == "completed"


def test_the_second_is_told_when_an_instance_is_cancelled_while_it_is_moved(world):
    world.deploy(two_tasks())
    for _ in range(3):
        instance = world.start("p")
        token = token_at(world, instance, "ask")
        outcomes = race(
            lambda key=instance: world.do("instance.cancel", "olga", instance_id=key),
            lambda key=instance, at=token: command(
                world, "move_token", key, token_id=at, element_id="tell"
            ),
        )
        refused = [one for one in outcomes if isinstance(one, Exception)]
        assert all("ended already" in one.message for one in refused)
        assert world.state(instance) == "cancelled"
        assert open_tasks(world) == []


def test_what_is_done_in_a_called_process_is_told_with_its_element_s_name(world):
    inner = one_task("inner")
    called = extension('<zeebe:calledElement processId="inner"/>')
    outer = Drawing("outer").start().end().node("callActivity", "call", called)
    world.deploy(inner, outer.path("start", "call", "end"))
    instance = world.start("outer")
    token = token_at(world, instance, "ask")
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    world.do("instance.restart", "olga", instance_id=instance, element_id="call", reason="again")
    with pytest.raises(Conflict, match="Anna Berg completed Ask meanwhile"):
        command(world, "cancel_token", instance, token_id=token)
