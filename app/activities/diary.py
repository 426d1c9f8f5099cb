"""The calendar: a day, a week or a month of oneself and of colleagues, in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.activities.layout import Column, Entry, fill
from app.context import settings
from app.forms import form_arguments, reason_of
from app.views import wants_json
from app.zones import reader_zone
from services.activities.diary import Diary, diary_of
from services.activities.model import Activity
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.people.model import User
from services.unit_of_work import UnitOfWork

VIEWS: Final = {"day": "Day", "week": "Week", "month": "Month"}
MOST_PEOPLE: Final = 6
_DAY: Final = timedelta(days=1)
_FAR: Final = (date(1971, 1, 1), date(9000, 1, 1))


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are shown.

    Attributes:
        day: The one that was asked for.
        first: The first one that is shown; ``count`` of them in all.
        before: Where "before" leads to; ``after`` likewise.
    """

    view: str
    day: date
    first: date
    count: int
    before: date
    after: date

    @property
    def days(self) -> list[date]:
        """All of them."""
        return [self.first + timedelta(days=n) for n in range(self.count)]

    @property
    def title(self) -> str:
        """What people call it."""
        if self.view == "month":
            return f"{self.day:%B %Y}"
        if self.view == "day":
            return f"{self.day:%A}, {self.day.day} {self.day:%B %Y}"
        last = self.first + timedelta(days=6)
        month = "" if self.first.month == last.month else f" {self.first:%b}"
        return f"{self.first.day}{month} to {last.day} {last:%b %Y}"


def show(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the calendar that the address asks for, or only its grid to a script."""
    zone = reader_zone()
    today = uow.now.astimezone(zone).date()
    span = _span(request.args.get("view", "week"), _asked_day(today))
    people = _people(uow)
    begin, end = (_midnight(day, zone) for day in (span.first, span.days[-1] + timedelta(days=1)))
    # Whole days are those of the installation, which begin earlier or later than the reader's.
    diary = diary_of(uow, list(people), begin - _DAY, end + _DAY)
    template = "activities/grid.html" if request.args.get("part") else "activities/calendar.html"
    return render_template(
        template,
        span=span,
        views=VIEWS,
        today=today,
        now=uow.now.astimezone(zone),
        people=people,
        columns=list(_columns(span, people, diary, zone)),
        is_cut=diary.is_cut,
        zone=zone,
        is_full=len(people) >= MOST_PEOPLE,
    )


def move(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Move an activity to another day or hour, by which it was dragged; it lasts as long."""
    activity = uow.get(Activity, key)
    given = form_arguments(("day", "time", "which"))
    which = {"which": given["which"]} if given.get("which") else {}
    times = _moved(activity, given.get("day", ""), given.get("time", ""))
    run(uow, "activity.reschedule", {"activity_id": str(key), **times, **which})
    if wants_json():
        return {"moved": str(key)}
    flash("Moved.", "good")
    return redirect(url_for("agenda.diary"))


def explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the calendar why the activity ``key`` stays where it is."""
    flash(reason_of(error), "bad")
    return redirect(url_for("agenda.diary", moved=key))


def _moved(activity: Activity, day_text: str, time_text: str) -> dict[str, str]:
    """Return the argument that puts an activity on a day; at its old hour if none is given."""
    name = "due_at" if activity.starts_at is None else "starts_at"
    zone = settings().timezone if activity.all_day else reader_zone()
    old = (activity.starts_at or activity.due_at or activity.created_at).astimezone(zone)
    try:
        day = date.fromisoformat(day_text) if day_text else old.date()
        hour = time.fromisoformat(time_text) if time_text else old.time()
        moved = datetime.combine(day, hour.replace(tzinfo=None), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "This is no day and time."
        raise Invalid(message, {name: [message]}) from None
    return {name: moved.isoformat()}


def _asked_day(today: date) -> date:
    try:
        asked = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return today
    return min(max(asked, _FAR[0]), _FAR[1])


def _span(view: str, day: date) -> Span:
    if view == "day":
        return Span(view, day, day, 1, day - _DAY, day + _DAY)
    if view == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        monday = first - timedelta(days=first.weekday())
        weeks = ((after - monday).days + 6) // 7
        return Span(view, day, monday, weeks * 7, (first - _DAY).replace(day=1), after)
    monday = day - timedelta(days=day.weekday())
    return Span("week", day, monday, 7, day - timedelta(weeks=1), day + timedelta(weeks=1))


def _people(uow: UnitOfWork) -> dict[UUID, str]:
    """Return those whose calendars are shown, oneself if nobody is named."""
    asked = []
    for text in request.args.getlist("with"):
        try:
            asked.append(UUID(text))
        except ValueError:
            continue
    asked = list(dict.fromkeys(asked))[:MOST_PEOPLE]
    if not asked and uow.actor.user_id is not None:
        asked = [uow.actor.user_id]
    statement = select(User.id, User.name).where(User.id.in_(asked), User.active)
    names: dict[UUID, str] = {key: name for key, name in uow.session.execute(statement)}  # noqa: C416 - rows are no pairs to dict
    return {key: names[key] for key in asked if key in names}


def _columns(
    span: Span, people: Mapping[UUID, str], diary: Diary, zone: ZoneInfo
) -> Iterator[Column]:
    """Yield the days; of one day, each of several people has a column."""
    order = list(people)
    if span.view == "day" and len(people) > 1:
        for key, name in people.items():
            column = Column(span.day, name)
            _fill(column, [row for row in diary.rows if key in diary.people[row.id]], zone)
            for entry in column.entries:
                entry.tone = order.index(key)
            yield column
        return
    for day in span.days:
        column = Column(day)
        for entry in _fill(column, diary.rows, zone):
            _colour(entry, diary, order)
        yield column


def _fill(column: Column, rows: Sequence[Any], zone: ZoneInfo) -> list[Entry]:
    return list(fill(column, rows, zone, settings().timezone))


def _colour(entry: Entry, diary: Diary, order: Sequence[UUID]) -> None:
    whose = [number for number, key in enumerate(order) if key in diary.people[entry.activity.id]]
    entry.tone = whose[0] if whose else 0
    entry.is_shared = len(whose) > 1


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
