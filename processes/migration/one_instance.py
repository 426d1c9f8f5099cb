"""Taking one instance over to another version of its process, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, text

from processes.deploying.definitions import Definition, get_definition
from processes.engine import EngineError, Execution, MigrationBlocked, migrate, plan_migration
from processes.engine.changes import Change, UserTaskOpened
from processes.engine.errors import Blocker
from processes.events.buffer import receive_buffered
from processes.running.element_names import name_of
from processes.running.history import Row
from processes.running.host import host_for
from processes.running.instance_tables import (
    ProcessInstance,
    QueueEntry,
    TaskState,
    WorkItem,
    table_of,
)
from processes.running.projection import Projection, Waiting, queue_rows
from processes.running.runtime import facts_of, open_execution, save_execution
from services.database import to_json_text
from services.errors import Invalid
from services.unit_of_work import UnitOfWork

# One round trip for all that waits: a run takes over thousands.
_RENAME = text(
    """
    WITH moved AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(CAST(:moved AS jsonb))
        AS m(token text, element text, name text)),
    tasks AS (
      UPDATE work_items AS w
      SET version_id = :version,
          element_id = coalesce((SELECT element FROM moved WHERE token = w.token_id), element_id)
      WHERE w.instance_id = :instance AND w.state = 'open'),
    failed AS (
      UPDATE incidents AS i
      SET version_id = :version,
          element_id = coalesce((SELECT element FROM moved WHERE token = i.token_id), element_id),
          element_name = coalesce((SELECT name FROM moved WHERE token = i.token_id), element_name)
      WHERE i.instance_id = :instance AND i.resolved_at IS NULL),
    due AS (
      UPDATE timers AS t SET element_id = m.element FROM moved AS m
      WHERE t.instance_id = :instance AND t.token_id = m.token),
    awaited AS (
      UPDATE subscriptions AS s SET element_id = m.element FROM moved AS m
      WHERE s.instance_id = :instance AND s.token_id = m.token),
    deferred AS (
      UPDATE step_jobs AS j SET element_id = m.element FROM moved AS m
      WHERE j.instance_id = :instance AND j.token_id = m.token)
    UPDATE pending_calls AS c SET element_id = m.element FROM moved AS m
    WHERE c.instance_id = :instance AND c.token_id = m.token
    """
)
_GIVEN_ANEW = ("name", "form_id", "candidate_groups", "candidate_users", "priority", "rank")


def check_mapping(old: Definition, new: Definition, mapping: Mapping[str, str]) -> list[str]:
    """Return the elements of the old version that nothing takes the place of.

    Raises:
        Invalid: The versions are of different processes or records, or the mapping names what
            is not there.
    """
    if old.key != new.key or old.id == new.id:
        message = "Choose another version of the same process."
        raise Invalid(message, {"target_version_id": [message]})
    if old.record_type != new.record_type:
        message = "The other version is about another kind of record."
        raise Invalid(message, {"target_version_id": [message]})
    try:
        return plan_migration(old.spec, new.spec, mapping).unmapped
    except EngineError as error:
        raise Invalid(str(error), {"mapping": [str(error)]}) from error


def take_over(
    uow: UnitOfWork,
    instance: ProcessInstance,
    target: Definition,
    mapping: Mapping[str, str],
    note: Row,
) -> list[str]:
    """Let an instance go on in another version; it stays suspended if it is.

    Args:
        uow: Of whoever migrates.
        instance: Locked, running.
        target: The version.
        mapping: By hand: old to new element ids; the rest by itself.
        note: The row of history that tells of it.

    Returns:
        The elements of the old version at which it stood.

    Raises:
        MigrationBlocked: It stands where the versions do not go together.
    """
    source = get_definition(uow, instance.version_id)
    before = open_execution(uow, instance, even_suspended=True).tokens()
    host = host_for(uow, target, facts_of(instance))
    execution = migrate(source.spec, target.spec, instance.snapshot, host, mapping)
    receive_buffered(uow, instance, execution)
    instance.version_id = target.id
    uow.session.flush()
    open_tasks = _open_tasks(uow, instance)
    again, changes = _split(execution.changes, open_tasks)
    _rename(uow, instance, {one.token_id: one.element_id for one in before}, execution, target)
    save_execution(uow, instance, target, execution, [note], changes=changes)
    _renew_tasks(uow, Projection(uow, instance, target), again, open_tasks)
    return sorted({one.element_id for one in before if one.process_id == source.key})


def way_back(
    source: Definition, target: Definition, mapping: Mapping[str, str], places: Iterable[str]
) -> dict[str, str]:
    """Return the mapping by which an instance returns to the version that it came from.

    Where several old elements became one, it goes back to the one at which it stood.

    Args:
        source: The version that it came from.
        target: The version that it is on.
        mapping: By which it came.
        places: The old elements at which it stood.

    Raises:
        MigrationBlocked: It stood at several elements that became one.
    """
    there = set(places)
    origins: dict[str, list[str]] = {}
    for old, new in plan_migration(source.spec, target.spec, mapping).mapping.items():
        origins.setdefault(new, []).append(old)
    found: dict[str, str] = {}
    for new, candidates in origins.items():
        stood_at = [old for old in candidates if old in there]
        if len(stood_at) > 1:
            names = " and ".join(stood_at)
            raise MigrationBlocked([Blocker(new, f"It stood at {names}, which became one.")])
        old = (stood_at or ([new] if new in candidates else candidates))[0]
        if old != new:
            found[new] = old
    return found


def _open_tasks(uow: UnitOfWork, instance: ProcessInstance) -> dict[str, WorkItem]:
    statement = select(WorkItem).where(
        WorkItem.instance_id == instance.id, WorkItem.state == TaskState.OPEN
    )
    found = uow.session.scalars(statement.execution_options(populate_existing=True))
    return {task.token_id: task for task in found}


def _split(
    changes: Iterable[Change], open_tasks: Mapping[str, WorkItem]
) -> tuple[dict[str, UserTaskOpened], list[Change]]:
    """Return the tasks that stay open under other terms, and all other changes."""
    again: dict[str, UserTaskOpened] = {}
    others: list[Change] = []
    for change in changes:
        if isinstance(change, UserTaskOpened) and change.token_id in open_tasks:
            again[change.token_id] = change
        else:
            others.append(change)
    return again, others


def _rename(
    uow: UnitOfWork,
    instance: ProcessInstance,
    before: Mapping[str, str],
    execution: Execution,
    target: Definition,
) -> None:
    """Let what waits refer to the new version and its elements."""
    moved = [
        {
            "token": token.token_id,
            "element": token.element_id,
            "name": name_of(target.process, token.element_id),
        }
        for token in execution.tokens()
        if before.get(token.token_id, token.element_id) != token.element_id
    ]
    uow.session.execute(
        _RENAME,
        {"moved": to_json_text(moved), "instance": instance.id, "version": target.id},
    )


def _renew_tasks(
    uow: UnitOfWork,
    projection: Projection,
    again: Mapping[str, UserTaskOpened],
    open_tasks: Mapping[str, WorkItem],
) -> None:
    """Give open tasks the name, form and assignment of the new version.

    Who has a task keeps it, unless the new version names somebody.
    """
    if not again:
        return
    rows, _ = projection.task_rows(Waiting(opened_tasks=dict(again)))
    for row in rows.opened:
        task = open_tasks[row["token_id"]]
        uow.session.refresh(task)
        for name in _GIVEN_ANEW:
            setattr(task, name, row[name])
        task.assignee_id = row["assignee_id"] or task.assignee_id
    uow.session.flush()
    _queue_anew(uow, [open_tasks[row["token_id"]] for row in rows.opened])


def _queue_anew(uow: UnitOfWork, tasks: list[WorkItem]) -> None:
    queues = table_of(QueueEntry)
    keys = [task.id for task in tasks]
    uow.session.execute(delete(queues).where(queues.c.work_item_id.in_(keys)))
    names = ("id", "assignee_id", "sort_due_at", "rank", "candidate_groups", "candidate_users")
    entries: list[dict[str, Any]] = [
        entry
        for task in tasks
        for entry in queue_rows({name: getattr(task, name) for name in names})
    ]
    if entries:
        uow.session.execute(insert(queues), entries)
