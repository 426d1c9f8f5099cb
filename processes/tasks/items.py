"""Tasks as lists and pages show them, with the record that each is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import literal, select, union_all

from processes.deploying.definition_tables import ProcessVersion
from processes.running.instance_tables import WorkItem
from processes.running.record_cards import Card, load_cards
from processes.tasks.rights import may_work_on
from services.people.model import Group, User
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class TaskItem:
    """One user task.

    Attributes:
        state: ``open``, ``completed`` or ``cancelled``.
        candidate_groups: Names.
        candidate_users: Names.
        may_complete: Whether the actor may complete it as it stands (not whether it is open).
        version: Rises with each change of the task.
    """

    id: UUID
    name: str
    element_id: str
    state: str
    form_id: str | None
    instance_id: UUID
    process_key: str
    process_name: str
    process_version: int
    record_type: str | None
    record_id: UUID | None
    record_title: str | None
    customer: str | None
    amount: Decimal | None
    currency: str | None
    stage: str | None
    assignee_id: UUID | None
    assignee_name: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    may_complete: bool
    version: int


@dataclass(frozen=True)
class TaskPage:
    """A page of tasks.

    Attributes:
        total: Of all pages, at most 1,000.
        total_is_capped: There are more than ``total``.
    """

    items: list[TaskItem]
    next_cursor: str | None
    previous_cursor: str | None
    total: int
    total_is_capped: bool


def present_tasks(uow: UnitOfWork, tasks: Sequence[WorkItem]) -> list[TaskItem]:
    """Return ``tasks`` with names instead of keys; the same few statements for any number."""
    if not tasks:
        return []
    versions = _processes(uow, {task.version_id for task in tasks})
    names = _names(uow, tasks)
    cards = load_cards(
        uow,
        (
            (task.record_type, task.record_id)
            for task in tasks
            if task.record_type is not None and task.record_id is not None
        ),
    )
    return [
        _item(uow, task, versions[task.version_id], names, cards.get(_reference(task)))
        for task in tasks
    ]


def _reference(task: WorkItem) -> tuple[str, UUID]:
    return task.record_type or "", task.record_id or task.id


def _processes(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, tuple[str, int]]:
    statement = select(ProcessVersion.id, ProcessVersion.name, ProcessVersion.version).where(
        ProcessVersion.id.in_(keys)
    )
    return {row.id: (row.name, row.version) for row in uow.session.execute(statement)}


def _names(uow: UnitOfWork, tasks: Iterable[WorkItem]) -> dict[UUID, str]:
    users: set[UUID] = set()
    groups: set[UUID] = set()
    for task in tasks:
        users.update(task.candidate_users)
        groups.update(task.candidate_groups)
        if task.assignee_id is not None:
            users.add(task.assignee_id)
    found = [
        select(model.id, model.name, literal(model.__tablename__)).where(model.id.in_(keys))
        for model, keys in ((User, users), (Group, groups))
        if keys
    ]
    if not found:
        return {}
    return {row[0]: row[1] for row in uow.session.execute(union_all(*found))}


def _item(
    uow: UnitOfWork,
    task: WorkItem,
    process: tuple[str, int],
    names: dict[UUID, str],
    card: Card | None,
) -> TaskItem:
    return TaskItem(
        id=task.id,
        name=task.name,
        element_id=task.element_id,
        state=task.state,
        form_id=task.form_id,
        instance_id=task.instance_id,
        process_key=task.process_key,
        process_name=process[0],
        process_version=process[1],
        record_type=task.record_type,
        record_id=task.record_id,
        record_title=card.title if card else None,
        customer=card.customer if card else None,
        amount=card.amount if card else None,
        currency=card.currency if card else None,
        stage=card.stage if card else None,
        assignee_id=task.assignee_id,
        assignee_name=names.get(task.assignee_id) if task.assignee_id else None,
        candidate_groups=_known(names, task.candidate_groups),
        candidate_users=_known(names, task.candidate_users),
        due_at=task.due_at,
        follow_up_at=task.follow_up_at,
        priority=task.priority,
        created_at=task.created_at,
        ended_at=task.ended_at,
        ended_by=task.ended_by,
        may_complete=may_work_on(uow.actor, task),
        version=task.version,
    )


def _known(names: dict[UUID, str], keys: Iterable[UUID]) -> tuple[str, ...]:
    return tuple(names[key] for key in keys if key in names)
