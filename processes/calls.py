"""Answers to service tasks that wait for an effect outside the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import select

from processes.engine import Execution
from processes.instance_tables import InstanceState, PendingCall
from processes.runtime import carry_out, lock_instance, open_execution
from services.actors import SYSTEM
from services.errors import Conflict
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

Reply = Callable[[UnitOfWork, PendingCall], Callable[[Execution], Any]]


@job("calls.answer")
def answer_call(platform: Platform, *, key: str, result: Mapping[str, Any]) -> None:
    """Complete the service task that waits for this call."""

    def reply(uow: UnitOfWork, call: PendingCall) -> Callable[[Execution], Any]:
        token = call.token_id
        if call.failed:
            # Settled after it had become an incident: asked again, the service answers at once.
            return lambda step: step.retry(token)
        uow.session.delete(call)
        uow.session.flush()
        return lambda step: step.answer_call(token, dict(result))

    platform.transact(SYSTEM, lambda uow: _reply(uow, key, reply), source="job")


@job("calls.fail")
def fail_call(platform: Platform, *, key: str, code: str, message: str) -> None:
    """Fail the service task that waits for this call: a business error, or an incident."""

    def reply(uow: UnitOfWork, call: PendingCall) -> Callable[[Execution], Any]:
        token = call.token_id
        call.failed = True
        uow.session.flush()
        return lambda step: step.fail_call(token, code, message)

    platform.transact(SYSTEM, lambda uow: _reply(uow, key, reply), source="job")


def _reply(uow: UnitOfWork, key: str, reply: Reply) -> None:
    found = select(PendingCall).where(PendingCall.key == key)
    call = uow.session.scalars(found).one_or_none()
    if call is None:
        log.debug("answer_not_awaited", key=key)
        return
    instance = lock_instance(uow, call.instance_id)
    call = uow.session.scalars(found.execution_options(populate_existing=True)).one_or_none()
    if call is None or instance.state != InstanceState.RUNNING:
        return
    execution = open_execution(uow, instance)
    try:
        carry_out(uow, instance, execution, reply(uow, call))
    except Conflict as error:
        log.debug("answer_came_late", key=key, reason=error.message)
