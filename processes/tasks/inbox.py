"""The tasks that wait for a person: lists, counts, one task with its form, the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from processes.paging import COUNT_CAP, Cursor, check_limit, cut, decode_cursor
from processes.running.instance_tables import IS_OPEN, TaskState, WorkItem
from processes.tasks.forms import TaskForm, open_form
from processes.tasks.items import TaskItem, TaskPage, present_tasks
from processes.tasks.queries import (
    Reading,
    count_statement,
    filter_conditions,
    my_queues,
    page_statement,
    sorted_by,
)
from processes.tasks.rights import get_visible, visibility
from services.errors import Conflict, Invalid
from services.records.types import get_record
from services.statements import Statement
from services.unit_of_work import UnitOfWork

VIEWS = ("mine", "groups", "all")

# The head of my own tasks, else the head of my queues: each the first row of an index. As the
# result of a subquery the list can't be estimated by its length, so the server keeps its plan.
_NEXT = Statement(
    """
    SELECT key FROM (
      (SELECT id AS key, 0 AS place FROM work_items
       WHERE state = 'open' AND assignee_id = %(me)s AND id IS DISTINCT FROM %(after)s
       ORDER BY sort_due_at, id LIMIT 1)
      UNION ALL
      (SELECT head.key, 1 FROM unnest((SELECT %(queues)s::uuid[])) AS q(id)
       CROSS JOIN LATERAL (
         SELECT work_item_id AS key, sort_due_at FROM queue_entries
         WHERE queue_id = q.id AND work_item_id IS DISTINCT FROM %(after)s
         ORDER BY sort_due_at, work_item_id LIMIT 1) AS head
       ORDER BY head.sort_due_at, head.key LIMIT 1)) AS either
    ORDER BY place LIMIT 1
    """
)


def list_tasks(
    uow: UnitOfWork,
    *,
    view: str = "mine",
    filters: Mapping[str, str] | None = None,
    sort: str = "due",
    cursor: str | None = None,
    limit: int = 50,
) -> TaskPage:
    """Return a page of open tasks.

    Args:
        uow: Of whoever looks.
        view: ``mine`` (I have them), ``groups`` (nobody has them and I may take them) or
            ``all`` (every task that I see).
        filters: By ``process`` (key), ``record_type``, ``record_id``, ``assignee`` (user id),
            ``group`` (id), ``due`` (``overdue``, ``today``, ``week``, ``none``), ``name``.
        sort: ``due``, ``created`` or ``priority``; with ``-`` in front the other way round.
        cursor: From the page before or after.
        limit: 1 to 200.

    Raises:
        Invalid: There is no such view, filter, sort or page.
    """
    if view not in VIEWS:
        raise Invalid("There is no such view.", {"view": ["Use mine, groups or all."]})
    reading = Reading(
        view=view,
        conditions=filter_conditions(uow, filters or {}),
        order=sorted_by(sort),
        cursor=decode_cursor(cursor) if cursor else None,
        limit=check_limit(limit),
    )
    rows = uow.session.scalars(page_statement(uow, reading)).all()
    page, first, last = cut(rows, limit, reading.cursor)
    total = uow.session.scalar(count_statement(uow, reading)) or 0
    return TaskPage(
        items=present_tasks(uow, page),
        previous_cursor=_cursor(reading, first, is_backward=True),
        next_cursor=_cursor(reading, last, is_backward=False),
        total=min(total, COUNT_CAP),
        total_is_capped=total > COUNT_CAP,
    )


def count_tasks(uow: UnitOfWork) -> dict[str, int]:
    """Return how many open tasks wait for me: ``mine`` and ``groups``, each up to 1,001."""
    order = sorted_by("due")
    mine, groups = (
        count_statement(uow, Reading(view, [], order, None, 1)) for view in ("mine", "groups")
    )
    row = uow.session.execute(
        select(mine.scalar_subquery().label("mine"), groups.scalar_subquery().label("groups"))
    ).one()
    return {"mine": row.mine or 0, "groups": row.groups or 0}


def get_task(uow: UnitOfWork, task_id: UUID) -> TaskItem:
    """Return a task that the actor sees, open or not.

    Raises:
        NotFound: There is none, or the actor does not see it.
    """
    return present_tasks(uow, [get_visible(uow, task_id)])[0]


def task_form(uow: UnitOfWork, task: TaskItem | WorkItem) -> TaskForm:
    """Return the form of an open task, filled with what the record and the process hold now.

    Raises:
        NotFound: The actor does not see the task.
        Conflict: It is not open any more.
    """
    row = get_visible(uow, task.id)
    if row.state != TaskState.OPEN:
        raise Conflict("This task is not open any more.")
    return open_form(uow, row)


def next_task(uow: UnitOfWork, after: UUID | None = None) -> TaskItem | None:
    """Return the task to go on with: my most urgent one, else the one of my groups.

    Args:
        uow: Of whoever works.
        after: A task that is passed over (the one just looked at).
    """
    key = next_task_id(uow, after)
    return None if key is None else get_task(uow, key)


def next_task_id(uow: UnitOfWork, after: UUID | None = None) -> UUID | None:
    """Return the key of ``next_task``, in one statement."""
    queues = my_queues(uow)
    if not queues:
        return None
    rows = _NEXT.rows(uow.session, me=uow.actor.user_id, queues=queues, after=after)
    return rows[0][0] if rows else None


def tasks_of_record(uow: UnitOfWork, record_type: str, record_id: UUID) -> list[TaskItem]:
    """Return the open tasks about a record that the actor sees, oldest first.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    get_record(uow, record_type, record_id)
    statement = (
        select(WorkItem)
        .where(WorkItem.record_id == record_id, IS_OPEN)
        .order_by(WorkItem.id)
        .limit(200)
    )
    if (condition := visibility(uow.actor)) is not None:
        statement = statement.where(condition)
    return present_tasks(uow, uow.session.scalars(statement).all())


def _cursor(reading: Reading, task: Any | None, *, is_backward: bool) -> str | None:
    if task is None:
        return None
    column = reading.order.column
    value = getattr(task, column) if column else None
    return Cursor(is_backward, value, task.id).encode()
