"""Which tasks let somebody work on a record, whoever it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from processes.running.instance_tables import IS_OPEN, WorkItem
from processes.tasks.rights import may_work_on
from services.actors import Actor, Permission
from services.people.model import Group, User
from services.unit_of_work import UnitOfWork

_MOST_ASKED: Final = 200


def explain_tasks(uow: UnitOfWork, user: User, record: Any) -> list[str]:
    """Return for each open task about ``record`` why ``user`` may work on it, oldest first.

    Its form shows the fields of the record that it asks for, and changes them, also to those who
    don't see the record.
    """
    actor = user.actor()
    if not user.active or not actor.may(Permission.TASK_WORK):
        return []
    statement = select(WorkItem).where(WorkItem.record_id == record.id, IS_OPEN)
    tasks = uow.session.scalars(statement.order_by(WorkItem.id).limit(_MOST_ASKED))
    may_do = [task for task in tasks if may_work_on(actor, task)]
    names = _names_of_groups(uow, actor)
    return [said for task in may_do for said in _reasons(user, task, names)]


def _reasons(user: User, task: WorkItem, names: dict[UUID, str]) -> Iterator[str]:
    if task.assignee_id == user.id:
        yield f"{user.name} has the task “{task.name}”."
        return
    if user.id in task.candidate_users:
        yield f"{user.name} may take the task “{task.name}”."
    for key, name in names.items():
        if key in task.candidate_groups:
            yield f"The task “{task.name}” waits for {name}, to which {user.name} belongs."


def _names_of_groups(uow: UnitOfWork, actor: Actor) -> dict[UUID, str]:
    rows = uow.session.execute(
        select(Group.id, Group.name).where(Group.id.in_(actor.group_ids)).order_by(Group.name)
    )
    return {row.id: row.name for row in rows}
