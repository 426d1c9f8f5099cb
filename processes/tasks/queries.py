"""The statements behind the inbox: each page is a scan of one index, however many tasks wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, false, func, literal, select, tuple_
from sqlalchemy import column as sql_column

from processes.paging import COUNT_CAP, Cursor, Statement
from processes.running.instance_tables import IS_OPEN, NEVER, QueueEntry, WorkItem
from processes.tasks.rights import visibility
from services.days import local_now
from services.errors import Invalid
from services.unit_of_work import UnitOfWork

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Order:
    """How a list is sorted.

    Attributes:
        column: The sorted column; None to sort by age alone (keys sort by age).
    """

    column: str | None
    is_descending: bool


@dataclass(frozen=True)
class Reading:
    """What is to be read: which view of the tasks, narrowed, sorted, from where, how many."""

    view: str
    conditions: Sequence[Condition]
    order: Order
    cursor: Cursor | None
    limit: int


_SORTS = {"due": "sort_due_at", "created": None, "priority": "rank"}
_DUE = ("overdue", "today", "week", "none")


def sorted_by(sort: str) -> Order:
    """Return the order called ``sort``.

    Raises:
        Invalid: There is none.
    """
    name = sort.removeprefix("-")
    if name not in _SORTS:
        raise Invalid("There is no such order.", {"sort": [f"Use one of {', '.join(_SORTS)}."]})
    return Order(_SORTS[name], sort.startswith("-"))


def my_queues(uow: UnitOfWork) -> list[UUID]:
    """Return the queues that the actor takes tasks from: its groups and its own."""
    own = [] if uow.actor.user_id is None else [uow.actor.user_id]
    return [*sorted(uow.actor.group_ids), *own]


def page_statement(uow: UnitOfWork, reading: Reading) -> Statement:
    """Return the statement for one row more than a page, in the order of reading."""
    page = key_statement(uow, reading).limit(reading.limit + 1).subquery()
    return (
        select(WorkItem)
        .join(page, page.c.key == WorkItem.id)
        .order_by(*_directed(reading, [page.c.sorted, page.c.key]))
    )


def key_statement(uow: UnitOfWork, reading: Reading) -> Statement:
    """Return the statement for the tasks' keys (``key``) in the order of reading."""
    return _queued(uow, reading) if reading.view == "groups" else _listed(uow, reading)


def count_statement(uow: UnitOfWork, reading: Reading) -> Statement:
    """Return the statement that counts all pages' rows, up to one more than the cap."""
    whole = Reading(reading.view, reading.conditions, reading.order, None, COUNT_CAP)
    if reading.view == "groups":
        rows: Statement = (
            _queued(uow, whole).with_only_columns(sql_column("key")).order_by(None).distinct()
        )
    else:
        rows = _listed(uow, whole).with_only_columns(WorkItem.id).order_by(None)
    return select(func.count()).select_from(rows.limit(COUNT_CAP + 1).subquery())


def filter_conditions(uow: UnitOfWork, filters: Mapping[str, str]) -> list[Condition]:
    """Return the conditions that ``filters`` name; empty values are passed over.

    Raises:
        Invalid: A name or a value is unknown.
    """
    return [_condition(uow, name, value) for name, value in filters.items() if value]


def _condition(uow: UnitOfWork, name: str, value: str) -> Condition:
    match name:
        case "process":
            return WorkItem.process_key == value
        case "record_type":
            return WorkItem.record_type == value
        case "record_id":
            return WorkItem.record_id == _key(name, value)
        case "assignee":
            return WorkItem.assignee_id == _key(name, value)
        case "group":
            return WorkItem.candidate_groups.contains([_key(name, value)])
        case "name":
            return WorkItem.name.icontains(value, autoescape=True)
        case "due":
            return _due(uow, value)
        case _:
            raise Invalid("There is no such filter.", {name: ["This can't be filtered by."]})


def _due(uow: UnitOfWork, value: str) -> Condition:
    local = local_now(uow)
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    match value:
        case "overdue":
            return WorkItem.sort_due_at < uow.now
        case "today":
            return WorkItem.sort_due_at < midnight + timedelta(days=1)
        case "week":
            return WorkItem.sort_due_at < midnight + timedelta(days=7)
        case "none":
            return WorkItem.sort_due_at == NEVER
        case _:
            raise Invalid("Please check the filters.", {"due": [f"Use one of {', '.join(_DUE)}."]})


def _key(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid("Please check the filters.", {name: ["This is no key."]}) from None


def _listed(uow: UnitOfWork, reading: Reading) -> Statement:
    """Return the keys of the view ``mine`` or ``all``, straight from the tasks."""
    sort = getattr(WorkItem, reading.order.column) if reading.order.column else WorkItem.id
    statement = select(WorkItem.id.label("key"), sort.label("sorted")).where(
        IS_OPEN, *reading.conditions
    )
    if reading.view == "mine":
        # The public and processes have no tasks; comparing with null finds none.
        statement = statement.where(WorkItem.assignee_id == uow.actor.user_id)
    elif (condition := visibility(uow.actor)) is not None:
        statement = statement.where(condition)
    return _ordered(statement, reading, sort, WorkItem.id)


def _queued(uow: UnitOfWork, reading: Reading) -> Statement:
    """Return the keys of my queues: the head of each is read in order, then they are merged."""
    queues = my_queues(uow)
    if not queues:
        nothing: Statement = select(WorkItem.id.label("key"), WorkItem.id.label("sorted"))
        return nothing.where(false())
    unnested = func.unnest(literal(queues, ARRAY(Uuid)))
    heads = unnested.table_valued(sql_column("queue_id", Uuid), name="queues").render_derived()
    entry_sort = getattr(QueueEntry, reading.order.column or "work_item_id")
    head = select(QueueEntry.work_item_id.label("key"), entry_sort.label("sorted")).where(
        QueueEntry.queue_id == heads.c.queue_id
    )
    if reading.conditions:
        head = head.join(WorkItem, WorkItem.id == QueueEntry.work_item_id)
        head = head.where(*reading.conditions)
    head = _ordered(head, reading, entry_sort, QueueEntry.work_item_id).limit(reading.limit + 1)
    merged = head.lateral("head")
    statement = select(merged.c.key, merged.c.sorted).select_from(heads.join(merged, literal(True)))  # noqa: FBT003 - SQL's ON TRUE
    # A task may stand in several of my queues.
    return statement.distinct().order_by(*_directed(reading, [merged.c.sorted, merged.c.key]))


def _ordered(statement: Statement, reading: Reading, sort: Any, key: Any) -> Statement:
    """Sort by the column, then the key, and begin where the cursor stands."""
    columns = [sort, key] if reading.order.column else [key]
    if reading.cursor is not None:
        cursor = reading.cursor
        place = [cursor.value, cursor.key] if reading.order.column else [cursor.key]
        here, there = tuple_(*columns), tuple_(*(literal(value) for value in place))
        statement = statement.where(here < there if _is_downwards(reading) else here > there)
    return statement.order_by(*_directed(reading, columns))


def _directed(reading: Reading, columns: Sequence[Any]) -> list[Any]:
    return [column.desc() if _is_downwards(reading) else column.asc() for column in columns]


def _is_downwards(reading: Reading) -> bool:
    is_backward = reading.cursor is not None and reading.cursor.is_backward
    return reading.order.is_descending != is_backward
