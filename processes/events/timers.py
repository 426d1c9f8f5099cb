"""Timers: found when they are due, fired once each.

Every worker looks each second; a timer that one of them has taken is passed over by the others
(``SKIP LOCKED``). Firing checks again under the instance's lock, so that a job that is delivered
twice fires once.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import select, text

from processes.deploying.definition_tables import ProcessStart
from processes.deploying.definitions import get_definition
from processes.engine import Due, EngineError, next_due
from processes.events.holding import holds_back
from processes.events.turns import Turns
from processes.running.host import FAULTS
from processes.running.instance_tables import InstanceState, ProcessInstance, Timer
from processes.running.runtime import carry_out, open_execution, open_instance
from services.actors import SYSTEM
from services.calendars.book import CalendarBook
from services.errors import LanewiseError
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import Cause, Job, UnitOfWork

log = structlog.get_logger(__name__)

SWEPT_AT_ONCE = 1_000
FIRED_TOGETHER = 50
"""How many timers one job fires, in one transaction."""

_FAILURES = (*FAULTS, EngineError, LanewiseError)

# As an array the rows are chosen once, and found by their places. With ``id IN (SELECT …)`` a
# server that takes the table for empty, as it does after a quiet night, chooses them anew for each
# row there is: 10,000 timers that came due at once took minutes, and more than the limit.
_TAKE_DUE = text(
    """
    UPDATE timers SET taken = true
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM timers WHERE NOT taken AND due_at <= :now
                           ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id
    """
)


def sweep_timers(platform: Platform) -> int:
    """Defer jobs for the timers that are due, and return how many those are."""

    def work(uow: UnitOfWork) -> int:
        found = uow.session.execute(_TAKE_DUE, {"now": uow.now, "limit": SWEPT_AT_ONCE})
        keys = [str(row.id) for row in found]
        for first in range(0, len(keys), FIRED_TOGETHER):
            uow.defer(Job("timers.fire", {"timer_ids": keys[first : first + FIRED_TOGETHER]}))
        return len(keys)

    return platform.transact(SYSTEM, work, source="timer")


@job("timers.fire")
def fire_timers(platform: Platform, *, timer_ids: Sequence[str]) -> None:
    """Fire each of the timers that is still due: together, or one by one if that fails.

    One that fails among several gets a job of its own, so that the others are not held up.
    """
    try:
        _fire(platform, timer_ids)
    except _FAILURES as error:
        if len(timer_ids) == 1:
            raise
        log.info("timers_fired_singly", count=len(timer_ids), reason=str(error))
        for timer_id in timer_ids:
            _fire_alone(platform, timer_id)


def _fire_alone(platform: Platform, timer_id: str) -> None:
    try:
        _fire(platform, [timer_id])
    except _FAILURES as error:
        log.warning("timer_failed", timer=timer_id, exc_info=error)
        platform.transact(SYSTEM, lambda uow: _defer_alone(uow, timer_id), source="timer")


def _defer_alone(uow: UnitOfWork, timer_id: str) -> None:
    uow.defer(Job("timers.fire", {"timer_ids": [timer_id]}))


def _fire(platform: Platform, timer_ids: Sequence[str]) -> None:
    keys = [UUID(timer_id) for timer_id in timer_ids]
    with platform.part(Turns).turn(platform.settings.instance_path):
        platform.transact(SYSTEM, lambda uow: _fire_all(uow, keys), source="timer")


def _fire_all(uow: UnitOfWork, keys: Sequence[UUID]) -> None:
    # Instances are locked before their timers are read, as in every step, and in the order of
    # their keys: no two transactions wait for each other.
    instances = _lock_instances(uow, keys)
    for timer in _due(uow, keys):
        if timer.instance_id is None:
            _fire_start(uow, timer)
        elif instance := instances.pop(timer.instance_id, None):
            _fire_in_instance(uow, timer, instance)
        else:
            # The instance was just moved on by another of these, which may have ended this one.
            _defer_alone(uow, str(timer.id))


def _lock_instances(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, ProcessInstance]:
    wanted = select(Timer.instance_id).where(Timer.id.in_(keys))
    statement = select(ProcessInstance).where(ProcessInstance.id.in_(wanted))
    locked = uow.session.scalars(statement.order_by(ProcessInstance.id).with_for_update())
    return {instance.id: instance for instance in locked}


def _fire_in_instance(uow: UnitOfWork, timer: Timer, instance: ProcessInstance) -> None:
    if instance.state != InstanceState.RUNNING:
        return
    if holds_back(uow, instance, Job("timers.fire", {"timer_ids": [str(timer.id)]})):
        return
    token = timer.token_id
    uow.cause = Cause(timer.due_at)
    carry_out(uow, instance, open_execution(uow, instance), lambda step: step.fire_timer(token))


def _fire_start(uow: UnitOfWork, timer: Timer) -> None:
    start = uow.session.get(ProcessStart, timer.start_id)
    if start is None:
        return
    uow.cause = None
    open_instance(
        uow, get_definition(uow, start.version_id), record_id=None, start_event=start.element_id
    )
    zone, calendars = uow.platform.settings.timezone, CalendarBook(uow, insists=True)
    fired = Due(timer.due_at, timer.repeat)
    # One firing stands for all that were missed, as within an instance.
    following = next_due(fired, zone, calendars, later_than=uow.now)
    if following is None:
        uow.session.delete(timer)
    else:
        timer.due_at, timer.repeat, timer.taken = following.at, following.repeat, False


def _due(uow: UnitOfWork, keys: Sequence[UUID]) -> list[Timer]:
    """Return the timers as they stand now that are still to be fired, in their order, held.

    One that is not due by this machine's clock is left to the next sweep: the machine that took
    it may be ahead, or the clock was set back.
    """
    statement = select(Timer).where(Timer.id.in_(keys)).order_by(Timer.due_at, Timer.id)
    timers = uow.session.scalars(statement.with_for_update()).all()
    for timer in timers:
        timer.taken = timer.due_at <= uow.now
    return [timer for timer in timers if timer.taken]
