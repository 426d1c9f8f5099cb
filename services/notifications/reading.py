"""What somebody was told, as far as it may still see the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, or_, select

from services.notifications.model import Notification
from services.records.timeline import TimelineRow
from services.records.types import find_record_type, title_of
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour

SHOWN: Final = 50
MOST_COUNTED: Final = 99
KEPT_READ: Final = timedelta(days=90)
KEPT_UNREAD: Final = timedelta(days=365)

_SNIPPET: Final = 200
_MOMENTS: Final = {"activity": {"starts_at", "due_at"}}
"""By type of record: the fields that a notification's moment is taken from."""


@dataclass(frozen=True, slots=True)
class Told:
    """A notification as it is shown.

    Attributes:
        text: What the note says, shortened; empty for a reminder.
    """

    id: UUID
    kind: str
    title: str
    text: str
    record_type: str
    record_id: UUID
    record_title: str
    moment: datetime | None
    at: datetime
    read_at: datetime | None


def count_unread(uow: UnitOfWork) -> int:
    """Return how many notifications the actor has not read, counted to a bit over 99.

    It takes one statement where there are none, and two otherwise.
    """
    mine = _unread(uow)
    types = uow.session.scalars(select(Notification.record_type).where(mine).distinct()).all()
    if not types:
        return 0
    rows = select(Notification.id).where(mine, _visible(uow, types)).limit(MOST_COUNTED + 1)
    return uow.session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def list_notifications(
    uow: UnitOfWork, *, unread: bool = False, before: UUID | None = None, limit: int = SHOWN
) -> list[Told]:
    """Return what the actor was told, the newest first; ``before`` is the key of one of them."""
    statement = select(Notification).where(Notification.user_id == uow.actor.user_id)
    if unread:
        statement = statement.where(Notification.read_at.is_(None))
    if before is not None:
        statement = statement.where(Notification.id < before)
    types = uow.session.scalars(
        select(Notification.record_type).where(Notification.user_id == uow.actor.user_id).distinct()
    ).all()
    statement = statement.where(_visible(uow, types)).order_by(Notification.id.desc())
    return shown(uow, uow.session.scalars(statement.limit(limit)).all())


def shown(uow: UnitOfWork, rows: Sequence[Notification]) -> list[Told]:
    """Return notifications with what the actor may see; those of other records are left out."""
    records = _records(uow, rows)
    about = [row.about_id for row in rows if row.about_id is not None]
    notes = {}
    if about:
        found = select(TimelineRow.id, TimelineRow.body).where(TimelineRow.id.in_(about))
        notes = {row.id: row.body or "" for row in uow.session.execute(found)}
    silent = {name for name, fields in _MOMENTS.items() if fields & uow.actor.hidden_fields(name)}
    return [
        Told(
            id=row.id,
            kind=row.kind,
            title=row.title,
            text=_shortened(notes.get(row.about_id, "")) if row.about_id else "",
            record_type=row.record_type,
            record_id=row.record_id,
            record_title=title_of(records[row.record_id]),
            moment=None if row.record_type in silent else row.moment,
            at=row.at,
            read_at=row.read_at,
        )
        for row in rows
        if row.record_id in records
    ]


@each_hour
def prune_notifications(uow: UnitOfWork) -> int:
    """Delete what was read three months ago, and what nobody has read in a year."""
    old = or_(
        Notification.at < uow.now - KEPT_UNREAD,
        and_(Notification.read_at.is_not(None), Notification.at < uow.now - KEPT_READ),
    )
    result: Any = uow.session.execute(delete(Notification).where(old))
    return int(result.rowcount)


def _unread(uow: UnitOfWork) -> ColumnElement[bool]:
    return and_(Notification.user_id == uow.actor.user_id, Notification.read_at.is_(None))


def _visible(uow: UnitOfWork, types: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition of notifications about records that the actor may see now."""
    return or_(false(), *_conditions(uow, types))


def _conditions(uow: UnitOfWork, types: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    for name in sorted(set(types)):
        found = find_record_type(name)  # it may be retired by now
        if found is None:
            continue
        model: Any = found.model
        visible = uow.select(model).with_only_columns(model.id)
        seen = exists(visible.where(model.id == Notification.record_id))
        yield and_(Notification.record_type == name, seen)


def _records(uow: UnitOfWork, rows: Sequence[Notification]) -> dict[UUID, Any]:
    keys: defaultdict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        keys[row.record_type].add(row.record_id)
    records: dict[UUID, Any] = {}
    for name, ids in keys.items():
        found = find_record_type(name)
        if found is not None:
            model: Any = found.model
            visible = uow.select(model).where(model.id.in_(ids))
            records |= {record.id: record for record in uow.session.scalars(visible)}
    return records


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SNIPPET else f"{words[:_SNIPPET].rstrip()} …"
