"""Changing others of a series as one of them was changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from services.activities.copying import VARIED_TIMES, on_the_wall, shared_fields
from services.activities.model import Activity, ActivitySeries
from services.activities.renewing import Plan, moved_rule, nearest_fit, renew, set_times
from services.activities.series import zone_of
from services.activities.timing import TIME_FIELDS, Timing, timing_of
from services.activities.which import Which, planned_of
from services.errors import Invalid
from services.records.changes import change_record
from services.unit_of_work import UnitOfWork


def share_change(
    uow: UnitOfWork,
    series: ActivitySeries,
    activity: Activity,
    which: str,
    *,
    changed: Iterable[str],
    before: Timing,
) -> None:
    """Change others of a series as one of them was: times and fields that were not changed by hand.

    Args:
        uow: Of whoever did it, and holds the series.
        series: That the activity is in.
        activity: With its change.
        which: ``following`` or ``all``.
        changed: The names of the fields that were given.
        before: The times of the activity before.
    """
    names = [field.name for field in shared_fields() if field.name in changed]
    own = {VARIED_TIMES, *names} if TIME_FIELDS & set(changed) else set(names)
    activity.varied = [name for name in activity.varied if name not in own]
    after = timing_of(activity)
    rows = planned_of(uow, activity, which)
    if after != before:
        first = activity if which == Which.FOLLOWING or not rows else rows[0]
        _share_times(uow, series, activity, first, rows)
    for row in rows:
        values = {n: getattr(activity, n) for n in names if n not in row.varied}
        if row is not activity and values:
            varied = list(row.varied)
            change_record(uow, row, values)
            row.varied = varied


def zone_for(uow: UnitOfWork, activity: Activity, zone: ZoneInfo) -> ZoneInfo:
    """Return the zone in which an activity comes again: whole days keep to the installation's."""
    return uow.platform.settings.timezone if activity.all_day else zone


def _share_times(
    uow: UnitOfWork,
    series: ActivitySeries,
    activity: Activity,
    first: Activity,
    rows: Sequence[Activity],
) -> None:
    """Let the others be at the same time, and as long; a new day is a new rule."""
    zone = zone_for(uow, activity, zone_of(series))
    slot = activity.slot_at
    begin = activity.starts_at or activity.due_at
    if begin is None or slot is None:
        message = "What repeats needs a time."
        raise Invalid(message, {"starts_at": [message]})
    if begin == slot and zone == zone_of(series):
        for row in rows:
            if VARIED_TIMES not in row.varied and row.slot_at is not None:
                set_times(uow, row, activity, row.slot_at, zone)
        return
    rule = moved_rule(series, slot, begin, zone)
    if first is not activity and first.slot_at is not None:
        moved = on_the_wall(first.slot_at, slot, begin, zone)
        # The days are those asked for; how often is left, depends on where it begins.
        rule = replace(rule, times=moved_rule(series, first.slot_at, moved, zone).times)
        begin = nearest_fit(rule, moved, zone)
    renew(uow, series, first, Plan(rule, begin, zone), activity)
