"""A series that comes at other times from one of its activities on.

What there is already moves along where the new rule has a place for it; what was changed by hand
keeps what was changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.activities.copying import VARIED_TIMES, add_copies, times_at
from services.activities.model import Activity, ActivitySeries, ActivityStatus
from services.activities.recurrence import Frequency, Recurrence
from services.activities.series import (
    end_before,
    look_ahead,
    recurrence_of,
    set_rule,
    slots_until,
    zone_of,
)
from services.actors import Verb
from services.database import new_id
from services.records.changes import change_record
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Plan:
    """When a series is to come: by a rule, from ``begin`` on, which fits it, in a zone."""

    recurrence: Recurrence
    begin: datetime
    zone: ZoneInfo


def renew(
    uow: UnitOfWork, series: ActivitySeries, first: Activity, plan: Plan, pattern: Activity
) -> ActivitySeries:
    """Let a series come by another plan from ``first`` on, which is then at its beginning.

    What came before it stays, and ends there: the rest is a series of its own. Nothing is made
    for what is over.

    Args:
        uow: Of whoever changes it, and holds the series.
        series: To be changed.
        first: From this one of it on.
        plan: When it is to come.
        pattern: How long each of them is, and what new ones are like.

    Returns:
        The series of ``first`` from now on.
    """
    begin, zone = plan.begin, plan.zone
    slot = first.slot_at or begin
    before, rows = _parts(uow, series, slot)
    old = [one for one in slots_until(series, series.made_until) if one >= slot]
    old_rule, old_zone = recurrence_of(series), zone_of(series)
    target = _begin_anew(uow, series, slot) if before else series
    set_rule(target, plan.recurrence, zone)
    target.starts_at = begin
    outlook = look_ahead(target, uow.now, None)
    target.extend_at = outlook.extend_at
    target.made_until = outlook.slots[-1] if outlook.slots else begin
    uow.session.flush()
    by_key = dict(
        zip(_keys(outlook.slots, plan.recurrence, old_rule, zone), outlook.slots, strict=True)
    )
    old_keys = _keys(old, old_rule, plan.recurrence, old_zone)
    places = {one: by_key[key] for one, key in zip(old, old_keys, strict=True) if key in by_key}
    for row in rows:
        _settle(uow, row, target, places.get(row.slot_at or slot), pattern)
    taken = set(places.values())
    wanted = [one for one in outlook.slots if one > uow.now and one not in taken]
    add_copies(uow, pattern, wanted, target.id, zone)
    return target


def moved_rule(
    series: ActivitySeries, slot: datetime, begin: datetime, zone: ZoneInfo
) -> Recurrence:
    """Return the rule of a series whose activity at ``slot`` is moved to ``begin``.

    Of so many times, those before it are done with.
    """
    rule = recurrence_of(series)
    before = slot.astimezone(zone_of(series)).date()
    day = begin.astimezone(zone).date()
    moved = rule.moved(before, day)
    if rule.until is not None and rule.until < day:
        moved = replace(moved, until=day)
    if rule.times is None:
        return moved
    past = sum(1 for one in slots_until(series, slot) if one < slot)
    return replace(moved, times=max(1, rule.times - past))


def nearest_fit(recurrence: Recurrence, day_begin: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at the same hour, on the day nearest to it that the rule can begin on."""
    local = day_begin.astimezone(zone)
    for days in sorted(range(-31, 32), key=abs):
        one = local + timedelta(days=days)
        if recurrence.fits(one.date()):
            return one.astimezone(day_begin.tzinfo)
    return day_begin


def _parts(
    uow: UnitOfWork, series: ActivitySeries, slot: datetime
) -> tuple[bool, Sequence[Activity]]:
    """Tell whether there are activities before a slot, and return the others, which are held."""
    of_series = select(Activity).where(Activity.series_id == series.id)
    earlier = of_series.where(Activity.slot_at < slot).with_only_columns(Activity.id).limit(1)
    later = of_series.where(Activity.slot_at >= slot).order_by(Activity.slot_at)
    held = later.with_for_update().execution_options(populate_existing=True)
    uow.session.flush()
    return uow.session.scalar(earlier) is not None, uow.session.scalars(held).all()


def _begin_anew(uow: UnitOfWork, series: ActivitySeries, slot: datetime) -> ActivitySeries:
    """End a series before a slot, and return another for what comes from there on."""
    target = ActivitySeries(
        id=new_id(),
        name=series.name,
        rule=series.rule,
        timezone=series.timezone,
        starts_at=slot,
        made_until=series.made_until,
    )
    uow.session.add(target)
    end_before(series, slot)
    return target


def _keys(
    slots: Sequence[datetime], rule: Recurrence, other: Recurrence, zone: ZoneInfo
) -> list[Any]:
    """Return by what each slot is found again under the other rule.

    Days and weeks are counted, months and years named: those that are too short have none. Where
    the rules differ in more than the days, it is the date.
    """
    local = [slot.astimezone(zone).replace(tzinfo=None) for slot in slots]
    if rule.frequency is not other.frequency:
        return [one.date() for one in local]
    if rule.frequency in {Frequency.MONTHLY, Frequency.YEARLY}:
        return [rule.period(one) - rule.period(local[0]) for one in local]
    if rule.every == other.every and len(rule.weekdays) == len(other.weekdays):
        return list(range(len(local)))
    return [one.date() for one in local]


def _settle(
    uow: UnitOfWork,
    row: Activity,
    series: ActivitySeries,
    slot: datetime | None,
    pattern: Activity,
) -> None:
    """Bring one activity to its place in the series, or out of it."""
    planned = row.status == ActivityStatus.PLANNED and row.deleted_at is None
    is_ours = not planned or uow.may_do(Verb.UPDATE, row)
    if slot is None or not is_ours:
        if planned and is_ours and not row.varied and (row.slot_at or uow.now) > uow.now:
            remove(uow, row)
        row.series_id, row.slot_at, row.varied = None, None, []
        return
    row.series_id, row.slot_at = series.id, slot
    if planned and VARIED_TIMES not in row.varied:
        set_times(uow, row, pattern, slot, zone_of(series))


def set_times(
    uow: UnitOfWork, row: Activity, pattern: Activity, slot: datetime, zone: ZoneInfo
) -> None:
    """Let an activity be when the series has it, as long as the pattern."""
    varied = list(row.varied)
    timing = times_at(pattern, slot, zone, uow.platform.settings.timezone)
    change_record(uow, row, timing.as_values())
    row.varied = varied


def remove(uow: UnitOfWork, row: Activity) -> None:
    """Put one of a series into the bin."""
    row.deleted_at, row.deleted_by = uow.now, uow.actor.name
    add_entry(uow, row, "deleted", "Deleted this activity with its series")
    uow.emit("activity.deleted", "activity", row.id)
