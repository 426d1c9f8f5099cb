"""Making activities of series as time goes on, so that there is always a year of them ahead."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from services.activities.model import ActivitySeries
from services.activities.series import extend
from services.actors import SYSTEM
from services.platform import Platform
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour_in_steps

AT_ONCE: Final = 20
"""How many series one transaction extends."""


@each_hour_in_steps
def look_after_series(platform: Platform) -> int:
    """Extend the series of which more are due; return how many.

    Each is held meanwhile, and has another time to be extended at in the same transaction: two
    workers make nothing twice, and after a crash nothing is left out.
    """
    count = 0
    while some := platform.transact(SYSTEM, extend_some, source="timer"):
        count += some
    return count


def extend_some(uow: UnitOfWork) -> int:
    """Extend some series in this transaction; return how many."""
    due = select(ActivitySeries).where(ActivitySeries.extend_at <= uow.now)
    soonest = due.order_by(ActivitySeries.extend_at, ActivitySeries.id).limit(AT_ONCE)
    found = uow.session.scalars(soonest.with_for_update(skip_locked=True)).all()
    for series in found:
        extend(uow, series)
    uow.session.flush()
    return len(found)
