"""Instances from their start to their end, over real transactions."""

from uuid import UUID

import pytest

from processes.running.instance_tables import (
    HistoryEntry,
    Incident,
    PendingCall,
    ProcessInstance,
    QueueEntry,
    Subscription,
    Timer,
)
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.records.timeline import timeline_of
from tests.engine.models import Drawing, extension, mapped, on, timer
from tests.processes.world import form, one_task, table, user_task, with_properties


def lead_task(inner: str, *, name: str = "Qualify", **properties: str) -> Drawing:
    drawing = with_properties(Drawing("p"), "lead", **properties)
    return (
        drawing.start().node("userTask", "ask", inner, name=name).end().path("start", "ask", "end")
    )


def test_an_instance_ends_when_its_only_task_is_completed(world):
    world.deploy(one_task())
    instance = world.start("p")
    assert world.state(instance) == "running"
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    assert world.trace() == ["start", "ask", "end"]
    item = world.work_item("Ask")
    assert (item.state, item.ended_by) == ("completed", "Anna Berg")
    assert world.rows(QueueEntry) == []


def test_history_holds_actor_and_written_variables_when_a_task_is_completed(world):
    inner = user_task("f", candidateGroups="Sales")
    world.deploy(one_task(inner=inner), form("f", {"key": "answer"}))
    world.start("p", known=1)
    world.complete("Ask", "anna", answer="yes")
    (start, given) = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert (start.details["values"], given.details["values"]) == ({"known": 1}, {"answer": "yes"})
    assert given.actor == "Anna Berg"


def test_form_fields_of_the_record_are_written_by_its_operation_when_completed(world):
    lead = world.do("lead.create", name="Ann", company="Old")
    inner = user_task("f", candidateGroups="Sales")
    world.deploy(lead_task(inner), form("f", {"key": "lead.company"}, {"key": "outcome"}))
    world.start("p", lead.id)
    world.complete("Qualify", "maria", lead={"company": "New"}, outcome="good")
    assert world.row(Lead, lead.id).company == "New"
    titles = [entry.title for entry in world.ask(timeline_of, "lead", lead.id)]
    assert titles[:2] == ["The process p ended.", "Maria Holm completed the task Qualify."]
    assert "The task Qualify came up for Sales." in titles


def test_expressions_read_the_live_record_when_it_changed_after_the_start(world):
    lead = world.do("lead.create", name="Ann", score=1)
    drawing = with_properties(Drawing("p"), "lead")
    drawing.start().task("wait", candidateGroups="Sales").end("high").end("low")
    drawing.node("exclusiveGateway", "choice", default="choice-low")
    drawing.path("start", "wait", "choice").flow("choice", "high", "=lead.score > 50")
    world.deploy(drawing.flow("choice", "low"))
    world.start("p", lead.id)
    world.do("lead.update", lead_id=lead.id, score=80)
    world.complete("wait", "anna")
    assert world.trace()[-1] == "high"


def test_a_service_task_acts_with_the_rights_granted_at_deployment(world):
    lead = world.do("lead.create", name="Ann")
    drawing = with_properties(Drawing("p"), "lead").start().end()
    work = mapped({"lead_id": "=lead.id", "grade": "A"})
    drawing.service("keep", "lead.update", work).task("ask", candidateGroups="Service")
    world.deploy(drawing.path("start", "ask", "keep", "end"))
    world.start("p", lead.id)
    world.complete("ask", "sven")
    assert world.row(Lead, lead.id).grade == "A"


def test_a_failed_operation_is_undone_alone_when_the_rest_of_the_step_stands(world):
    lead = world.do("lead.create", name="Ann")
    drawing = with_properties(Drawing("p"), "lead").start().end()
    good = mapped({"lead_id": "=lead.id", "grade": "A"})
    bad = mapped({"lead_id": "=lead.id", "status": "qualified"})
    drawing.task("ask", candidateGroups="Sales")
    drawing.service("good", "lead.update", good).service("bad", "lead.update", bad)
    world.deploy(drawing.path("start", "ask", "good", "bad", "end"))
    instance = world.start("p", lead.id)
    world.complete("ask", "anna")
    assert world.row(Lead, lead.id).grade == "A"
    (incident,) = world.rows(Incident)
    assert (incident.element_id, incident.code, incident.attempts) == ("bad", "conflict", 1)
    assert "New to Qualified" in incident.message
    assert world.state(instance) == "running"


