"""One transaction: its session, its actor, its clock, and the jobs it leaves behind.

``Platform.transact`` alone begins, commits and rolls back. What happens inside asks the unit
of work for everything it needs; nothing reads ambient state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.access import record_type_of, row_condition, visible_to
from services.actors import Actor, Scope, Verb
from services.changes import begin_collecting, forget_changes, tell_watchers
from services.database import Base, new_id, to_json_text
from services.errors import NotAllowed, NotFound
from services.statements import Statement

if TYPE_CHECKING:
    from services.platform import Platform
    from services.records.types import Field, RecordType

Row = TypeVar("Row", bound=Base)

_WORDS = re.compile("(?<=[a-z])(?=[A-Z])")
"""Where words meet in the name of a model, such as ``PriceList``."""

# Deferring through the job engine's own SQL function on our connection puts the job into the
# same transaction as the state it belongs to.
_DEFER_JOBS = Statement(
    """
    SELECT procrastinate_defer_jobs_v1(ARRAY(
      SELECT ROW(j.queue, j.task, j.priority, j.lock, NULL, j.args, j.run_at)
             ::procrastinate_job_to_defer_v1
      FROM jsonb_to_recordset(CAST(%(jobs)s AS jsonb))
        AS j(queue text, task text, priority int, lock text, args jsonb, run_at timestamptz)))
    """
)


@dataclass(slots=True)
class Job:
    """Work to be done after the commit, at least once.

    Attributes:
        task: The name under which the worker knows it, such as ``events.deliver``.
        args: JSON-able arguments.
        lock: Jobs with the same lock run one after another, in order.
        run_at: Not before this moment of the machine's clock; at once if None.
    """

    task: str
    args: Mapping[str, Any]
    queue: str = "default"
    priority: int = 0
    lock: str | None = None
    run_at: datetime | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the columns that the job engine's SQL function takes."""
        return {
            "queue": self.queue,
            "task": self.task,
            "priority": self.priority,
            "lock": self.lock,
            "args": dict(self.args),
            "run_at": self.run_at,
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """What a job carries out. A process that moves on by it hears of what has happened since.

    Attributes:
        at: When it came to this.
        message_id: The buffered fact that does it, which the process has thereby heard of.
    """

    at: datetime
    message_id: UUID | None = None


@dataclass
class UnitOfWork:
    """What a command or a query works with, from its first statement to the commit.

    Attributes:
        audited: What the audit will tell of it; see ``services.audit``.
        call_key: Names the process step that runs an operation, so that its outside effect
            can be answered; None when a person acts.
        cause: What a job carries out here; None when a person acts.
        starts_processes: Whether processes may begin by what happens here.
        found: The rows that this actor was seen to have by key, where only reading is done.
    """

    platform: Platform
    session: Session
    actor: Actor
    source: str = "page"
    address: str | None = None
    jobs: list[Job] = field(default_factory=list)
    audited: list[Mapping[str, Any]] = field(default_factory=list)
    call_key: str | None = None
    cause: Cause | None = None
    starts_processes: bool = True
    found: dict[tuple[type[Any], UUID, Verb], Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.session.info.setdefault("uow", self)

    @cached_property
    def now(self) -> datetime:
        """The moment of this transaction, the same for everything in it (aware UTC)."""
        return self.platform.clock.now()

    def acting_as(self, actor: Actor) -> UnitOfWork:
        """Return the same transaction seen by another actor, sharing session and jobs."""
        other = replace(self, actor=actor, cause=None)
        other.now = self.now
        return other

    def only_reads(self) -> None:
        """Say that nothing changes here, so that what was found by key need not be asked for again.

        It holds until an operation is run after all, which can change who sees what.
        """
        self.session.info["only_reads"] = True

    def mark_secret(self) -> None:
        """Say that the result of this transaction holds a secret, which nothing may keep."""
        self.session.info["secret"] = True

    @property
    def is_secret(self) -> bool:
        """Whether the result holds a secret."""
        return "secret" in self.session.info

    def add(self, row: Row) -> Row:
        """Insert ``row`` with its times and key set, so that it can be referred to at once.

        In a batch it is written with all others at the end; see ``services.batches``.
        """
        if hasattr(row, "created_at") and row.created_at is None:
            row.created_at = self.now
            row.updated_at = self.now  # type: ignore[attr-defined]
        if "batch" in self.session.info:
            row.id = row.id or new_id()  # type: ignore[attr-defined]
            self.session.add(row)
            return row
        self.session.add(row)
        self.session.flush()
        return row

    def select(self, model: type[Row], *, verb: Verb = Verb.READ) -> Select[Row]:
        """Return a query for those rows of ``model`` with which the actor may do ``verb``."""
        return visible_to(self, model, select(model), verb=verb)

    def find(
        self,
        model: type[Row],
        key: UUID,
        *,
        lock: bool = False,
        hold: bool = False,
        verb: Verb | None = None,
    ) -> Row | None:
        """Return the row with this key with which the actor may do ``verb``, or None.

        ``lock`` keeps it to oneself to the commit. Who locks a row is about to change it, so that
        ``verb`` is then to update, unless another one is given. ``hold`` is for who is about to
        write a row that points to this one: nobody locks it meanwhile, so that it is not merged
        away or deleted before the pointer is there to be seen.
        """
        verb = verb or (Verb.UPDATE if lock else Verb.READ)
        remembers = "only_reads" in self.session.info and not (lock or hold)
        place = (model, key, verb)
        if remembers and place in self.found:
            known: Row = self.found[place]
            return known
        statement = self.select(model, verb=verb).where(model.id == key)  # type: ignore[attr-defined]
        if lock:
            statement = statement.with_for_update(of=model).execution_options(
                populate_existing=True
            )
        elif hold:
            statement = statement.with_for_update(of=model, read=True, key_share=True)
        row = self.session.scalars(statement).one_or_none()
        if remembers and row is not None:
            self.found[place] = row
        return row

    def get(
        self,
        model: type[Row],
        key: UUID,
        *,
        lock: bool = False,
        hold: bool = False,
        verb: Verb | None = None,
    ) -> Row:
        """Return the row with this key, as ``find`` does.

        Raises:
            NotFound: There is none, or the actor may not see it.
            NotAllowed: The actor may see it, but not do this with it.
        """
        row = self.find(model, key, lock=lock, hold=hold, verb=verb)
        if row is not None:
            return row
        if (lock or verb not in {None, Verb.READ}) and self.find(model, key) is not None:
            raise NotAllowed("You may see this, but not change it.")
        raise NotFound(f"There is no such {_WORDS.sub(' ', model.__name__).lower()}.")

    def may_do(self, verb: Verb, record: Any) -> bool:
        """Tell whether the actor may do ``verb`` with a record that it has at hand."""
        model = type(record)
        record_type = record_type_of(model)
        if record_type is None:
            return True
        reach = self.actor.reach(record_type, verb)
        if reach is Scope.ALL:
            return True
        if reach is not Scope.NONE and record.owner_id == self.actor.user_id is not None:
            return True
        if reach is Scope.TEAM and record.team_id in self.actor.team_ids:
            return True
        condition = row_condition(self, model, verb)
        if condition is None:
            return True
        found = select(model.id).where(model.id == record.id, condition)
        with self.session.no_autoflush:
            return self.session.scalar(found) is not None

    def readable_fields(self, record_type: RecordType) -> tuple[Field, ...]:
        """Return those fields of ``record_type`` that the actor may see, in their order."""
        hidden = self.actor.hidden_fields(record_type.name)
        if not hidden:
            return tuple(record_type.fields)
        return tuple(field for field in record_type.fields if field.name not in hidden)

    def writable_fields(self, record_type: RecordType) -> tuple[Field, ...]:
        """Return those fields of ``record_type`` that the actor may fill in, in their order."""
        locked = self.actor.locked_fields(record_type.name)
        return tuple(
            field for field in record_type.fields if field.writable and field.name not in locked
        )

    def readable_field(self, record_type: RecordType, name: str) -> Field | None:
        """Return the field called ``name`` if there is one that the actor may see, else None."""
        is_hidden = name in self.actor.hidden_fields(record_type.name)
        return None if is_hidden else record_type.field(name)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the block alone if it raises: its rows, its jobs, and what the audit noted of it."""
        nested = self.session.begin_nested()
        jobs, audited = len(self.jobs), len(self.audited)
        mark = begin_collecting(self.session)
        try:
            with nested:
                yield
        except BaseException:
            del self.jobs[jobs:]
            del self.audited[audited:]
            forget_changes(self.session, mark)
            raise

    def defer(self, job: Job) -> None:
        """Leave ``job`` to the worker; it becomes visible with the commit."""
        self.jobs.append(job)

    def emit(self, event: str, record_type: str, record_id: UUID, **payload: Any) -> None:
        """Announce a fact (past tense, ``lead.created``) to the processes.

        It travels as a job in this transaction: every message start event and every waiting
        message event with this name receives it, with ``payload`` as its variables. The facts
        about one record are delivered in their order.
        """
        only_waiting = {} if self.starts_processes else {"starts": False}
        self.defer(
            Job(
                task="events.deliver",
                args=only_waiting
                | {
                    "kind": "event",
                    "event_id": str(new_id()),  # a second delivery is known by it
                    "event": event,
                    "record_type": record_type,
                    "record_id": str(record_id),
                    "payload": payload,
                    "sent_at": self.now.isoformat(),
                },
                lock=f"record:{record_id}",
            )
        )

    def flush_jobs(self) -> None:
        """Write the deferred jobs in one statement; called once, just before the commit."""
        tell_watchers(self)
        if not self.jobs:
            return
        rows = to_json_text([job.as_row() for job in self.jobs])
        _DEFER_JOBS.run(self.session, jobs=rows)
        self.jobs.clear()
