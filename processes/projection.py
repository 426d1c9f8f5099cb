"""What a step did, written to the tables that people, timers and messages look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from processes.definitions import Definition
from processes.directory import Directory, find_people
from processes.engine.changes import (
    CallCancelled,
    CallPending,
    Change,
    InstanceEnded,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerCancelled,
    TimerFired,
    TimerSet,
    UserTaskClosed,
    UserTaskOpened,
)
from processes.host import call_key
from processes.instance_tables import (
    DEFAULT_PRIORITY,
    NEVER,
    PendingCall,
    ProcessInstance,
    QueueEntry,
    Subscription,
    Timer,
    WorkItem,
    table_of,
)
from services.database import new_id
from services.unit_of_work import UnitOfWork

_CLOSE_TASKS = text(
    """
    WITH closed AS (
      UPDATE work_items AS w
      SET state = c.reason, ended_at = :now, ended_by_id = :user, ended_by = :name,
          version = w.version + 1
      FROM jsonb_to_recordset(CAST(:closed AS jsonb)) AS c(token text, reason text)
      WHERE w.instance_id = :instance AND w.token_id = c.token AND w.state = 'open'
      RETURNING w.id)
    DELETE FROM queue_entries AS q USING closed WHERE q.work_item_id = closed.id
    """
)


@dataclass(frozen=True)
class OpenedTask:
    """A task that has just come up, for telling of it.

    Attributes:
        waits_for: Names of the person or of the groups and people who may take it.
    """

    id: UUID
    name: str
    waits_for: tuple[str, ...]


@dataclass
class Waiting:
    """The net effect of a step on what its instance waits for.

    Within a step a thing may be opened and closed again; a timer that was fired and set anew
    is both gone and there.
    """

    opened_tasks: dict[str, UserTaskOpened] = field(default_factory=dict)
    closed_tasks: dict[str, str] = field(default_factory=dict)
    timers: dict[str, TimerSet] = field(default_factory=dict)
    gone_timers: set[str] = field(default_factory=set)
    subscriptions: dict[str, SubscriptionOpened] = field(default_factory=dict)
    gone_subscriptions: set[str] = field(default_factory=set)
    calls: dict[str, CallPending] = field(default_factory=dict)
    gone_calls: set[str] = field(default_factory=set)
    ended: InstanceEnded | None = None

    def add(self, change: Change) -> None:  # noqa: C901, PLR0912 - one flat case for each kind of change
        """Take one more change into account."""
        token = getattr(change, "token_id", "")
        match change:
            case UserTaskOpened():
                self.opened_tasks[token] = change
            case UserTaskClosed():
                if self.opened_tasks.pop(token, None) is None:
                    self.closed_tasks[token] = change.reason
            case TimerSet():
                self.timers[token] = change
            case TimerFired() | TimerCancelled():
                if self.timers.pop(token, None) is None:
                    self.gone_timers.add(token)
            case SubscriptionOpened():
                self.subscriptions[token] = change
            case SubscriptionClosed():
                if self.subscriptions.pop(token, None) is None:
                    self.gone_subscriptions.add(token)
            case CallPending():
                self.calls[token] = change
            case CallCancelled():
                if self.calls.pop(token, None) is None:
                    self.gone_calls.add(token)
            case InstanceEnded():
                self.ended = change
            case _:
                pass


def waiting_after(changes: Iterable[Change]) -> Waiting:
    """Return the net effect of ``changes``."""
    waiting = Waiting()
    for change in changes:
        waiting.add(change)
    return waiting


@dataclass
class Projection:
    """Writes what an instance waits for; each kind of row in at most two statements."""

    uow: UnitOfWork
    instance: ProcessInstance
    definition: Definition

    def write(self, waiting: Waiting) -> list[OpenedTask]:
        """Write ``waiting`` and return the tasks that came up."""
        self._close_tasks(waiting.closed_tasks)
        self._delete(Timer, waiting.gone_timers)
        self._delete(Subscription, waiting.gone_subscriptions)
        self._delete(PendingCall, waiting.gone_calls)
        self._insert(Timer, waiting.timers.values(), self._timer_row)
        self._insert(Subscription, waiting.subscriptions.values(), self._subscription_row)
        self._open_calls([self._call_row(change) for change in waiting.calls.values()])
        if waiting.ended is not None:
            self._forget_calls()
        return self._open_tasks(list(waiting.opened_tasks.values()))

    def _close_tasks(self, closed: Mapping[str, str]) -> None:
        if not closed:
            return
        rows = [{"token": token, "reason": reason} for token, reason in closed.items()]
        actor = self.uow.actor
        self.uow.session.execute(
            _CLOSE_TASKS,
            {
                "now": self.uow.now,
                "user": actor.user_id,
                "name": actor.name,
                "instance": self.instance.id,
                "closed": orjson.dumps(rows).decode(),
            },
        )

    def _delete(self, model: Any, tokens: set[str]) -> None:
        if tokens:
            self.uow.session.execute(
                delete(table_of(model)).where(
                    table_of(model).c.instance_id == self.instance.id,
                    table_of(model).c.token_id.in_(tokens),
                )
            )

    def _insert(
        self, model: Any, changes: Iterable[Any], row_of: Callable[[Any], dict[str, Any]]
    ) -> None:
        rows = [row_of(change) for change in changes]
        if rows:
            self.uow.session.execute(insert(table_of(model)), rows)

    def _timer_row(self, change: TimerSet) -> dict[str, Any]:
        return {
            "id": new_id(),
            "instance_id": self.instance.id,
            "start_id": None,
            "token_id": change.token_id,
            "element_id": change.element_id,
            "due_at": change.due_at,
            "repeat": change.repeat,
            "taken": False,
        }

    def _subscription_row(self, change: SubscriptionOpened) -> dict[str, Any]:
        key = change.correlation_key
        if key is None and change.kind == "message" and self.instance.record_id is not None:
            # A message that says nothing of whom it is for concerns the instance's own record.
            key = str(self.instance.record_id)
        return {
            "id": new_id(),
            "instance_id": self.instance.id,
            "token_id": change.token_id,
            "element_id": change.element_id,
            "kind": change.kind,
            "name": change.name,
            "key_hash": hash_key(key),
        }

    def _call_row(self, change: CallPending) -> dict[str, Any]:
        return {
            "key": call_key(self.instance.id, change.token_id),
            "instance_id": self.instance.id,
            "token_id": change.token_id,
            "element_id": change.element_id,
            "operation": change.type,
            "called_at": self.uow.now,
            "failed": False,
        }

    def _open_calls(self, rows: list[dict[str, Any]]) -> None:
        """A call that failed and is retried has its row still."""
        if rows:
            statement = upsert(table_of(PendingCall))
            again = statement.on_conflict_do_update(
                index_elements=["key"], set_={"failed": False, "called_at": self.uow.now}
            )
            self.uow.session.execute(again, rows)

    def _forget_calls(self) -> None:
        calls = table_of(PendingCall)
        self.uow.session.execute(delete(calls).where(calls.c.instance_id == self.instance.id))

    def _open_tasks(self, opened: list[UserTaskOpened]) -> list[OpenedTask]:
        if not opened:
            return []
        people = find_people(
            self.uow,
            (
                name
                for task in opened
                for name in (task.assignee, *task.candidate_groups, *task.candidate_users)
            ),
        )
        rows = [self._task_row(task, people) for task in opened]
        self.uow.session.execute(insert(table_of(WorkItem)), rows)
        if queued := [entry for row in rows for entry in queue_rows(row)]:
            self.uow.session.execute(insert(table_of(QueueEntry)), queued)
        return [_opened(row, people) for row in rows]

    def _task_row(self, task: UserTaskOpened, people: Directory) -> dict[str, Any]:
        priority = DEFAULT_PRIORITY if task.priority is None else task.priority
        groups = [people.group(name) for name in task.candidate_groups]
        users = [people.user(name) for name in task.candidate_users]
        assignee = people.user(task.assignee)
        if assignee is None:
            groups.append(people.group(task.assignee))
        return {
            "id": new_id(),
            "version": 1,
            "instance_id": self.instance.id,
            "version_id": self.instance.version_id,
            "token_id": task.token_id,
            "process_key": self.instance.process_key,
            "element_id": task.element_id,
            "name": task.name or task.element_id,
            "form_id": task.form_id,
            "state": "open",
            "assignee_id": assignee,
            "candidate_groups": list(dict.fromkeys(key for key in groups if key)),
            "candidate_users": list(dict.fromkeys(key for key in users if key)),
            "due_at": task.due_at,
            "sort_due_at": task.due_at or NEVER,
            "follow_up_at": task.follow_up_at,
            "priority": priority,
            "rank": -priority,
            "record_type": self.instance.record_type,
            "record_id": self.instance.record_id,
            "variables": dict(task.variables),
            "created_at": self.uow.now,
        }


def _opened(row: Mapping[str, Any], people: Directory) -> OpenedTask:
    keys = [row["assignee_id"]] if row["assignee_id"] else row["candidate_groups"]
    names = (people.names[key] for key in keys or row["candidate_users"])
    return OpenedTask(row["id"], row["name"], tuple(names))


def queue_rows(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the queue entries of an open task: none when somebody has it."""
    if task["assignee_id"] is not None:
        return []
    return [
        {
            "queue_id": key,
            "work_item_id": task["id"],
            "sort_due_at": task["sort_due_at"],
            "rank": task["rank"],
        }
        for key in dict.fromkeys((*task["candidate_groups"], *task["candidate_users"]))
    ]


def hash_key(key: str | None) -> str:
    """Return what a correlation key is indexed by; no key at all is one, too."""
    return sha256((key or "").encode()).hexdigest()
