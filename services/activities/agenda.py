"""What is to be done when: one's own agenda, and the next activity of each of some records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from services.activities.model import Activity, ActivityStatus, Participant
from services.activities.timing import days_of
from services.database import is_among
from services.unit_of_work import UnitOfWork

MAX_SHOWN = 300
_OPEN = Activity.status == ActivityStatus.PLANNED.value


@dataclass(slots=True)
class Agenda:
    """A person's planned activities by when they come.

    Attributes:
        week: From tomorrow to the end of this week; on its last day, the next seven days.
        later: After that, of each series the first.
        undated: Without any time.
        is_cut: Whether there are more than are shown.
    """

    overdue: list[Activity] = field(default_factory=list)
    today: list[Activity] = field(default_factory=list)
    week: list[Activity] = field(default_factory=list)
    later: list[Activity] = field(default_factory=list)
    undated: list[Activity] = field(default_factory=list)
    is_cut: bool = False


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition of activities that should be done by now."""
    return and_(_OPEN, Activity.due_at < now)


def overdue(activity: Activity, now: datetime) -> bool:
    """Tell the same of an activity at hand."""
    planned = activity.status == ActivityStatus.PLANNED
    return planned and activity.due_at is not None and activity.due_at < now


def my_agenda(uow: UnitOfWork, zone: ZoneInfo | None = None) -> Agenda:
    """Return what the actor has planned or takes part in, unless it has declined.

    Days begin at midnight in ``zone``, the installation's if it is None.
    """
    taking_part = select(Participant.activity_id).where(
        Participant.user_id == uow.actor.user_id, Participant.response != "declined"
    )
    mine = or_(Activity.owner_id == uow.actor.user_id, is_among(Activity.id, taking_part))
    statement = uow.select(Activity).where(_OPEN, mine)
    zone = zone or uow.platform.settings.timezone
    _, next_week = _bounds(uow, zone)
    statement = statement.where(_first_of_series(since=next_week))
    soonest = statement.order_by(Activity.due_at.nulls_last(), Activity.id).limit(MAX_SHOWN + 1)
    rows = uow.session.scalars(soonest).all()
    agenda = _grouped(uow, rows[:MAX_SHOWN], zone)
    agenda.is_cut = len(rows) > MAX_SHOWN
    return agenda


def next_activities(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, Activity]:
    """Return the soonest planned activity of each of some records, in one statement.

    Records without one, or of which the actor may not see any, are left out.
    """
    wanted = list(keys)
    if not wanted:
        return {}
    statement = (
        uow.select(Activity)
        .where(_OPEN, Activity.regarding_id.in_(wanted))
        .ext(distinct_on(Activity.regarding_id))
        .order_by(Activity.regarding_id, Activity.due_at.nulls_last(), Activity.id)
    )
    rows = uow.session.scalars(statement)
    return {row.regarding_id: row for row in rows if row.regarding_id is not None}


def activities_about(uow: UnitOfWork, record_id: UUID, limit: int = 20) -> Sequence[Activity]:
    """Return the planned activities about a record, the soonest first, and of each series."""
    statement = uow.select(Activity).where(
        _OPEN, Activity.regarding_id == record_id, _first_of_series()
    )
    soonest = statement.order_by(Activity.due_at.nulls_last(), Activity.id)
    return uow.session.scalars(soonest.limit(limit)).all()


def begins(activity: Activity) -> datetime | None:
    """Return when an activity is looked for: at its start, or when it is due."""
    return activity.starts_at or activity.due_at


def _first_of_series(since: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition that nothing of the same series is to be done before.

    Series have a hundred of them; ``since`` lets all pass that come before that moment.
    """
    sooner = aliased(Activity)
    others = select(sooner.id).where(
        sooner.series_id == Activity.series_id,
        sooner.slot_at < Activity.slot_at,
        sooner.status == ActivityStatus.PLANNED.value,
        sooner.deleted_at.is_(None),
    )
    if since is None:
        return or_(Activity.series_id.is_(None), ~others.exists())
    early = Activity.due_at < since
    others = others.where(sooner.due_at >= since)
    return or_(Activity.series_id.is_(None), early, ~others.exists())


def _bounds(uow: UnitOfWork, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when tomorrow begins, and when the days end that are shown one by one."""
    today = uow.now.astimezone(zone).date()

    def midnight(days: int) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(), zone).astimezone(UTC)

    days_left = 7 - today.weekday()
    return midnight(1), midnight(days_left if days_left > 1 else 8)


def _grouped(uow: UnitOfWork, rows: Sequence[Activity], zone: ZoneInfo) -> Agenda:
    tomorrow, next_week = _bounds(uow, zone)
    agenda = Agenda()
    own_zone = uow.platform.settings.timezone
    for row in sorted(rows, key=lambda one: begins(one) or one.created_at):
        at = begins(row)
        if row.all_day and row.starts_at is not None:
            at = datetime.combine(days_of(row, own_zone)[0], time(), zone)
        if at is None:
            agenda.undated.append(row)
        elif overdue(row, uow.now):
            agenda.overdue.append(row)
        elif at < tomorrow:
            agenda.today.append(row)
        elif at < next_week:
            agenda.week.append(row)
        else:
            agenda.later.append(row)
    return agenda
