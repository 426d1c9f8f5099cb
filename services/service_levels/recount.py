"""Counting the due times of open requests anew, after their calendar was changed."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from services.actors import SYSTEM
from services.calendars.model import CalendarRow
from services.crm.request_model import ServiceRequest
from services.jobs import job
from services.platform import Platform
from services.records.changes import change_record
from services.service_levels.clock import recount
from services.service_levels.model import SlaClock
from services.timers import tell_timers
from services.unit_of_work import Job, UnitOfWork

COUNTED_TOGETHER = 100
TASK = "sla.recount"


def defer_recount(uow: UnitOfWork, calendar_id: UUID) -> None:
    """Have the due times that a calendar counts be counted anew after this transaction."""
    uow.defer(Job(TASK, {"calendar_id": str(calendar_id)}, lock=TASK))


@job(TASK)
def recount_requests(platform: Platform, *, calendar_id: str) -> None:
    """Count anew what the open requests of a calendar were promised, a few at a time."""
    after: UUID | None = None
    while True:
        work = partial(_recount_some, calendar_id=UUID(calendar_id), after=after)
        after = platform.transact(SYSTEM, work, source="job")
        if after is None:
            return


def _recount_some(uow: UnitOfWork, calendar_id: UUID, after: UUID | None) -> UUID | None:
    """Count the requests after ``after`` anew and return the last one; None after the last."""
    calendar = uow.session.get(CalendarRow, calendar_id)
    if calendar is None:
        return None
    statement = (
        select(ServiceRequest)
        .where(
            ServiceRequest.id.in_(_requests_of(calendar)),
            ServiceRequest.id > (after or UUID(int=0)),
        )
        .order_by(ServiceRequest.id)
        .limit(COUNTED_TOGETHER)
        .with_for_update()
    )
    found = uow.session.scalars(statement).all()
    for request in found:
        if due_times := recount(uow, request):
            title = f"Due times changed with the calendar {calendar.name}"
            change_record(uow, request, due_times, title=title)
            tell_timers(uow, "request", request.id)
    return found[-1].id if found else None


def _requests_of(calendar: CalendarRow) -> Select[UUID]:
    counts: ColumnElement[bool] = SlaClock.calendar_id == calendar.id
    if calendar.is_default:
        counts = or_(counts, SlaClock.calendar_id.is_(None))
    return select(SlaClock.request_id).where(
        counts, SlaClock.done_at.is_(None), SlaClock.seconds.is_not(None)
    )
