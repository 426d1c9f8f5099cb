"""Telling people of something, each of them once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.database import new_id
from services.notifications.model import MailChoice, Notification, NotificationSettings
from services.unit_of_work import Job, UnitOfWork


@dataclass(frozen=True, slots=True)
class News:
    """What people are told; see ``Notification`` for the fields."""

    kind: str
    key: str
    title: str
    record_type: str
    record_id: UUID
    about_id: UUID | None = None
    moment: datetime | None = None


def tell_people(uow: UnitOfWork, user_ids: Iterable[UUID], news: News) -> int:
    """Tell people of something in this transaction; who was told already is passed over.

    Rights are looked at when they read it: who may not see the record sees nothing of it, and
    gets no mail. Who wants it by mail at once gets that by a job.

    Returns:
        How many people were told.
    """
    wanted = sorted(set(user_ids))
    if not wanted:
        return 0
    rows = [
        {
            "id": new_id(),
            "user_id": user_id,
            "kind": news.kind,
            "key": news.key,
            "title": news.title,
            "record_type": news.record_type,
            "record_id": news.record_id,
            "about_id": news.about_id,
            "moment": news.moment,
            "at": uow.now,
        }
        for user_id in wanted
    ]
    statement = insert(Notification).values(rows).on_conflict_do_nothing()
    told = uow.session.execute(statement.returning(Notification.id, Notification.user_id)).all()
    at_once = _who_wants_it_now(uow, [row.user_id for row in told], news.kind)
    for row in told:
        if row.user_id in at_once:
            uow.defer(Job("notifications.mail", {"notification_id": str(row.id)}))
    return len(told)


def take_back(uow: UnitOfWork, user_ids: Iterable[UUID], key: str) -> None:
    """Forget what people were told, as far as they have not read it."""
    uow.session.execute(
        delete(Notification).where(
            Notification.user_id.in_(list(user_ids)),
            Notification.key == key,
            Notification.read_at.is_(None),
        )
    )


def take_back_from_all(uow: UnitOfWork, record_id: UUID, key: str) -> None:
    """Forget what anybody was told of a record under a key that begins so, if it is unread."""
    uow.session.execute(
        delete(Notification).where(
            Notification.record_id == record_id,
            Notification.key.startswith(key, autoescape=True),
            Notification.read_at.is_(None),
        )
    )


def _who_wants_it_now(uow: UnitOfWork, user_ids: list[UUID], kind: str) -> set[UUID]:
    if not user_ids:
        return set()
    statement = select(NotificationSettings.user_id).where(
        NotificationSettings.user_id.in_(user_ids),
        NotificationSettings.choices[kind].astext == MailChoice.NOW.value,
    )
    return set(uow.session.scalars(statement))
