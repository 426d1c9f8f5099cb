"""Where an activity stands in its series."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func

from services.activities.model import Activity, ActivitySeries, ActivityStatus
from services.activities.recurrence import Recurrence
from services.activities.series import recurrence_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """A series as it is seen from one of its activities.

    Attributes:
        name: The rule as people say it.
        before_id: The one before, as far as the actor may see it; ``after_id`` likewise.
        coming: How many are planned after this one.
        is_endless: Whether more are made as time goes on.
    """

    name: str
    recurrence: Recurrence
    timezone: str
    before_id: UUID | None
    after_id: UUID | None
    coming: int
    is_endless: bool


def place_in_series(uow: UnitOfWork, activity: Activity) -> SeriesPlace | None:
    """Return where an activity stands in its series; None if it is in none."""
    if activity.series_id is None or activity.slot_at is None:
        return None
    series = uow.session.get(ActivitySeries, activity.series_id)
    if series is None:
        return None
    others = uow.select(Activity).where(Activity.series_id == series.id)
    earlier = others.where(Activity.slot_at < activity.slot_at).order_by(Activity.slot_at.desc())
    later = others.where(Activity.slot_at > activity.slot_at)
    planned = later.where(Activity.status == ActivityStatus.PLANNED.value)
    keys = (earlier, later.order_by(Activity.slot_at))
    before, after = (
        uow.session.scalars(one.with_only_columns(Activity.id).limit(1)).first() for one in keys
    )
    return SeriesPlace(
        name=series.name,
        recurrence=recurrence_of(series),
        timezone=series.timezone,
        before_id=before,
        after_id=after,
        coming=uow.session.scalar(planned.with_only_columns(func.count())) or 0,
        is_endless=series.extend_at is not None,
    )
