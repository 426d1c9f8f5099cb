"""Who sees a user task, and who may work on it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, false, or_, select

from processes.instance_tables import ProcessInstance, WorkItem
from services.actors import Actor, Permission, Scope
from services.errors import NotFound
from services.unit_of_work import UnitOfWork


def visibility(actor: Actor) -> ColumnElement[bool] | None:
    """Return the SQL condition for the tasks that ``actor`` sees; None means all of them.

    Its assignee, its candidates, administrators, and who sees all records: every task about one.
    """
    if actor.may(Permission.INSTANCE_OPERATE):
        return None
    if actor.user_id is None or not actor.may(Permission.TASK_WORK):
        return false()
    conditions = [
        WorkItem.assignee_id == actor.user_id,
        WorkItem.candidate_users.contains([actor.user_id]),
    ]
    if actor.group_ids:
        groups = bindparam("groups", sorted(actor.group_ids), type_=ARRAY(Uuid), unique=True)
        conditions.append(WorkItem.candidate_groups.overlap(groups))
    if actor.scope is Scope.ALL:
        conditions.append(WorkItem.record_id.is_not(None))
    return or_(*conditions)


def get_visible(uow: UnitOfWork, task_id: UUID, *, lock: bool = False) -> WorkItem:
    """Return a task that the actor sees; ``lock`` holds its row to the commit.

    Raises:
        NotFound: There is none, or the actor does not see it.
    """
    statement = select(WorkItem).where(WorkItem.id == task_id)
    if (condition := visibility(uow.actor)) is not None:
        statement = statement.where(condition)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    task = uow.session.scalars(statement).one_or_none()
    if task is None:
        raise NotFound("There is no such task.")
    return task


def lock_with_instance(uow: UnitOfWork, task_id: UUID) -> tuple[WorkItem, ProcessInstance]:
    """Return a task that the actor sees and its instance, both held to the commit.

    The instance stands first, as in every step, so that two steps never wait for each other.

    Raises:
        NotFound: There is no such task, or the actor does not see it.
    """
    statement = (
        select(ProcessInstance, WorkItem)
        .join(WorkItem, WorkItem.instance_id == ProcessInstance.id)
        .where(WorkItem.id == task_id)
        .with_for_update(of=[ProcessInstance, WorkItem])
        .execution_options(populate_existing=True)
    )
    if (condition := visibility(uow.actor)) is not None:
        statement = statement.where(condition)
    found = uow.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("There is no such task.")
    instance, task = found
    return task, instance


def is_candidate(actor: Actor, task: WorkItem) -> bool:
    """Tell whether ``actor`` may take the task when nobody has it."""
    if actor.user_id is None:
        return False
    in_group = not actor.group_ids.isdisjoint(task.candidate_groups)
    return in_group or actor.user_id in task.candidate_users


def may_work_on(actor: Actor, task: WorkItem) -> bool:
    """Tell whether ``actor`` may complete the task: it has it, or nobody has and it may take it."""
    if task.assignee_id is not None:
        return task.assignee_id == actor.user_id
    return is_candidate(actor, task)
