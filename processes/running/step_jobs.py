"""Steps of instances that jobs do: where the diagram is asynchronous, and what is tried again.

The row says that a step is still to be done; a job that finds none does nothing, so each is done
once. A step that is drawn as asynchronous gets its job at once, one that failed when its retry
plan says so: the sweep of every worker looks for them.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from processes.events.delivery_tables import StepJob, StepKind
from processes.events.holding import holds_back
from processes.running.instance_tables import InstanceState
from processes.running.runtime import carry_out, lock_instance, open_execution
from processes.running.step_plans import step_job
from services.actors import SYSTEM
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import Cause, UnitOfWork

SWEPT_AT_ONCE = 1_000

# As an array, for the reason that ``events.timers`` tells.
_TAKE_DUE = text(
    """
    UPDATE step_jobs SET taken = true
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM step_jobs WHERE NOT taken AND due_at <= :now
                           ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id, instance_id
    """
)


def sweep_steps(platform: Platform) -> int:
    """Defer jobs for the steps that are to be tried again now, and return how many those are."""

    def work(uow: UnitOfWork) -> int:
        found = uow.session.execute(_TAKE_DUE, {"now": uow.now, "limit": SWEPT_AT_ONCE}).all()
        for row in found:
            uow.defer(step_job(row.id, row.instance_id))
        return len(found)

    return platform.transact(SYSTEM, work, source="timer")


@job("steps.run")
def run_step(platform: Platform, *, step_id: str) -> None:
    """Do one step, if it is still to be done."""
    platform.transact(SYSTEM, lambda uow: _run(uow, UUID(step_id)), source="job")


def _run(uow: UnitOfWork, step_id: UUID) -> None:
    step = uow.session.get(StepJob, step_id)
    if step is None:
        return
    # The instance is locked before what belongs to it, as in every step.
    instance = lock_instance(uow, step.instance_id)
    step = uow.session.get(StepJob, step_id, populate_existing=True)
    if step is None or instance.state != InstanceState.RUNNING:
        return
    if step.due_at > uow.now:
        # Taken by a machine whose clock is ahead.
        step.taken = False
        return
    if holds_back(uow, instance, step_job(step.id, instance.id)):
        return
    token, is_retry = step.token_id, step.kind == StepKind.RETRY
    uow.cause = Cause(step.caused_at or uow.now)
    uow.session.delete(step)
    uow.session.flush()
    carry_out(
        uow,
        instance,
        open_execution(uow, instance),
        lambda execution: execution.retry(token) if is_retry else execution.run_job(token),
    )
