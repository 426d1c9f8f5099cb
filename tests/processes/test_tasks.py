"""What people do with tasks, who may, and what happens when two do it at once."""

import threading

import pytest

from processes.running.instance_tables import QueueEntry
from processes.tasks.explaining import explain_tasks
from processes.tasks.inbox import get_task, next_task, task_form
from processes.tasks.rights import get_visible
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.essentials import seed_essentials
from services.operations import run
from services.people.model import User
from services.records.timeline import timeline_of
from tests.engine.models import Drawing, extension
from tests.processes.world import form, one_task, user_task, with_properties


def lead_process(*fields: dict, **assignment: str) -> tuple[Drawing, tuple[str, str]]:
    inner = user_task("f", **(assignment or {"candidateGroups": "Sales"}))
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.node("userTask", "ask", inner, name="Ask").path("start", "ask", "end")
    return drawing, form("f", *fields)


def race(*works) -> list[object]:
    """Run each work in a thread, as nearly at once as can be, and return results or errors."""
    ready = threading.Barrier(len(works))
    outcomes: list[object] = [None] * len(works)

    def run(place, work):
        ready.wait()
        try:
            outcomes[place] = work()
        except Conflict as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_one_wins_and_the_other_is_told_who_when_two_complete_at_once(world):
    world.deploy(one_task())
    for _ in range(10):
        world.start("p")
        task = world.task("Ask")
        outcomes = race(
            lambda task=task: world.do("task.complete", "anna", task_id=task),
            lambda task=task: world.do("task.complete", "boris", task_id=task),
        )
        (lost,) = [one for one in outcomes if isinstance(one, Conflict)]
        winner = "Boris Demir" if outcomes[0] is lost else "Anna Berg"
        assert lost.message == f"{winner} completed this task a moment ago."


def test_one_wins_when_two_claim_at_once(world):
    world.deploy(one_task())
    for _ in range(10):
        world.start("p")
        task = world.task("Ask")
        outcomes = race(
            lambda task=task: world.do("task.claim", "anna", task_id=task),
            lambda task=task: world.do("task.claim", "boris", task_id=task),
        )
        assert sum(isinstance(one, Conflict) for one in outcomes) == 1
        world.do(
            "task.complete", "anna" if isinstance(outcomes[1], Conflict) else "boris", task_id=task
        )


def test_a_claimed_task_leaves_the_queue_and_comes_back_when_given_back(world):
    world.deploy(one_task())
    world.start("p")
    task = world.task("Ask")
    world.do("task.claim", "anna", task_id=task)
    assert [one.id for one in world.tasks("anna", "mine")] == [task]
    assert world.tasks("boris", "groups") == []
    with pytest.raises(Conflict) as conflict:
        world.do("task.claim", "boris", task_id=task)
    assert conflict.value.message == "Anna Berg has taken this task."
    with pytest.raises(Conflict):
        world.do("task.complete", "boris", task_id=task)
    with pytest.raises(NotAllowed):
        world.do("task.unclaim", "boris", task_id=task)
    world.do("task.unclaim", "anna", task_id=task)
    assert [one.id for one in world.tasks("boris", "groups")] == [task]


def test_claiming_twice_by_the_same_person_changes_nothing(world):
    world.deploy(one_task())
    world.start("p")
    task = world.task("Ask")
    first = world.do("task.claim", "anna", task_id=task)
    assert world.do("task.claim", "anna", task_id=task) == first


def test_a_task_that_was_read_shows_who_has_it_when_it_is_taken_after_that(world):
    world.deploy(one_task())
    world.start("p")
    key, anna = world.task("Ask"), world.people["anna"]

    def work(uow):
        seen = get_visible(uow, key)
        before = seen.assignee_id
        run(uow, "task.claim", {"task_id": str(key)})
        taken = seen.assignee_id
        run(uow, "task.complete", {"task_id": str(key), "data": {}})
        return before, taken, seen.state

    assert world.platform.transact(anna, work) == (None, anna.user_id, "completed")


def test_a_task_is_not_found_by_those_whom_it_does_not_concern(world):
    world.deploy(one_task())
    world.start("p")
    task = world.task("Ask")
    for operation in ("task.claim", "task.complete", "task.unclaim"):
        with pytest.raises(NotFound):
            world.do(operation, "sven", task_id=task)
    with pytest.raises(NotFound):
        world.ask(get_task, task, actor="sven")
    with pytest.raises(NotFound):
        world.ask(get_task, task, actor="ada")
    assert world.ask(get_task, task, actor="olga").may_complete is False


def test_who_sees_all_records_sees_their_tasks_but_may_not_do_those_of_others(world):
    drawing, fields = lead_process(candidateGroups="Service")
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)
    task = world.task("Ask", "maria")
    for operation in ("task.claim", "task.complete"):
        with pytest.raises(NotAllowed):
            world.do(operation, "maria", task_id=task)


