"""Reminding people of their activities, once for each moment, also after the worker was down."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text, union

from services.activities.model import ACTIVITY_KINDS, Activity, Participant
from services.actors import SYSTEM
from services.notifications.model import NotificationKind
from services.notifications.posting import News, tell_people
from services.people.model import User
from services.platform import Platform
from services.unit_of_work import UnitOfWork

REMINDED_AT_ONCE: Final = 500

_TOO_LATE: Final = timedelta(days=30)
"""Nobody is reminded of what was so long ago, such as an imported activity of another year."""

# Marking and telling are one transaction: a worker that dies in between has done neither, and
# two of them never take the same activity. As an array the rows are chosen once, whatever the
# server takes the size of the table for.
_TAKE_DUE: Final = text(
    """
    UPDATE activities SET reminded_at = :now
    WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM activities
      WHERE status = 'planned' AND reminded_at IS NULL AND remind_at IS NOT NULL
        AND remind_at <= :now AND deleted_at IS NULL
      ORDER BY remind_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id, kind, coalesce(starts_at, due_at) AS moment
    """
)


def sweep_reminders(platform: Platform) -> int:
    """Tell people of the activities that are to be remembered by now; return how many it took."""
    return platform.transact(SYSTEM, remind, source="timer")


def remind(uow: UnitOfWork) -> int:
    """Do so in this transaction."""
    found = uow.session.execute(_TAKE_DUE, {"now": uow.now, "limit": REMINDED_AT_ONCE}).all()
    people = _who_is_there(uow, [row.id for row in found])
    for row in found:
        if row.moment < uow.now - _TOO_LATE:
            continue
        news = News(
            kind=NotificationKind.REMINDER.value,
            key=f"reminder:{row.id}:{row.moment.isoformat()}",
            title=ACTIVITY_KINDS.get(row.kind, row.kind),
            record_type="activity",
            record_id=row.id,
            moment=row.moment,
        )
        tell_people(uow, people[row.id], news)
    return len(found)


def _who_is_there(uow: UnitOfWork, keys: list[UUID]) -> defaultdict[UUID, set[UUID]]:
    """Return the people of each activity: its owner, and who takes part and has not declined."""
    people: defaultdict[UUID, set[UUID]] = defaultdict(set)
    if not keys:
        return people
    owners = select(Activity.id, Activity.owner_id).where(
        Activity.id.in_(keys), Activity.owner_id.is_not(None)
    )
    guests = select(Participant.activity_id, Participant.user_id).where(
        Participant.activity_id.in_(keys),
        Participant.user_id.is_not(None),
        Participant.response != "declined",
    )
    both = union(owners, guests).subquery()
    key, person = both.c
    statement = select(key, person).join(User, User.id == person).where(User.active)
    for activity_id, user_id in uow.session.execute(statement):
        people[activity_id].add(user_id)
    return people
