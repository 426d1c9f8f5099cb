"""Where the entries of a calendar stand: on which day, at which hour, beside which others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.activities.model import Activity
from services.activities.timing import days_of

QUARTERS: Final = 96
_SHORTEST: Final = 2
"""In quarters of an hour: what is shorter could not be read."""

MOST_LANES: Final = 6


@dataclass(slots=True)
class Entry:
    """An activity on one day.

    Attributes:
        first: The quarter of an hour in which it begins, 0 at midnight.
        quarters: How many of them it takes on this day.
        lane: Which of ``lanes`` columns side by side it stands in, where several overlap.
        tone: The number of the person whose it is; ``is_shared``: of several who are shown.
        begins_before: It has begun on a day before; ``ends_after`` likewise.
    """

    activity: Activity
    first: int = 0
    quarters: int = QUARTERS
    lane: int = 0
    lanes: int = 1
    tone: int = 0
    is_shared: bool = False
    begins_before: bool = False
    ends_after: bool = False


@dataclass(slots=True)
class Column:
    """One day of one or more people; ``whole`` are entries without hours."""

    day: date
    label: str = ""
    timed: list[Entry] = field(default_factory=list)
    whole: list[Entry] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """All of them, as a month shows them."""
        return [*self.whole, *self.timed]


def fill(
    column: Column, activities: Iterable[Activity], zone: ZoneInfo, own_zone: ZoneInfo
) -> Iterator[Entry]:
    """Put into a column what of some activities is on its day; yield the entries that were made.

    Args:
        column: Of one day.
        activities: In the order in which they begin.
        zone: The reader's, in which hours are shown.
        own_zone: The installation's, in which whole days are days.
    """
    for activity in activities:
        entry = _entry(activity, column.day, zone, own_zone)
        if entry is None:
            continue
        (column.whole if entry.quarters >= QUARTERS else column.timed).append(entry)
        yield entry
    column.timed.sort(key=lambda one: (one.first, -one.quarters))
    _lay_side_by_side(column.timed)


def _entry(activity: Activity, day: date, zone: ZoneInfo, own_zone: ZoneInfo) -> Entry | None:
    """Return an activity as it is on a day; None if it isn't."""
    if activity.all_day and activity.starts_at is not None:
        first, last = days_of(activity, own_zone)
        if not first <= day <= last:
            return None
        return Entry(activity, begins_before=first < day, ends_after=last > day)
    begin = activity.starts_at or activity.due_at
    if begin is None:
        return None
    end = begin if activity.starts_at is None else activity.ends_at or begin
    start, over = (one.astimezone(zone).replace(tzinfo=None) for one in (begin, end))
    midnight = datetime.combine(day, time())
    tomorrow = midnight + timedelta(days=1)
    if start >= tomorrow or (over <= midnight and start < midnight):
        return None
    first_quarter = _quarter(max(start, midnight), midnight)
    last_quarter = -_quarter(midnight, min(over, tomorrow))
    quarters = max(_SHORTEST, last_quarter - first_quarter)
    # What is short and late in the evening begins a little earlier, so as to have its height.
    first_quarter = min(first_quarter, QUARTERS - quarters)
    return Entry(
        activity,
        first=first_quarter,
        quarters=quarters,
        begins_before=start < midnight,
        ends_after=over > tomorrow,
    )


def _quarter(moment: datetime, since: datetime) -> int:
    return (moment - since) // timedelta(minutes=15)


def _lay_side_by_side(entries: Sequence[Entry]) -> None:
    """Give each entry a lane, so that those that overlap stand beside each other."""
    together: list[Entry] = []
    ends: list[int] = []
    for entry in entries:
        if together and entry.first >= max(ends):
            _share(together, len(ends))
            together, ends = [], []
        free = next((lane for lane, end in enumerate(ends) if end <= entry.first), len(ends))
        if free == len(ends):
            ends.append(0)
        ends[free] = entry.first + entry.quarters
        entry.lane = min(free, MOST_LANES - 1)
        together.append(entry)
    _share(together, len(ends))


def _share(entries: Iterable[Entry], lanes: int) -> None:
    for entry in entries:
        entry.lanes = min(lanes, MOST_LANES)
