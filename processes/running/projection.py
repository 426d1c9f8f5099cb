"""The net effect of a step on what people, timers and messages look at, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from processes.deploying.definitions import Definition
from processes.engine.changes import (
    CallCancelled,
    CallPending,
    Change,
    IncidentResolved,
    InstanceEnded,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerCancelled,
    TimerFired,
    TimerSet,
    UserTaskClosed,
    UserTaskOpened,
)
from processes.events.parcels import hash_key
from processes.running.host import call_key
from processes.running.instance_tables import (
    DEFAULT_PRIORITY,
    NEVER,
    ProcessInstance,
)
from processes.running.step_rows import StepRows
from processes.running.wait_rows import WaitRows, save_waits
from processes.tasks.directory import Directory, find_people
from services.database import new_id
from services.keepable import keepable
from services.unit_of_work import Job, UnitOfWork


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
            case IncidentResolved():
                # A call that had failed is made again, or not wanted any more.
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
    """Turns what an instance waits for into rows.

    Tasks are part of every step and are left to ``step_rows``; timers, subscriptions and calls
    are written here when there are any.
    """

    uow: UnitOfWork
    instance: ProcessInstance
    definition: Definition

    def task_rows(self, waiting: Waiting) -> tuple[StepRows, list[OpenedTask]]:
        """Return the rows of the tasks that ended and came up, and of whom to tell."""
        closed = [
            {"token": token, "reason": reason} for token, reason in waiting.closed_tasks.items()
        ]
        people = self._people(waiting.opened_tasks.values())
        opened = [self._task_row(task, people) for task in waiting.opened_tasks.values()]
        queued = [entry for row in opened for entry in queue_rows(row)]
        return StepRows(closed, opened, queued), [_opened(row, people) for row in opened]

    def write_waits(self, waiting: Waiting) -> None:
        """Write timers, subscriptions and calls, in at most two statements."""
        rows = WaitRows(
            gone=[
                *_gone("timer", waiting.gone_timers),
                *_gone("subscription", waiting.gone_subscriptions),
                *_gone("call", waiting.gone_calls),
            ],
            timers=[self._timer_row(change) for change in waiting.timers.values()],
            subscriptions=[
                self._subscription_row(change) for change in waiting.subscriptions.values()
            ],
            calls=[self._call_row(change) for change in waiting.calls.values()],
        )
        save_waits(self.uow, self.instance.id, rows)
        self._look_at_conditions(waiting)

    def _look_at_conditions(self, waiting: Waiting) -> None:
        """Look once more, after the commit, at what was not true of the record just now.

        Who is changing the record at this moment does not see yet that somebody waits.
        """
        opened = waiting.subscriptions.values()
        if self.instance.record_id and any(change.kind == "condition" for change in opened):
            self.uow.defer(look_job(self.instance.id, self.uow.now))

    def _timer_row(self, change: TimerSet) -> dict[str, Any]:
        return {
            "id": new_id(),
            "token_id": change.token_id,
            "element_id": change.element_id,
            "due_at": change.due_at,
            "repeat": change.repeat,
        }

    def _subscription_row(self, change: SubscriptionOpened) -> dict[str, Any]:
        return {
            "id": new_id(),
            "token_id": change.token_id,
            "element_id": change.element_id,
            "kind": change.kind,
            "name": keepable(change.name),
            "key_hash": subscription_key(self.instance, change),
        }

    def _call_row(self, change: CallPending) -> dict[str, Any]:
        return {
            "key": call_key(self.instance.id, change.token_id),
            "token_id": change.token_id,
            "element_id": change.element_id,
            "operation": change.type,
        }

    def _people(self, opened: Iterable[UserTaskOpened]) -> Directory:
        names = (
            name
            for task in opened
            for name in (task.assignee, *task.candidate_groups, *task.candidate_users)
        )
        return find_people(self.uow, names)

    def _task_row(self, task: UserTaskOpened, people: Directory) -> dict[str, Any]:
        priority = DEFAULT_PRIORITY if task.priority is None else task.priority
        groups = [people.group(name) for name in task.candidate_groups]
        users = [people.user(name) for name in task.candidate_users]
        assignee = people.user(task.assignee)
        if assignee is None:
            groups.append(people.group(task.assignee))
        return {
            "id": new_id(),
            "version_id": self.instance.version_id,
            "token_id": task.token_id,
            "process_key": self.instance.process_key,
            "element_id": task.element_id,
            "name": task.name or task.element_id,
            "form_id": task.form_id,
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
        }


def _gone(kind: str, tokens: Iterable[str]) -> list[dict[str, str]]:
    return [{"kind": kind, "token": token} for token in tokens]


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


def look_job(instance_id: UUID, at: datetime) -> Job:
    """Return the job that has an instance look at the conditions that it waits at.

    Args:
        instance_id: Whose conditions.
        at: When what they read has changed.
    """
    arguments = {"instance_id": str(instance_id), "at": at.isoformat()}
    return Job("conditions.look", arguments, lock=f"instance:{instance_id}")


def subscription_key(instance: ProcessInstance, change: SubscriptionOpened) -> str:
    """Return the hashed key that a message has to carry to be received by a subscription."""
    key = change.correlation_key
    if key is None and change.kind == "message" and instance.record_id is not None:
        # A message that says nothing of whom it is for concerns the instance's own record.
        key = str(instance.record_id)
    return hash_key(key)
