"""Who sees a user task, and who may work on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    String,
    Uuid,
    any_,
    bindparam,
    false,
    or_,
    select,
)
from sqlalchemy.orm.util import identity_key

from processes.running.instance_tables import ProcessInstance, WorkItem, table_of
from services.actors import Actor, Permission, Scope, Verb
from services.database import as_read
from services.errors import NotFound
from services.records.types import all_record_types
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_ME = bindparam("me", type_=Uuid)

# The condition of `visibility`, with what the actor may see as parameters: made once, since
# building it anew was a third of what completing a task costs.
_IS_SEEN = (
    WorkItem.id == bindparam("task", type_=Uuid),
    or_(
        bindparam("sees_all", type_=Boolean),
        WorkItem.assignee_id == _ME,
        any_(WorkItem.candidate_users) == _ME,
        WorkItem.candidate_groups.overlap(bindparam("queues", type_=ARRAY(Uuid))),
        WorkItem.record_type == any_(bindparam("types", type_=ARRAY(String))),
    ),
)
_FIND = select(WorkItem).where(*_IS_SEEN)
# The same condition for who works on the task, straight on the driver.
_SEEN = """
    w.id = %(task)s
      AND (%(sees_all)s OR w.assignee_id = %(me)s OR %(me)s = ANY (w.candidate_users)
        OR w.candidate_groups && %(queues)s::uuid[] OR w.record_type = ANY (%(types)s::text[]))
"""
_HOLD = Statement(
    "SELECT w.id, w.version, w.state, w.assignee_id, w.candidate_groups, w.candidate_users,"  # noqa: S608 - fixed texts
    f" w.ended_by_id, w.ended_by FROM work_items AS w WHERE {_SEEN} FOR UPDATE"
)
_INSTANCE = tuple(column.key for column in table_of(ProcessInstance).c)
_TASK = tuple(column.key for column in table_of(WorkItem).c)
_HOLD_BOTH = Statement(
    f"SELECT {', '.join([*(f'i.{key}' for key in _INSTANCE), *(f'w.{key}' for key in _TASK)])}"  # noqa: S608 - names of columns
    " FROM work_items AS w JOIN process_instances AS i ON i.id = w.instance_id"
    f" WHERE {_SEEN} FOR UPDATE OF i, w"
)


@dataclass(frozen=True, slots=True)
class HeldTask:
    """What is asked of a task before it is given to somebody; its row is locked."""

    id: UUID
    version: int
    state: str
    assignee_id: UUID | None
    candidate_groups: list[UUID]
    candidate_users: list[UUID]
    ended_by_id: UUID | None
    ended_by: str | None


def visibility(actor: Actor) -> ColumnElement[bool] | None:
    """Return the SQL condition for the tasks that ``actor`` sees; None means all of them.

    Its assignee, its candidates, administrators, and who sees all records of a type: every task
    about one of them.
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
    if types := _types_in_full(actor):
        conditions.append(WorkItem.record_type.in_(types))
    return or_(*conditions)


def get_visible(uow: UnitOfWork, task_id: UUID) -> WorkItem:
    """Return a task that the actor sees.

    Raises:
        NotFound: There is none, or the actor does not see it.
    """
    task = uow.session.scalars(_FIND, _seen_by(uow.actor, task_id)).one_or_none()
    if task is None:
        raise NotFound("There is no such task.")
    return task


def hold_visible(uow: UnitOfWork, task_id: UUID) -> HeldTask:
    """Return what is asked of a task that the actor sees, and hold its row to the commit.

    Raises:
        NotFound: There is none, or the actor does not see it.
    """
    rows = _HOLD.rows(uow.session, **_seen_by(uow.actor, task_id))
    if not rows:
        raise NotFound("There is no such task.")
    return HeldTask(*rows[0])


def lock_with_instance(uow: UnitOfWork, task_id: UUID) -> tuple[WorkItem, ProcessInstance]:
    """Return a task that the actor sees and its instance, both held to the commit.

    The instance stands first, as in every step, so that two steps never wait for each other. Both
    are to be read only: they belong to no session, since the ORM takes twice as long for them as
    the statement.

    Raises:
        NotFound: There is no such task, or the actor does not see it.
    """
    rows = _HOLD_BOTH.rows(uow.session, **_seen_by(uow.actor, task_id))
    if not rows:
        raise NotFound("There is no such task.")
    width = len(_INSTANCE)
    instance = as_read(ProcessInstance, _INSTANCE, rows[0][:width])
    return as_read(WorkItem, _TASK, rows[0][width:]), instance


def forget(uow: UnitOfWork, model: type[ProcessInstance | WorkItem], key: UUID) -> None:
    """Let the session read a row anew, if it knows it: a statement has changed it."""
    known = uow.session.identity_map.get(identity_key(model, key))
    if known is not None:
        uow.session.expire(known)


def _seen_by(actor: Actor, task_id: UUID) -> dict[str, Any]:
    """Return the parameters of ``_IS_SEEN``: one task, if ``actor`` sees it."""
    works = actor.may(Permission.TASK_WORK) and actor.user_id is not None
    return {
        "task": task_id,
        "me": actor.user_id if works else None,
        "queues": list(actor.group_ids) if works else [],
        "sees_all": actor.may(Permission.INSTANCE_OPERATE),
        "types": _types_in_full(actor) if works else [],
    }


def _types_in_full(actor: Actor) -> list[str]:
    """Return the record types of which the actor sees every record."""
    names = (record_type.name for record_type in all_record_types())
    return [name for name in names if actor.reach(name, Verb.READ) is Scope.ALL]


def is_candidate(actor: Actor, task: WorkItem | HeldTask) -> bool:
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
