"""What people do in some days, for their calendars."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, union_all

from services.activities.calendar_file import TIMES
from services.activities.model import Activity, ActivityStatus, Participant
from services.database import is_among
from services.errors import NotAllowed
from services.unit_of_work import UnitOfWork

MOST_SHOWN: Final = 1_000
_LONGEST: Final = timedelta(days=367)


@dataclass(frozen=True, slots=True)
class Diary:
    """The activities of some days.

    Attributes:
        rows: In the order in which they begin.
        people: By the key of an activity: those of the people asked for who do it.
        is_cut: Whether there are more than are shown.
    """

    rows: Sequence[Activity]
    people: Mapping[UUID, Collection[UUID]]
    is_cut: bool


def diary_of(uow: UnitOfWork, people: Collection[UUID], begin: datetime, end: datetime) -> Diary:
    """Return what some people do from ``begin`` to ``end``, as far as the actor may see it.

    That is what they own, and where they take part. What was called off is left out.

    Raises:
        NotAllowed: The actor's roles don't show when activities are.
    """
    if TIMES & uow.actor.hidden_fields("activity"):
        raise NotAllowed("Your roles don't show you when activities are.")
    seats = Participant.user_id.in_(people), Participant.response != "declined"
    taking_part = select(Participant.activity_id).where(*seats)
    timed, due = _timed(begin, end), _due(begin, end)
    # Each part is found by an index of its own.
    keys = union_all(
        *(select(Activity.id).where(Activity.owner_id.in_(people), one) for one in (timed, due)),
        select(Activity.id).where(is_among(Activity.id, taking_part), or_(timed, due)),
    )
    statement = uow.select(Activity).where(
        is_among(Activity.id, keys), Activity.status != ActivityStatus.CANCELLED.value
    )
    ordered = statement.order_by(Activity.starts_at, Activity.due_at, Activity.id)
    rows = uow.session.scalars(ordered.limit(MOST_SHOWN + 1)).all()
    shown = rows[:MOST_SHOWN]
    return Diary(shown, _who(uow, people, shown), len(rows) > MOST_SHOWN)


def _timed(begin: datetime, end: datetime) -> ColumnElement[bool]:
    """Return the condition of what has a beginning; nothing lasts longer than a year."""
    return and_(
        Activity.starts_at < end,
        Activity.starts_at >= begin - _LONGEST,
        or_(Activity.starts_at >= begin, Activity.ends_at > begin),
    )


def _due(begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(Activity.starts_at.is_(None), Activity.due_at >= begin, Activity.due_at < end)


def _who(
    uow: UnitOfWork, people: Collection[UUID], rows: Sequence[Activity]
) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
    for row in rows:
        if row.owner_id is not None and row.owner_id in people:
            found[row.id].add(row.owner_id)
    seats: Any = select(Participant.activity_id, Participant.user_id).where(
        Participant.activity_id.in_(list(found)),
        Participant.user_id.in_(people),
        Participant.response != "declined",
    )
    for activity_id, user_id in uow.session.execute(seats) if found else ():
        found[activity_id].add(user_id)
    return found
