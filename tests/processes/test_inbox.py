"""Lists of tasks: views, filters, order, pages, counts."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from processes.running.instance_tables import QueueEntry, WorkItem, table_of
from processes.tasks.inbox import count_tasks, list_tasks, tasks_of_record
from services.database import new_id
from services.errors import Invalid, NotFound
from services.essentials import seed_essentials
from services.operations import run
from tests.engine.models import Drawing
from tests.processes.world import one_task, user_task, with_properties


@pytest.fixture
def crowd(world):
    """Thirty tasks in the queue of Sales, due and urgent in different orders; ten are Anna's."""
    world.deploy(one_task())
    world.start("p")
    (first,) = world.rows(WorkItem)
    start = first.created_at

    def work(uow):
        base = {one.name: getattr(first, one.name) for one in table_of(WorkItem).columns}
        sales, anna = world.groups["Sales"], world.people["anna"].user_id
        for number in range(30):
            due = start + timedelta(hours=(number * 7) % 30)
            row = base | {
                "id": new_id(),
                "token_id": f"t{number}",
                "name": f"Task {number}",
                "assignee_id": anna if number % 3 == 0 else None,
                "due_at": due,
                "sort_due_at": due,
                "priority": number % 4,
                "rank": -(number % 4),
            }
            uow.session.execute(insert(WorkItem).values(**row))
            if number % 3:
                entry = {name: row[name] for name in ("sort_due_at", "rank")}
                uow.session.execute(
                    insert(QueueEntry).values(queue_id=sales, work_item_id=row["id"], **entry)
                )

    world.ask(work)
    return world


def walk(world, actor, **settings):
    """Return all tasks, page by page, forwards; and check that going back shows the same."""
    pages, cursor = [], None
    while True:
        page = world.ask(list_tasks, actor=actor, cursor=cursor, limit=7, **settings)
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    back = pages[-1].previous_cursor
    for expected in reversed(pages[:-1]):
        page = world.ask(list_tasks, actor=actor, cursor=back, limit=7, **settings)
        assert page.items == expected.items
        back = page.previous_cursor
    assert back is None
    return [task for page in pages for task in page.items]


@pytest.mark.parametrize("sort", ["due", "-due", "created", "-created", "priority", "-priority"])
@pytest.mark.parametrize("view", ["mine", "groups", "all"])
def test_pages_show_every_task_once_in_order(crowd, view, sort):
    tasks = walk(crowd, "anna", view=view, sort=sort)
    assert len(tasks) == {"mine": 10, "groups": 21, "all": 31}[view]
    assert len({task.id for task in tasks}) == len(tasks)
    keys = {
        "due": lambda task: (task.due_at is None, task.due_at, task.id),
        "created": lambda task: task.id,
        "priority": lambda task: (-task.priority, task.id),
    }
    name = sort.removeprefix("-")
    assert tasks == sorted(tasks, key=keys[name], reverse=sort.startswith("-"))


def test_a_task_in_two_of_my_queues_is_shown_once(world):
    world.deploy(one_task(inner=user_task(candidateGroups="Sales, Managers")))
    world.start("p")
    page = world.ask(list_tasks, actor="maria", view="groups")
    assert (len(page.items), page.total) == (1, 1)
    assert page.items[0].candidate_groups == ("Sales", "Managers")


def test_counts_are_mine_and_my_groups(crowd):
    assert crowd.ask(count_tasks, actor="anna") == {"mine": 10, "groups": 21}
    assert crowd.ask(count_tasks, actor="boris") == {"mine": 0, "groups": 21}
    assert crowd.ask(count_tasks, actor="sven") == {"mine": 0, "groups": 0}
    assert crowd.ask(count_tasks, actor="ada") == {"mine": 0, "groups": 0}


def test_filters_narrow_every_view(crowd):
    def named(**filters):
        return {task.name for task in crowd.tasks("anna", "groups", filters=filters, limit=200)}

    assert named(name="task 1") == {f"Task {n}" for n in (1, 10, 11, 13, 14, 16, 17, 19)}
    assert named(process="q") == set()
    assert named(due="none") == {"Ask"}
    assert named(due="today") == {f"Task {n}" for n in range(30) if n % 3 and (n * 7) % 30 < 15}
    assert len(named(group=str(crowd.groups["Sales"]))) == 21
    anna = str(crowd.people["anna"].user_id)
    assert len(crowd.tasks("anna", "all", filters={"assignee": anna})) == 10


@pytest.mark.parametrize(
    "asked",
    [
        {"view": "others"},
        {"sort": "colour"},
        {"filters": {"colour": "red"}},
        {"filters": {"due": "later"}},
        {"filters": {"record_id": "x"}},
        {"cursor": "nonsense"},
        {"cursor": "e30"},
        {"limit": 0},
        {"limit": 1000},
    ],
)
def test_what_a_list_does_not_have_is_refused(world, asked):
    with pytest.raises(Invalid):
        world.ask(list_tasks, actor="anna", **asked)


def test_a_list_takes_the_same_few_statements_for_any_number_of_tasks(crowd):
    with crowd.counting() as few:
        crowd.ask(list_tasks, actor="anna", view="groups", limit=2)
    with crowd.counting() as many:
        crowd.ask(list_tasks, actor="anna", view="groups", limit=200)
    assert len(few) == len(many) <= 6


def test_a_record_shows_its_open_tasks_to_those_whom_they_concern(world):
    drawing = with_properties(Drawing("p"), "deal").start().end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    world.deploy(drawing.path("start", "ask", "end"))
    account = world.do("account.create", name="Acme")
    contact = world.do("lead.create", name="Ann")
    deal = world.ask(lambda uow: _add_deal(uow, account.id))
    world.start("p", deal)
    (task,) = world.ask(tasks_of_record, "deal", deal, actor="maria")
    assert (task.record_title, task.customer, task.amount) == ("Windows", "Acme", 1200)
    assert (task.stage, task.process_name) == ("New", "p")
    with pytest.raises(NotFound):
        world.ask(tasks_of_record, "deal", deal, actor="sven")
    assert world.ask(tasks_of_record, "lead", contact.id, actor="maria") == []


def _add_deal(uow, account_id):
    seed_essentials(uow)
    deal = run(
        uow, "deal.create", {"name": "Windows", "account_id": account_id, "amount": "1200.00"}
    )
    return deal.id
