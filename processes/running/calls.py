"""Answers to service tasks that wait for an effect outside the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select, update

from processes.engine import Execution
from processes.engine.changes import Change, StepFailedAt
from processes.events.holding import holds_back
from processes.running.instance_tables import InstanceState, PendingCall, ProcessInstance, table_of
from processes.running.runtime import carry_out, lock_instance, open_execution
from services.actors import SYSTEM
from services.errors import Conflict
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import Cause, Job, UnitOfWork

log = structlog.get_logger(__name__)

# Written by statements: the step may have done away with the row before.
_CALLS = table_of(PendingCall)


@job("calls.answer")
def answer_call(
    platform: Platform, *, key: str, result: Mapping[str, Any], sent_at: str | None = None
) -> None:
    """Complete the service task that waits for this call."""

    def work(uow: UnitOfWork) -> None:
        found = _await(uow, key)
        if found is None:
            return
        call, instance = found
        again = Job("calls.answer", {"key": key, "result": result, "sent_at": sent_at})
        if holds_back(uow, instance, again):
            return
        uow.cause = _cause_of(uow, sent_at)
        token = call.token_id
        if call.failed:
            # Settled after it had become an incident: asked again, the service answers at once.
            _carry_out(uow, instance, call, lambda step: step.retry(token))
            return
        uow.session.execute(delete(_CALLS).where(_CALLS.c.key == key))
        _carry_out(uow, instance, call, lambda step: step.answer_call(token, dict(result)))

    platform.transact(SYSTEM, work, source="job")


@job("calls.fail")
def fail_call(
    platform: Platform, *, key: str, code: str, message: str, sent_at: str | None = None
) -> None:
    """Fail the service task that waits for this call: a business error, or an incident."""

    def work(uow: UnitOfWork) -> None:
        found = _await(uow, key)
        if found is None:
            return
        call, instance = found
        failure = {"key": key, "code": code, "message": message, "sent_at": sent_at}
        if holds_back(uow, instance, Job("calls.fail", failure)):
            return
        uow.cause = _cause_of(uow, sent_at)
        token = call.token_id
        changes = _carry_out(uow, instance, call, lambda step: step.fail_call(token, code, message))
        if any(isinstance(one, StepFailedAt) and one.token_id == token for one in changes):
            uow.session.execute(update(_CALLS).where(_CALLS.c.key == key).values(failed=True))
        else:
            uow.session.execute(delete(_CALLS).where(_CALLS.c.key == key))

    platform.transact(SYSTEM, work, source="job")


def _cause_of(uow: UnitOfWork, sent_at: str | None) -> Cause:
    return Cause(datetime.fromisoformat(sent_at) if sent_at else uow.now)


def _await(uow: UnitOfWork, key: str) -> tuple[PendingCall, ProcessInstance] | None:
    """Return the call that awaits an answer and its instance, locked; None if none does."""
    statement = select(PendingCall).where(PendingCall.key == key)
    call = uow.session.scalars(statement).one_or_none()
    if call is None:
        log.debug("answer_not_awaited", key=key)
        return None
    instance = lock_instance(uow, call.instance_id)
    again = statement.execution_options(populate_existing=True)
    call = uow.session.scalars(again).one_or_none()
    if call is None or instance.state != InstanceState.RUNNING:
        return None
    return call, instance


def _carry_out(
    uow: UnitOfWork,
    instance: ProcessInstance,
    call: PendingCall,
    command: Callable[[Execution], Any],
) -> Sequence[Change]:
    execution = open_execution(uow, instance)
    try:
        carry_out(uow, instance, execution, command)
    except Conflict as error:
        log.debug("answer_came_late", key=call.key, reason=error.message)
        return ()
    return execution.changes
