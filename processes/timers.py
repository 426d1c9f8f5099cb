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

from processes.definition_tables import ProcessStart
from processes.definitions import get_definition
from processes.engine import Due, EngineError, next_due
from processes.holding import holds_back
from processes.host import FAULTS
from processes.instance_tables import InstanceState, Timer
from processes.runtime import carry_out, lock_instance, open_execution, open_instance
from services.actors import SYSTEM
from services.calendar_book import CalendarBook
from services.errors import LanewiseError
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import Cause, Job, UnitOfWork

log = structlog.get_logger(__name__)

SWEPT_AT_ONCE = 1_000
MISSED_AT_MOST = 10_000
FIRED_TOGETHER = 20
"""How many timers one job fires; each in a transaction of its own."""

_TAKE_DUE = text(
    """
    UPDATE timers SET taken = true
    WHERE id IN (SELECT id FROM timers WHERE NOT taken AND due_at <= :now
                 ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
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
    """Fire each of the timers that is still due.

    One that fails among several gets a job of its own, so that the others are not held up.
    """
    for timer_id in timer_ids:
        try:
            _fire(platform, UUID(timer_id))
        except (*FAULTS, EngineError, LanewiseError) as error:
            if len(timer_ids) == 1:
                raise
            log.warning("timer_failed", timer=timer_id, exc_info=error)
            _defer_alone(platform, timer_id)


def _defer_alone(platform: Platform, timer_id: str) -> None:
    retry = Job("timers.fire", {"timer_ids": [timer_id]})
    platform.transact(SYSTEM, lambda uow: uow.defer(retry), source="timer")


def _fire(platform: Platform, timer_id: UUID) -> None:
    def work(uow: UnitOfWork) -> None:
        timer = uow.session.get(Timer, timer_id)
        if timer is None:
            return
        if timer.instance_id is None:
            _fire_start(uow, timer_id)
        else:
            _fire_in_instance(uow, timer_id, timer.instance_id)

    platform.transact(SYSTEM, work, source="timer")


def _fire_in_instance(uow: UnitOfWork, timer_id: UUID, instance_id: UUID) -> None:
    # The instance is locked before its timer, as in every step: no two steps wait for each other.
    instance = lock_instance(uow, instance_id)
    timer = _due(uow, timer_id)
    if timer is None or instance.state != InstanceState.RUNNING:
        return
    if holds_back(uow, instance, Job("timers.fire", {"timer_ids": [str(timer_id)]})):
        return
    token = timer.token_id
    uow.cause = Cause(timer.due_at)
    carry_out(uow, instance, open_execution(uow, instance), lambda step: step.fire_timer(token))


def _fire_start(uow: UnitOfWork, timer_id: UUID) -> None:
    timer = _due(uow, timer_id, lock=True)
    start = None if timer is None else uow.session.get(ProcessStart, timer.start_id)
    if timer is None or start is None:
        return
    open_instance(
        uow, get_definition(uow, start.version_id), record_id=None, start_event=start.element_id
    )
    following = next_future(uow, Due(timer.due_at, timer.repeat))
    if following is None:
        uow.session.delete(timer)
    else:
        timer.due_at, timer.repeat, timer.taken = following.at, following.repeat, False


def next_future(uow: UnitOfWork, fired: Due) -> Due | None:
    """Return when a repeating start timer fires next; what was missed is not made up for."""
    zone = uow.platform.settings.timezone
    calendars = CalendarBook(uow, insists=True)
    following = next_due(fired, zone, calendars)
    for _ in range(MISSED_AT_MOST):
        if following is None or following.at > uow.now:
            return following
        following = next_due(following, zone, calendars)
    return following and Due(uow.now, following.repeat)


def _due(uow: UnitOfWork, timer_id: UUID, *, lock: bool = False) -> Timer | None:
    """Return the timer as it stands now if it is still to be fired.

    One that is not due by this machine's clock is left to the next sweep: the machine that took
    it may be ahead, or the clock was set back.
    """
    statement = select(Timer).where(Timer.id == timer_id)
    if lock:
        statement = statement.with_for_update()
    found = uow.session.scalars(statement.execution_options(populate_existing=True))
    timer = found.one_or_none()
    if timer is not None and timer.due_at > uow.now:
        timer.taken = False
        return None
    return timer
