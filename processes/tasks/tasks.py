"""What people do with user tasks: take them, give them back, hand them on, complete them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from processes.running.instance_tables import IS_OPEN, ProcessInstance, TaskState, WorkItem
from processes.running.runtime import carry_out, open_execution
from processes.running.story import tell_completion
from processes.tasks.forms import check_entered, write_record
from processes.tasks.inbox import next_task_id
from processes.tasks.rights import (
    HeldTask,
    forget,
    hold_visible,
    is_candidate,
    lock_with_instance,
    may_work_on,
    visibility,
)
from services.actors import Permission
from services.errors import Conflict, Invalid, NotAllowed
from services.operations import Arguments, operation
from services.people.model import User
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_TAKE = Statement(
    """
    WITH gone AS (DELETE FROM queue_entries WHERE work_item_id = %(task)s)
    UPDATE work_items SET assignee_id = %(user)s, version = version + 1 WHERE id = %(task)s
    RETURNING version
    """
)
_RETURN = Statement(
    """
    WITH given AS (
      UPDATE work_items SET assignee_id = NULL, version = version + 1 WHERE id = %(task)s
      RETURNING id, version, sort_due_at, rank, candidate_groups || candidate_users AS queues),
    queued AS (
      INSERT INTO queue_entries (queue_id, work_item_id, sort_due_at, rank)
      SELECT DISTINCT q.id, given.id, given.sort_due_at, given.rank
      FROM given CROSS JOIN unnest(given.queues) AS q(id)
      ON CONFLICT DO NOTHING)
    SELECT version FROM given
    """
)


class OfTask(Arguments):
    """Arguments of operations on a task."""

    task_id = fields.UUID(required=True, metadata={"title": "Task"})


class AssignTask(OfTask):
    """Arguments of ``task.assign``."""

    user_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"title": "Person", "description": "Nobody in particular if empty"},
    )


class HandOver(Arguments):
    """Arguments of ``task.hand_over``."""

    from_id = fields.UUID(required=True, metadata={"title": "From", "relation": "user"})
    to_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "To",
            "relation": "user",
            "description": "Back to the queues that they came from if empty",
        },
    )


class CompleteTask(OfTask):
    """Arguments of ``task.complete``."""

    data = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"title": "Form", "description": "What was entered, nested by key"},
    )
    version = fields.Integer(
        load_default=None,
        allow_none=True,
        metadata={"title": "Version", "description": "Of the record when the form was opened"},
    )


@operation("task.claim", Permission.TASK_WORK, OfTask)
def claim_task(uow: UnitOfWork, *, task_id: UUID) -> dict[str, Any]:
    """Take a task, so that it leaves the queue.

    Raises:
        Conflict: Somebody else has it, or it is over.
        NotAllowed: The actor is not among those who may take it.
    """
    task = _open_task(uow, task_id)
    if task.assignee_id == uow.actor.user_id:
        return _shown(task)
    if task.assignee_id is not None:
        raise Conflict(f"{_name_of(uow, task.assignee_id)} has taken this task.")
    if not is_candidate(uow.actor, task):
        raise NotAllowed("This task is for others.")
    return _shown(_give(uow, task, uow.actor.user_id))


@operation("task.unclaim", Permission.TASK_WORK, OfTask)
def unclaim_task(uow: UnitOfWork, *, task_id: UUID) -> dict[str, Any]:
    """Give a task back to the queue that it came from.

    Raises:
        Conflict: It is over, or there is no queue that it could go back to.
        NotAllowed: Somebody else has it.
    """
    task = _open_task(uow, task_id)
    if task.assignee_id is None:
        return _shown(task)
    if task.assignee_id != uow.actor.user_id and not uow.actor.may(Permission.TASK_ASSIGN):
        raise NotAllowed("Only who has taken a task may give it back.")
    if not (task.candidate_groups or task.candidate_users):
        raise Conflict("Nobody else could take this task; have it assigned to somebody.")
    return _shown(_give(uow, task, None))


@operation("task.assign", Permission.TASK_ASSIGN, AssignTask)
def assign_task(uow: UnitOfWork, *, task_id: UUID, user_id: UUID | None) -> dict[str, Any]:
    """Hand a task to a person, or to nobody in particular.

    Raises:
        Conflict: It is over.
        Invalid: There is no such active person.
    """
    task = _open_task(uow, task_id)
    _check_person(uow, user_id, "user_id")
    return _shown(_give(uow, task, user_id))


@operation("task.hand_over", Permission.TASK_ASSIGN, HandOver)
def hand_over_tasks(uow: UnitOfWork, *, from_id: UUID, to_id: UUID | None) -> dict[str, int]:
    """Hand all open tasks of somebody to another person, or back to their queues.

    Returns:
        How many were ``given``, and how many are ``left``: those go back to no queue.

    Raises:
        Invalid: There is no such active person.
    """
    _check_person(uow, to_id, "to_id")
    held = select(*(getattr(WorkItem, one.name) for one in fields_of(HeldTask))).where(
        WorkItem.assignee_id == from_id, IS_OPEN
    )
    seen = visibility(uow.actor)
    if seen is not None:
        held = held.where(seen)
    rows = uow.session.execute(held.order_by(WorkItem.id).with_for_update())
    tasks = [HeldTask(*row) for row in rows]
    given = [one for one in tasks if to_id or one.candidate_groups or one.candidate_users]
    for task in given:
        _give(uow, task, to_id)
    return {"given": len(given), "left": len(tasks) - len(given)}


@operation("task.complete", Permission.TASK_WORK, CompleteTask)
def complete_task(
    uow: UnitOfWork, *, task_id: UUID, data: Mapping[str, Any], version: int | None = None
) -> dict[str, Any]:
    """Complete a task with what was entered into its form, and run the process on.

    Record fields of the form are written by the record's own operation, as the person.

    Returns:
        ``{"task_id", "instance_id", "next_task_id"}``; the last is None if nothing waits.

    Raises:
        Conflict: Somebody else completed it, has it, or changed the record meanwhile.
        Invalid: With messages by the form's keys.
        NotAllowed: The actor is not among those who may complete it.
    """
    task, instance = lock_with_instance(uow, task_id)
    _refuse_closed(uow, task)
    if not may_work_on(uow.actor, task):
        if task.assignee_id is not None and is_candidate(uow.actor, task):
            raise Conflict(f"{_name_of(uow, task.assignee_id)} has taken this task.")
        raise NotAllowed("This task is for others.")
    execution = open_execution(uow, instance)
    entered = check_entered(uow, task, execution, data)
    write_record(uow, task, entered.record, version)
    tell_completion(uow, task)
    token = task.token_id
    carry_out(uow, instance, execution, lambda step: step.complete(token, entered.variables))
    forget(uow, WorkItem, task_id)
    forget(uow, ProcessInstance, instance.id)
    return {
        "task_id": task_id,
        "instance_id": instance.id,
        "next_task_id": next_task_id(uow),
    }


def _check_person(uow: UnitOfWork, user_id: UUID | None, name: str) -> None:
    user = None if user_id is None else uow.find(User, user_id)
    if user_id is not None and (user is None or not user.active):
        message = "There is no such person."
        raise Invalid(message, {name: [message]})


def _open_task(uow: UnitOfWork, task_id: UUID) -> HeldTask:
    task = hold_visible(uow, task_id)
    _refuse_closed(uow, task)
    return task


def _refuse_closed(uow: UnitOfWork, task: WorkItem | HeldTask) -> None:
    if task.state == TaskState.CANCELLED:
        raise Conflict("This task is not needed any more; the process went on without it.")
    if task.state != TaskState.COMPLETED:
        return
    if task.ended_by_id is not None and task.ended_by_id == uow.actor.user_id:
        raise Conflict("You have completed this task already.")
    raise Conflict(f"{task.ended_by} completed this task a moment ago.")


def _give(uow: UnitOfWork, task: HeldTask, user_id: UUID | None) -> HeldTask:
    """Set who has the task, and take it out of its queues or put it back."""
    if user_id == task.assignee_id:
        return task
    if user_id is None:
        rows = _RETURN.rows(uow.session, task=task.id)
    else:
        rows = _TAKE.rows(uow.session, task=task.id, user=user_id)
    forget(uow, WorkItem, task.id)
    return replace(task, assignee_id=user_id, version=rows[0][0])


def _name_of(uow: UnitOfWork, user_id: UUID) -> str:
    user = uow.session.get(User, user_id)
    return user.name if user is not None else "Somebody"


def _shown(task: HeldTask) -> dict[str, Any]:
    return {"task_id": task.id, "assignee_id": task.assignee_id, "version": task.version}