def test_an_administrator_hands_a_task_to_a_person_or_back_to_the_queue(world):
    world.deploy(one_task())
    world.start("p")
    task = world.task("Ask")
    sven = world.people["sven"].user_id
    with pytest.raises(NotAllowed):
        world.do("task.assign", "anna", task_id=task, user_id=sven)
    world.do("task.assign", "olga", task_id=task, user_id=sven)
    assert [one.assignee_name for one in world.tasks("sven", "mine")] == ["Sven Aydin"]
    assert world.tasks("anna", "groups") == []
    world.do("task.assign", "olga", task_id=task, user_id=None)
    assert len(world.tasks("anna", "groups")) == 1
    with pytest.raises(Invalid):
        world.do("task.assign", "olga", task_id=task, user_id=task)


def test_all_tasks_go_back_to_their_queues_when_they_are_handed_over_to_nobody(world):
    world.deploy(one_task(), one_task("q", inner=user_task(assignee="Anna Berg"), name="Mine"))
    world.start("p")
    world.start("q")
    anna = world.people["anna"].user_id
    world.do("task.claim", "anna", task_id=world.task("Ask"))
    with pytest.raises(NotAllowed):
        world.do("task.hand_over", "boris", from_id=anna, to_id=None)
    told = world.do("task.hand_over", "olga", from_id=anna, to_id=None)
    assert told == {"given": 1, "left": 1}
    assert [task.name for task in world.tasks("boris", "groups")] == ["Ask"]


def test_tasks_are_handed_over_to_nobody_who_is_not_there(world):
    world.deploy(one_task())
    world.start("p")
    anna = world.people["anna"].user_id
    with pytest.raises(Invalid):
        world.do("task.hand_over", "olga", from_id=anna, to_id=world.task("Ask"))


@pytest.mark.parametrize(
    ("written", "seen_by", "view"),
    [
        ({"assignee": "anna@lanewise.example"}, "anna", "mine"),
        ({"assignee": "Anna Berg"}, "anna", "mine"),
        ({"assignee": "Sales"}, "boris", "groups"),
        ({"candidateGroups": "Sales, Service"}, "sven", "groups"),
        ({"candidateUsers": "sven@lanewise.example"}, "sven", "groups"),
        ({"assignee": "=who"}, "sven", "mine"),
    ],
)
def test_names_in_a_diagram_find_their_people(world, written, seen_by, view):
    world.deploy(one_task(inner=user_task(**written)))
    world.start("p", who=str(world.people["sven"].user_id))
    assert [task.name for task in world.tasks(seen_by, view)] == ["Ask"]


def test_a_task_for_nobody_known_is_seen_by_administrators(world):
    world.deploy(one_task(inner=user_task(assignee="nobody@lanewise.example")))
    world.start("p")
    assert [task.name for task in world.tasks("olga", "all")] == ["Ask"]
    assert world.rows(QueueEntry) == []


def test_values_are_checked_on_the_server_against_the_form(world):
    must = {"required": True}
    drawing, fields = lead_process({"key": "outcome", "validate": must}, {"key": "lead.email"})
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)
    for data, field in (
        ({}, "outcome"),
        ({"outcome": "x", "other": 1}, "other"),
        ({"outcome": "x", "lead": {"owner_id": "1"}}, "lead.owner_id"),
        ({"outcome": "x", "lead": {"email": "no address"}}, "lead.email"),
    ):
        with pytest.raises(Invalid) as invalid:
            world.complete("Ask", "maria", **data)
        assert list(invalid.value.fields) == [field]
    assert world.work_item("Ask").state == "open"


def test_a_task_without_a_form_takes_no_values(world):
    world.deploy(one_task())
    world.start("p")
    with pytest.raises(Invalid):
        world.complete("Ask", "anna", sneaked="in")


def test_a_record_changed_meanwhile_is_a_conflict_when_the_form_writes_it(world):
    drawing, fields = lead_process({"key": "lead.company"}, {"key": "note"})
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann", company="A")
    world.start("p", lead.id)
    task = world.task("Ask")
    opened = world.ask(lambda uow: task_form(uow, get_task(uow, task)), actor="maria")
    assert opened.data["lead"]["company"] == "A"
    world.do("lead.update", lead_id=lead.id, company="B")
    entered = {"data": {"lead": {"company": "C"}}, "version": opened.version}
    with pytest.raises(Conflict):
        world.do("task.complete", "maria", task_id=task, **entered)
    assert world.row(Lead, lead.id).company == "B"
    unchanged = {"data": {"lead": {"company": "B"}}, "version": opened.version}
    world.do("task.complete", "maria", task_id=task, **unchanged)