def test_a_retried_step_keeps_its_incident_until_it_succeeds(world):
    missing = "00000000-0000-7000-8000-000000000000"
    lead = world.do("lead.create", name="Ann")
    drawing = with_properties(Drawing("p"), "lead").start().end()
    work = mapped({"lead_id": "=other", "grade": "A"})
    drawing.service("keep", "lead.update", work)
    world.deploy(drawing.path("start", "keep", "end"))
    instance = world.start("p", lead.id, other=missing)
    (incident,) = world.rows(Incident)
    again = world.do("incident.retry", "olga", incident_id=incident.id)
    assert again["resolved"] is False
    (incident,) = world.rows(Incident)
    assert incident.attempts == 2
    world.ask(lambda uow: uow.add(Lead(id=UUID(missing), number="L-9", name="Late")))
    again = world.do("incident.retry", "olga", incident_id=incident.id)
    assert again["resolved"] is True
    assert world.state(instance) == "completed"
    with pytest.raises(Conflict):
        world.do("incident.retry", "olga", incident_id=incident.id)


def test_a_domain_error_takes_the_boundary_event_of_its_code(world):
    lead = world.do("lead.create", name="Ann")
    drawing = with_properties(Drawing("p"), "lead").start().end().end("caught")
    work = mapped({"lead_id": "=lead.id", "status": "qualified"})
    drawing.service("keep", "lead.update", work)
    drawing.boundary("oops", "keep", on("error", "e"))
    drawing.declare('<error id="e" name="e" errorCode="conflict"/>')
    world.deploy(drawing.path("start", "keep", "end").path("oops", "caught"))
    instance = world.start("p", lead.id)
    assert world.trace()[-1] == "caught"
    assert world.state(instance) == "completed"
    assert world.rows(Incident) == []


def test_a_decision_is_taken_from_the_version_that_was_deployed(world):
    drawing = Drawing("p").start().end()
    called = extension('<zeebe:calledDecision decisionId="rate" resultVariable="rate"/>')
    drawing.node("businessRuleTask", "rule", called).task("ask", candidateGroups="Sales")
    drawing.path("start", "ask", "rule", "end")
    world.deploy(drawing, table("rate", ("&gt; 10", '"high"'), ("&lt;= 10", '"low"')))
    old = world.start("p", amount=20)
    world.deploy(table("rate", ("&gt; 10", '"HIGH"'), ("&lt;= 10", '"LOW"')))
    new = world.start("p", amount=20)
    for task in world.tasks():
        world.do("task.complete", "anna", task_id=task.id)
    written = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    rates = {row.instance_id: row.details["values"].get("rate") for row in written}
    assert (rates[old], rates[new]) == ("high", "HIGH")


def test_a_called_process_runs_within_the_same_instance(world):
    caller = Drawing("caller").start().end()
    call = extension('<zeebe:calledElement processId="p" propagateAllChildVariables="true"/>')
    caller.node("callActivity", "call", call).path("start", "call", "end")
    world.deploy(caller, one_task())
    instance = world.start("caller")
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    assert len(world.rows(ProcessInstance)) == 1


@pytest.mark.parametrize(
    ("binding", "name"),
    [
        ("", "Other"),
        ('bindingType="latest"', "Other"),
        ('bindingType="deployment"', "Ask"),
    ],
)
def test_a_call_takes_the_version_that_its_binding_says(world, binding, name):
    inner = extension(f'<zeebe:calledElement processId="p" {binding}/>')
    caller = Drawing("caller").start().end()
    caller.node("userTask", "before", user_task(candidateGroups="Sales"), name="Before")
    caller.node("callActivity", "call", inner).path("start", "before", "call", "end")
    world.deploy(caller, one_task())
    world.start("caller")
    world.deploy(one_task(name="Other"))
    world.complete("Before", "anna")
    assert [task.name for task in world.tasks()] == [name]


def test_nothing_is_left_waiting_when_an_instance_is_cancelled(world):
    drawing = Drawing("p").start().end().end("late")
    drawing.task("ask", candidateGroups="Sales").boundary("due", "ask", timer("P1D"))
    drawing.message("m", "thing.happened").node("receiveTask", "hear", messageRef="m")
    drawing.node("parallelGateway", "fork").path("start", "fork", "ask", "end")
    drawing.flow("fork", "hear").flow("hear", "end").path("due", "late")
    world.deploy(drawing)
    instance = world.start("p")
    assert (len(world.rows(Timer)), len(world.rows(Subscription))) == (1, 1)
    world.do("instance.cancel", "olga", instance_id=instance, reason="wrong")
    assert world.state(instance) == "cancelled"
    assert [world.rows(model) for model in (Timer, Subscription, PendingCall, QueueEntry)] == [
        [],
        [],
        [],
        [],
    ]
    assert world.work_item("ask").state == "cancelled"
    with pytest.raises(Conflict):
        world.do("instance.cancel", "olga", instance_id=instance)


def test_starting_by_hand_is_refused_when_the_process_waits_for_an_event(world):
    drawing = Drawing("p").start(inner=on("message", "m")).end().message("m", "lead.created")
    world.deploy(drawing.path("start", "end"))
    with pytest.raises(Conflict):
        world.start("p")
    with pytest.raises(NotFound):
        world.start("nothing")


