"""Series: when they come, how far ahead there are activities for it, and where they end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.activities.copying import add_copies
from services.activities.model import Activity, ActivitySeries
from services.activities.recurrence import Recurrence, read_recurrence
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

FAR_AHEAD: Final = timedelta(days=366)
MOST_AHEAD: Final = 100
LEAST_AHEAD: Final = 2
"""How many there are ahead at least, such as of what comes each year."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of a series there are to be activities for by now.

    Attributes:
        slots: Those that were not made before, also the ones that are over meanwhile.
        extend_at: When there are more; None for never.
    """

    slots: list[datetime]
    extend_at: datetime | None


def zone_of(series: ActivitySeries) -> ZoneInfo:
    """Return the zone in whose clock on the wall a series is."""
    return ZoneInfo(series.timezone)


def recurrence_of(series: ActivitySeries) -> Recurrence:
    """Return the rule of a series."""
    return read_recurrence(series.rule, zone_of(series))


def slots_of(series: ActivitySeries) -> Iterator[datetime]:
    """Yield when a series comes, in UTC, from its first time on.

    What falls into an hour that the clocks leave out is as much later (RFC 5545 3.3.5).
    """
    zone = zone_of(series)
    first = series.starts_at.astimezone(zone).replace(tzinfo=None)
    for slot in recurrence_of(series).slots(first):
        yield slot.replace(tzinfo=zone).astimezone(UTC)


def slots_until(series: ActivitySeries, last: datetime) -> list[datetime]:
    """Return when a series comes up to a moment, with it."""
    found = []
    for slot in slots_of(series):
        if slot > last:
            break
        found.append(slot)
    return found


def set_rule(series: ActivitySeries, recurrence: Recurrence, zone: ZoneInfo) -> None:
    """Let a series come by a rule, in a zone."""
    series.rule, series.name = recurrence.rule(zone), recurrence.words()
    series.timezone = zone.key


def look_ahead(series: ActivitySeries, now: datetime, made_until: datetime | None) -> Outlook:
    """Return what there are to be activities for, after those up to ``made_until``.

    That is a year, but at least two and at most a hundred of what is to come.
    """
    slots: list[datetime] = []
    coming: list[datetime] = []
    for slot in slots_of(series):
        if slot > now:
            coming.append(slot)
            if len(coming) > MOST_AHEAD:
                return Outlook(slots, coming[0])
            if slot > now + FAR_AHEAD and len(coming) > LEAST_AHEAD:
                return Outlook(slots, min(slot - FAR_AHEAD, coming[0]))
        if made_until is None or slot > made_until:
            slots.append(slot)
    return Outlook(slots, None)


def extend(uow: UnitOfWork, series: ActivitySeries) -> list[Activity]:
    """Make the activities that a series is to have by now; the caller holds it.

    They are like the latest that was not changed by hand. Nothing is made for what is over, and
    no more about a record that was deleted.
    """
    pattern = pattern_of(uow, series.id)
    if pattern is None or _is_about_nothing(uow, pattern):
        series.extend_at = None
        return []
    outlook = look_ahead(series, uow.now, series.made_until)
    series.extend_at = outlook.extend_at
    if outlook.slots:
        series.made_until = outlook.slots[-1]
    wanted = [slot for slot in outlook.slots if slot > uow.now]
    return add_copies(uow, pattern, wanted, series.id, zone_of(series))


def pattern_of(uow: UnitOfWork, series_id: UUID) -> Activity | None:
    """Return which one of a series the next ones are like."""
    by_hand = func.jsonb_array_length(Activity.varied) > 0
    statement = (
        select(Activity)
        .where(Activity.series_id == series_id)
        .order_by(Activity.deleted_at.is_not(None), by_hand, Activity.slot_at.desc())
    )
    return uow.session.scalars(statement.limit(1)).first()


def end_before(series: ActivitySeries, moment: datetime) -> None:
    """Let a series come no more from ``moment`` on; the caller sees to its activities."""
    series.extend_at = None
    left = slots_until(series, moment - timedelta(microseconds=1))
    zone = zone_of(series)
    last = left[-1] if left else series.starts_at
    day = last.astimezone(zone).date()
    set_rule(series, replace(recurrence_of(series), times=None, until=day), zone)
    series.made_until = min(series.made_until, last)


def end_after(series: ActivitySeries, slot: datetime) -> None:
    """Let a series come for the last time at ``slot``; the caller sees to its activities."""
    end_before(series, slot + timedelta(microseconds=1))


def _is_about_nothing(uow: UnitOfWork, pattern: Activity) -> bool:
    """Tell whether the record that it is about is gone."""
    if pattern.regarding_id is None:
        return False
    about = find_record_type(pattern.regarding_type or "")
    record = None if about is None else uow.session.get(about.model, pattern.regarding_id)
    return record is None or record.deleted_at is not None
