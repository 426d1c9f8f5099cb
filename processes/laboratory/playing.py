"""The instances of one diagram on the production runtime, moved by what a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.definitions import get_definition
from processes.engine import EngineError, Execution, StepFailed, start_condition
from processes.engine.timers import parse_duration
from processes.events.parcels import Parcel, delivery_of
from processes.jobs.draining import drain
from processes.laboratory.budget import Budget, EndlessError
from processes.running.host import InstanceFacts, host_for
from processes.running.instance_tables import Subscription, TaskState, WorkItem
from processes.running.runtime import do_step, open_instance
from services.actors import SYSTEM
from services.clock import VirtualClock
from services.database import new_id
from services.errors import Conflict, Invalid, LanewiseError
from services.platform import Platform
from services.unit_of_work import UnitOfWork

KEPT = timedelta(days=36_500)
"""How long a message waits for somebody to wait for it: as long as anything is played."""

_NEXT_DUE = text(
    "SELECT least((SELECT min(due_at) FROM timers WHERE NOT taken),"
    " (SELECT min(due_at) FROM step_jobs WHERE NOT taken))"
)


class StepImpossible(Exception):  # noqa: N818 - says what is the matter
    """A step of the request can't be carried out where the instances stand."""


class Play:
    """Moves instances, each step as in production: a transaction that saves where they stand.

    Attributes:
        failures: Elements that could not begin an instance, and why.
        is_endless: It was broken off, since it did not come to an end.
    """

    def __init__(self, platform: Platform, clock: VirtualClock, budget: Budget) -> None:
        self.failures: list[tuple[str, str]] = []
        self.is_endless = False
        self._platform = platform
        self._clock = clock
        self._budget = budget

    @property
    def spent(self) -> int:
        """How many jobs there were."""
        return self._budget.spent

    def begin(
        self, process_id: str, variables: Mapping[str, Any], conditions: Sequence[str] = ()
    ) -> None:
        """Start an instance by hand; one that fails as it begins is noted.

        Args:
            process_id: Of the process.
            variables: What it begins with.
            conditions: The conditional start events of a process that has no other: it begins at
                those whose condition holds with the variables.

        Raises:
            StepImpossible: It can't be started with what is given.
        """

        def work(uow: UnitOfWork) -> None:
            version = select(ProcessVersion.id).where(ProcessVersion.key == process_id)
            definition = get_definition(uow, uow.session.scalars(version).one())
            host = host_for(uow, definition, InstanceFacts(new_id(), None, uow.now))
            events = [
                name
                for name in conditions
                if start_condition(definition.spec, name, host, variables)
            ]
            for event in events if conditions else [None]:
                open_instance(
                    uow, definition, record_id=None, variables=variables, start_event=event
                )

        try:
            self._platform.transact(SYSTEM, work)
        except Conflict as problem:
            if not isinstance(problem.__cause__, StepFailed):
                raise StepImpossible(str(problem.__cause__ or problem)) from problem
            self._note_failure(process_id, problem)

    def complete(self, element_id: str, result: Mapping[str, Any]) -> bool:
        """Complete the oldest task, or bring the message or signal, that waits at an element.

        Returns:
            Whether anything waits there.

        Raises:
            StepImpossible: It can't be completed with this result.
        """
        found = self._platform.transact(SYSTEM, lambda uow: _waiting_at(uow, element_id))
        if found is None:
            return False
        instance_id, token, command = found
        self._do(instance_id, lambda step: getattr(step, command)(token, result))
        return True

    def send(
        self, kind: str, name: str, payload: Mapping[str, Any], keys: Mapping[str, str]
    ) -> None:
        """Send a message or signal from outside."""
        now = self._clock.now()
        parcel = Parcel(
            id=new_id(),
            kind=kind,
            name=name,
            payload=payload,
            keys=keys,
            record_type=None,
            record_id=None,
            sender=None,
            sent_at=now,
            kept_until=now + KEPT if kind == "message" else None,
        )
        self._platform.transact(SYSTEM, lambda uow: uow.defer(delivery_of(parcel)))

    def advance(self, duration: str) -> None:
        """Let time pass; each timer fires when it is due.

        Raises:
            StepImpossible: There is no end of them.
        """
        zone = self._platform.settings.timezone
        end = parse_duration(duration).after(self._clock.now(), zone)
        while (due := self._next_due()) is not None and due <= end:
            self._clock.move_to(max(self._clock.now(), due))
            self.settle()
        self._clock.move_to(end)
        self.settle()

    def settle(self) -> None:
        """Do all that is due.

        Raises:
            StepImpossible: That does not come to an end.
        """
        try:
            drain(self._platform, before_each=self._budget.spend, failed=self._note_failed_job)
        except EndlessError as problem:
            self.is_endless = True
            raise StepImpossible(str(problem)) from problem

    def _do(self, instance_id: UUID, command: Callable[[Execution], Any]) -> None:
        try:
            self._platform.transact(SYSTEM, lambda uow: do_step(uow, instance_id, command))
        except (Conflict, Invalid) as problem:
            raise StepImpossible(problem.message) from problem

    def _next_due(self) -> Any:
        with self._platform.session() as session:
            return session.scalar(_NEXT_DUE)

    def _note_failed_job(self, task: str, args: Mapping[str, Any], error: Exception) -> None:
        self._note_failure(str(args.get("element_id", task)), error)

    def _note_failure(self, element_id: str, error: Exception) -> None:
        cause = error.__cause__
        is_told = isinstance(cause, StepFailed | EngineError)
        shown = cause if is_told else error
        message = shown.message if isinstance(shown, LanewiseError | StepFailed) else str(shown)
        self.failures.append((element_id, message))


def _waiting_at(uow: UnitOfWork, element_id: str) -> tuple[UUID, str, str] | None:
    """Return what waits at an element: the instance, its token and the command for it."""
    tasks = (
        select(WorkItem.instance_id, WorkItem.token_id)
        .where(WorkItem.element_id == element_id, WorkItem.state == TaskState.OPEN)
        .order_by(WorkItem.instance_id, WorkItem.id)
    )
    if (task := uow.session.execute(tasks.limit(1)).one_or_none()) is not None:
        return task.instance_id, task.token_id, "complete"
    waits = (
        select(Subscription.instance_id, Subscription.token_id)
        .where(Subscription.element_id == element_id)
        .order_by(Subscription.instance_id, Subscription.id)
    )
    if (wait := uow.session.execute(waits.limit(1)).one_or_none()) is not None:
        return wait.instance_id, wait.token_id, "receive"
    return None