def test_the_form_shows_variables_and_the_tasks_inputs(world):
    given = '<zeebe:ioMapping><zeebe:input source="=1 + 1" target="local"/></zeebe:ioMapping>'
    inner = extension(
        '<zeebe:formDefinition formId="f"/>'
        f'<zeebe:assignmentDefinition candidateGroups="Sales"/>{given}'
    )
    world.deploy(one_task(inner=inner), form("f", {"key": "known"}, {"key": "local"}))
    world.start("p", known="yes")
    task = world.task("Ask")
    opened = world.ask(lambda uow: task_form(uow, get_task(uow, task)), actor="anna")
    assert opened.data == {"known": "yes", "local": 2}


def test_a_task_lets_its_form_write_the_record_when_that_is_out_of_the_persons_scope(world):
    drawing, fields = lead_process({"key": "lead.company"}, candidateGroups="Service")
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)
    with pytest.raises(NotFound):
        world.do("lead.update", "sven", lead_id=lead.id, company="Y")
    world.complete("Ask", "sven", lead={"company": "X"})
    assert world.row(Lead, lead.id).company == "X"


def test_a_task_is_told_as_a_reason_to_those_alone_who_may_work_on_it(world):
    drawing, fields = lead_process({"key": "lead.company"}, candidateGroups="Service")
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)

    def why(who):
        def work(uow):
            return explain_tasks(uow, uow.get(User, world.people[who].user_id), lead)

        return world.ask(work)

    assert why("sven") == ["The task “Ask” waits for Service, to which Sven Aydin belongs."]
    assert why("anna") == []
    world.do("task.claim", "sven", task_id=world.task("Ask"))
    assert why("sven") == ["Sven Aydin has the task “Ask”."]


def test_a_form_links_to_no_record_that_the_person_may_not_see(world):
    drawing = with_properties(one_task(inner=user_task("f", candidateGroups="Service")), "deal")
    world.deploy(drawing, form("f", {"key": "deal.account_id"}))
    world.ask(seed_essentials)
    deal = world.do("deal.create", name="Windows")
    hidden = world.do("account.create", name="Secret")
    world.start("p", deal.id)
    with pytest.raises(Invalid) as invalid:
        world.complete("Ask", "sven", deal={"account_id": str(hidden.id)})
    assert list(invalid.value.fields) == ["deal.account_id"]


def test_completing_leads_to_the_next_task(world):
    world.deploy(one_task())
    for _ in range(2):
        world.start("p")
    first, second = (task.id for task in world.tasks("anna", "groups"))
    assert world.ask(next_task, actor="anna").id == first
    assert world.ask(next_task, first, actor="anna").id == second
    assert world.do("task.complete", "anna", task_id=first)["next_task_id"] == second
    assert world.do("task.complete", "anna", task_id=second)["next_task_id"] is None


def test_my_own_task_comes_before_the_queue(world):
    world.deploy(one_task(), one_task("q", inner=user_task(assignee="Anna Berg"), name="Mine"))
    world.start("p")
    world.start("q")
    assert world.ask(next_task, actor="anna").name == "Mine"


def test_a_completed_task_says_so_when_completed_again(world):
    world.deploy(one_task())
    world.start("p")
    task = world.task("Ask")
    world.do("task.complete", "anna", task_id=task)
    with pytest.raises(Conflict) as conflict:
        world.do("task.complete", "anna", task_id=task)
    assert conflict.value.message == "You have completed this task already."


def test_opening_and_completion_stand_in_the_records_timeline(world):
    drawing, fields = lead_process({"key": "note"}, assignee="anna@lanewise.example")
    world.deploy(drawing, fields)
    lead = world.do("lead.create", name="Ann")
    world.start("p", lead.id)
    world.complete("Ask", "anna", note="x")
    told = [(entry.actor_name, entry.title) for entry in world.ask(timeline_of, "lead", lead.id)]
    assert told[:4] == [
        ("p", "The process p ended."),
        ("Anna Berg", "Anna Berg completed the task Ask."),
        ("p", "The task Ask came up for Anna Berg."),
        ("p", "The process p began."),
    ]


@pytest.mark.parametrize("name", ["lead", "instance"])
def test_a_variable_can_not_hide_what_the_process_is_about_when_it_is_started(world, name):
    world.deploy(*lead_process())
    lead = world.do("lead.create", "anna", name="Kari")
    with pytest.raises(Invalid) as refused:
        world.start("p", lead.id, actor="anna", **{name: {"score": 100}})
    assert "variables" in refused.value.fields


@pytest.mark.parametrize("value", ["x" * 2_000_000, [[]]], ids=["large", "deep"])
def test_variables_are_limited_when_a_process_is_started(world, value):
    world.deploy(one_task())
    for _ in range(400 if value == [[]] else 0):
        value = [value]
    with pytest.raises(Invalid):
        world.start("p", actor="anna", given=value)
