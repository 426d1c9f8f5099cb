"""What the activities of one series have in common, and making one after another's pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.activities.model import ACTIVITY, ACTIVITY_KINDS, HELD_KINDS, Activity, Participant
from services.activities.participants import participants_of
from services.activities.timing import TIME_FIELDS, Timing, settle, timing_of
from services.database import new_id
from services.records.changes import follower
from services.records.timeline import add_entry
from services.records.types import Field
from services.unit_of_work import UnitOfWork

VARIED_TIMES: Final = "times"
"""Stands in ``Activity.varied`` for all that says when it is."""

_OF_ONE_ALONE: Final = frozenset({"result"})
_KEPT_COLUMNS: Final = ("regarding_type", "regarding_id", "account_id")


def shared_fields() -> list[Field]:
    """Return the fields, but for the times, that all of a series have alike unless one was changed.

    What only one record may have, and files, which lie at one record, are nobody else's.
    """
    return [
        field
        for field in ACTIVITY.fields
        if field.writable
        and field.name not in _OF_ONE_ALONE | TIME_FIELDS
        and not field.is_computed
        and not field.rules.is_unique
        and field.kind != "file"
    ]


@follower("activity")
def note_varied(
    _uow: UnitOfWork, activity: Activity, changes: Mapping[str, tuple[Any, Any]] | None
) -> None:
    """Remember what was changed of one of a series, so that the series leaves it."""
    if changes is None or activity.series_id is None:
        return
    shared = {field.name for field in shared_fields()}
    names = {
        VARIED_TIMES if name in TIME_FIELDS else name
        for name in changes
        if name in shared | TIME_FIELDS
    }
    if names - set(activity.varied):
        activity.varied = sorted({*activity.varied, *names})


def times_at(pattern: Activity, slot: datetime, zone: ZoneInfo, own_zone: ZoneInfo) -> Timing:
    """Return the times of what is like ``pattern``, but begins, or is due, at ``slot``.

    It lasts as long. A due time of its own is as far off by the clock on the wall.

    Args:
        pattern: It has a time.
        slot: When the series has it.
        zone: Of the series.
        own_zone: Of the installation, in which whole days are days.
    """
    timing = timing_of(pattern)
    if timing.starts_at is None:
        return settle(pattern.kind, timing, {"due_at": slot}, own_zone)
    given = {"starts_at": slot}
    over = timing.ends_at or timing.starts_at
    has_own_due = pattern.kind not in HELD_KINDS and not timing.all_day
    if has_own_due and timing.due_at is not None and timing.due_at != over:
        given["due_at"] = on_the_wall(timing.due_at, timing.starts_at, slot, zone)
    return settle(pattern.kind, timing, given, own_zone)


def on_the_wall(moment: datetime, before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return ``moment`` as much later by the clock on the wall as ``after`` is than ``before``."""
    by = _wall(after, zone) - _wall(before, zone)
    return (_wall(moment, zone) + by).replace(tzinfo=zone).astimezone(moment.tzinfo)


def add_copies(
    uow: UnitOfWork,
    pattern: Activity,
    slots: Iterable[datetime],
    series_id: UUID,
    zone: ZoneInfo,
) -> list[Activity]:
    """Make an activity like ``pattern`` for each of the slots, with the same people."""
    own_zone = uow.platform.settings.timezone
    values = _values_of(pattern)
    made = [
        Activity(
            id=new_id(),
            series_id=series_id,
            slot_at=slot,
            **values,
            **times_at(pattern, slot, zone, own_zone).as_values(),
        )
        for slot in slots
    ]
    uow.session.add_all(made)
    people = participants_of(uow, [pattern.id]) if made else ()
    for one in made:
        uow.session.add_all(_seat(one, person) for person in people)
        kind = ACTIVITY_KINDS[one.kind].lower()
        add_entry(uow, one, "created", f"Planned {kind} “{one.subject}” as part of a series")
    uow.session.flush()
    return made


def _values_of(pattern: Activity) -> dict[str, Any]:
    shared = shared_fields()
    values = {field.name: getattr(pattern, field.name) for field in shared if not field.is_added}
    added = {field.name.removeprefix("c_") for field in shared if field.is_added}
    values["custom"] = {key: value for key, value in pattern.custom.items() if key in added}
    return values | {name: getattr(pattern, name) for name in _KEPT_COLUMNS}


def _seat(activity: Activity, person: Participant) -> Participant:
    """Return a person's place in another one of the series; the answer holds for it too."""
    return Participant(
        activity_id=activity.id,
        user_id=person.user_id,
        contact_id=person.contact_id,
        lead_id=person.lead_id,
        response=person.response,
        responded_at=person.responded_at,
    )


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