def test_a_record_is_needed_when_the_process_is_about_one(world):
    world.deploy(lead_task(user_task(candidateGroups="Sales")))
    with pytest.raises(Invalid):
        world.start("p")
    other = world.do("lead.create", name="Ann")
    with pytest.raises(NotFound):
        world.start("p", other.id, actor="sven")


def test_a_record_is_not_started_twice_by_hand_unless_the_process_allows_it(world):
    lead = world.do("lead.create", name="Ann")
    world.deploy(lead_task(user_task(candidateGroups="Sales")))
    world.start("p", lead.id)
    with pytest.raises(Conflict):
        world.start("p", lead.id)
    world.deploy(lead_task(user_task(candidateGroups="Sales"), many_per_record="true"))
    world.start("p", lead.id)


@pytest.mark.parametrize("answer", ["a\x00b", "a\\u0000b", "\\\x00\\"])
def test_any_text_can_be_kept(world, answer):
    inner = user_task("f", candidateGroups="Sales")
    world.deploy(one_task(inner=inner), form("f", {"key": "answer"}))
    instance = world.start("p", given=answer)
    (row,) = [row for row in world.rows(HistoryEntry) if row.kind == "variables"]
    assert row.details["values"]["given"] == answer.replace("\x00", "\ufffd")
    assert world.state(instance) == "running"


def test_only_those_who_operate_processes_cancel_and_retry(world):
    world.deploy(one_task())
    instance = world.start("p")
    with pytest.raises(NotAllowed):
        world.do("instance.cancel", "anna", instance_id=instance)
    with pytest.raises(NotAllowed):
        world.do("incident.retry", "maria", incident_id=instance)


def test_completing_a_task_takes_few_statements(world):
    inner = user_task("f", candidateGroups="Sales")
    drawing = Drawing("p").start().end()
    drawing.node("userTask", "ask", inner, name="Ask").node("userTask", "next", inner, name="Next")
    world.deploy(drawing.path("start", "ask", "next", "end"), form("f", {"key": "answer"}))
    world.start("p")
    task = world.task("Ask")
    with world.counting() as statements:
        world.do("task.complete", "anna", task_id=task, data={"answer": "x"})
    assert len(statements) == 5, "\n".join(statements)


def test_the_server_keeps_its_plans_when_tasks_are_completed(world):
    world.deploy(one_task())
    start_and_complete(world, 15)
    before = plans_made(world)
    start_and_complete(world, 5)
    after = plans_made(world)
    used = [name for name in after if after[name] != before.get(name)]
    assert len(used) >= 4
    assert all(after[name].custom_plans == before[name].custom_plans for name in used), after


def start_and_complete(world, times):
    for _ in range(times):
        world.start("p")
        world.do("task.complete", "anna", task_id=world.task("Ask"))


def plans_made(world):
    """Return how often the server made a plan for each of some statements, or used a kept one."""
    rows = world.sql(
        "SELECT name, statement, generic_plans, custom_plans FROM pg_prepared_statements "
        "WHERE statement ~ 'WITH step AS|WITH wanted AS|INTO audit_entries|SELECT key FROM'"
    )
    return {row.name: row for row in rows}


def deciding(*rules: tuple[str, str]) -> tuple[Drawing, tuple[str, str]]:
    drawing = Drawing("p").start().end()
    called = extension('<zeebe:calledDecision decisionId="rate" resultVariable="rate"/>')
    drawing.node("businessRuleTask", "rule", called).path("start", "rule", "end")
    return drawing, table("rate", *rules)


def test_the_reasons_are_kept_in_history_when_a_decision_answers_nothing(world):
    world.deploy(*deciding(("&gt; 10", "amount + name")))
    instance = world.start("p", amount=20, name="x")
    (row,) = [row for row in world.rows(HistoryEntry) if row.kind == "warned"]
    assert (row.element_id, world.state(instance)) == ("rule", "completed")
    assert "amount + name" in row.details["message"]
    assert world.rows(Incident) == []


def test_nothing_is_told_when_a_rule_of_a_decision_says_null(world):
    world.deploy(*deciding(("&gt; 10", "null")))
    world.start("p", amount=20)
    assert [row for row in world.rows(HistoryEntry) if row.kind == "warned"] == []


def test_the_reasons_are_kept_when_several_rules_of_a_decision_fit(world):
    world.deploy(*deciding(("&gt; 10", '"high"'), ("&gt; least", '"higher"')))
    world.start("p", amount=20, least=15)
    (row,) = [row for row in world.rows(HistoryEntry) if row.kind == "warned"]
    assert "rate" in row.details["message"]
